#ifndef READ_FORM_H
#define READ_FORM_H

#include "body/form.h"
#include "service/call.h"

/*
 * From the body of a request to a form without faults: its size, its media
 * type, its JSON, its fields; or the answer that says what is wrong. form
 * reads from the call as long as that is not reset.
 */
enum call_rc read_form(struct call *call, const struct form_spec *spec,
    struct form *form) __attribute__((warn_unused_result));

/*
 * The parts of it, for who has faults of his own to add to call->faults in
 * between: up to an object in call->doc; its fields; or, where they are no
 * table's, what the faults have come to.
 */
enum call_rc read_form_object(struct call *call)
    __attribute__((warn_unused_result));
enum call_rc read_form_fields(struct call *call, const struct form_spec *spec,
    struct form *form) __attribute__((warn_unused_result));
enum call_rc read_form_end(struct call *call)
    __attribute__((warn_unused_result));

/* Answer 422 with the one fault, and no other. */
enum call_rc read_form_refuse(struct call *call, struct fault fault);

#endif
