#ifndef FORM_SAVE_H
#define FORM_SAVE_H

#include <stdbool.h>
#include <stdint.h>

#include "ground/buf.h"
#include "body/fault.h"
#include "body/json_check.h"

/* The members of a save, in the order in which their faults are told. */
enum save_field {
	SAVE_NAME,
	SAVE_INTEGRATION_TYPE,
	SAVE_STATUS,
	SAVE_ACTIVE,
	SAVE_AUTH_DATA,
	SAVE_ACCESS_TOKEN,
	SAVE_REFRESH_TOKEN,
	SAVE_TOKEN_TYPE,
	SAVE_EXPIRES_AT,
	SAVE_SCOPE,
	SAVE_CODE,
	SAVE_SCOPE_DATA,
	SAVE_ORG_SLUG,
	SAVE_INSTALLATION_ID,
	SAVE_WORKSPACE_ID,
	SAVE_PROJECT_ID,
	SAVE_METADATA,
	SAVE_INSTANCE_NAME,
	SAVE_CREATED_VIA,
	SAVE_VERSION,
	SAVE_DESCRIPTION,
	SAVE_TAGS,
	SAVE_UNIQUE_IDENTIFIER,
	SAVE_FIELDS
};

/* A checked body: which node each member is, 0 where it is absent. */
struct save_form {
	const struct json_doc *doc;
	uint32_t at[SAVE_FIELDS];
};

/* Read doc into form; every fault of the whole body goes to faults. */
void form_save_read(struct save_form *form, const struct json_doc *doc,
    struct faults *faults);

/* Of a form without faults: the member was sent, be it as null. */
bool form_save_has(const struct save_form *form, enum save_field field);

/* Of a form without faults: the member was sent and is not null. */
bool form_save_is_set(const struct save_form *form, enum save_field field);

/* Of a form without faults: the member is a string of 1 character or more. */
bool form_save_has_text(const struct save_form *form, enum save_field field);

/* The chosen word of integration_types or integration_statuses. */
const char *form_save_type(const struct save_form *form);
const char *form_save_status(const struct save_form *form);

/* What active says; absent: true. */
bool form_save_active(const struct save_form *form);

/*
 * Append the metadata as it is stored and answered: the five members that
 * are always there, with defaults where they were not given, then all others
 * in the order of their first appearance.
 */
void form_save_metadata(const struct save_form *form, struct buf *out);

#endif
