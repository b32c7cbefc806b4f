#ifndef FORM_SAVE_H
#define FORM_SAVE_H

#include <stdbool.h>

#include "body/form.h"
#include "body/trail.h"
#include "ground/buf.h"

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

/* Their table. What follows is for forms read by it, and without faults. */
extern const struct form_spec form_save_spec;

/* The chosen word of integration_types or integration_statuses. */
const char *form_save_type(const struct form *form);
const char *form_save_status(const struct form *form);

/* What active says; absent: true. */
bool form_save_active(const struct form *form);

/* org_slug or workspace_id is a text of 1 character or more, or a number. */
bool form_save_has_scope(const struct form *form);

/*
 * When auth_data says that it expires. False: it does not say, or memory is
 * short, or it is in no year from 1 to 9999.
 */
bool form_save_expires(const struct form *form, int64_t *at_us);

/* The same of auth_data alone, the outermost value of a text. */
bool form_save_auth_expires(const struct json_doc *auth_data, int64_t *at_us);

/*
 * Append what form_save_has_scope looks at: a text, or the digits of a number.
 * False: the member is neither, or an empty text, or one with U+0000, which no
 * filter can name.
 */
bool form_save_scope(const struct form *form, enum save_field field,
    struct buf *out);

/* The members of the body that were given, for the audit. */
void form_save_trail(const struct form *form, struct trail *trail);

/*
 * auth_data or scope_data, which is set, as it is kept: the bytes that were
 * sent, {} for an empty array. Lent by the form's text.
 */
const char *form_save_object(const struct form *form, enum save_field field,
    size_t *len);

/*
 * Append the metadata as it is stored and answered: the five members that
 * are always there, with defaults where they were not given, then all others
 * in the order of their first appearance.
 */
void form_save_metadata(const struct form *form, struct buf *out);

#endif
