#ifndef FORM_VERIFY_H
#define FORM_VERIFY_H

#include "body/fault.h"
#include "body/json_check.h"

/*
 * The body of a verification, an object: the members of auth_data that are
 * guessed, by their names, of which the last of each counts. Its faults go to
 * faults.
 */
enum { VERIFY_MEMBERS_MAX = 8 };
void form_verify_read(const struct json_doc *doc, struct faults *faults);

/*
 * Of a body without faults: the first node of a name, or the next of another
 * behind it; 0: there is none. What is guessed is its node's last.
 */
uint32_t form_verify_first(const struct json_doc *doc);
uint32_t form_verify_next(const struct json_doc *doc, uint32_t node);

#endif
