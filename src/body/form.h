#ifndef FORM_H
#define FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body/fault.h"
#include "body/json_check.h"

/* The most fields that a form has; as a parent: the body itself. */
enum { FORM_FIELDS_MAX = 24, FORM_BODY = FORM_FIELDS_MAX };

/*
 * A member of the body, or of one of the body's members. It is judged by
 * check or, where it has choices or is fixed, by these; or, where high is not
 * 0, as an integer in digits, from low to high. If it is an array, then each of
 * its elements is, by item or item_choices.
 */
struct form_field {
	const char *name;
	size_t parent;		/* an earlier field, or FORM_BODY */
	enum fault_kind (*check)(const struct json_doc *, uint32_t);
	enum fault_kind (*item)(const struct json_doc *, uint32_t);
	const char *const *choices;
	const char *fixed;	/* the only text that it may read */
	const char *const *item_choices;
	int64_t low;		/* of a number: the least */
	int64_t high;		/* and the most */
	bool is_required;
	bool is_nullable;
};

/* A form's fields, in the order in which their faults are told. */
struct form_spec {
	const struct form_field *fields;
	size_t count;
	bool is_closed;		/* the body has no other members */
};

/* A body that was read: which node each field is, 0 where it is absent. */
struct form {
	const struct json_doc *doc;
	uint32_t at[FORM_FIELDS_MAX];
};

/*
 * Read doc, an object, into form by the fields of spec; every fault of the
 * whole body goes to faults.
 */
void form_read(struct form *form, const struct form_spec *spec,
    const struct json_doc *doc, struct faults *faults);

/* Of a form without faults: the member was sent, be it as null. */
bool form_has(const struct form *form, size_t field);

/* Of a form without faults: the member was sent and is not null. */
bool form_is_set(const struct form *form, size_t field);

/* Of a form without faults: the integer that a member is. */
int64_t form_integer(const struct form *form, size_t field);

/*
 * Of a form without faults: the choices, as a set of words (ground/words.h),
 * that the elements of a member are.
 */
unsigned form_words(const struct form *form, size_t field,
    const char *const *choices);

/* Of a form without faults: the member is a string of 1 character or more. */
bool form_has_text(const struct form *form, size_t field);

#endif
