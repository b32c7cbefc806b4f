#ifndef FORM_KEY_H
#define FORM_KEY_H

#include "body/form.h"
#include "body/trail.h"
#include "ground/buf.h"

/* The members of the body that makes an API key, and of one that rotates it. */
enum key_field { KEY_NAME, KEY_SCOPES, KEY_TYPES, KEY_EXPIRES_IN, KEY_FIELDS };
enum rotate_field { ROTATE_OVERLAP, ROTATE_FIELDS };

extern const struct form_spec form_key_spec;
extern const struct form_spec form_rotate_spec;

enum { ROTATE_OVERLAP_MAX_S = 604800, ROTATE_OVERLAP_S = 86400 };

/* What follows is of forms without faults. */

/* Append the name, in UTF-8; false: there is none. */
bool form_key_name(const struct form *form, struct buf *out);

/* Sets of ground/scope.h and of integration_types. */
unsigned form_key_scopes(const struct form *form);
unsigned form_key_types(const struct form *form);

/* After how many seconds it ends; 0: never. */
int64_t form_key_expires_in(const struct form *form);

/* For how many seconds the former key goes on. */
int64_t form_rotate_overlap(const struct form *form);

/* Tell the audit which members there are. */
void form_key_trail(const struct form *form, const struct form_spec *spec,
    struct trail *trail);

#endif
