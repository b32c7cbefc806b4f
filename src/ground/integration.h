#ifndef INTEGRATION_H
#define INTEGRATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The enumerations of the contract; NULL ends each. */
extern const char *const integration_types[];
extern const char *const integration_statuses[];

/*
 * An integration as it is stored. The members bear the names of the columns
 * and of the API. All texts are borrowed, in UTF-8 without U+0000.
 */
struct integration {
	const char *integration_id;
	const char *created_by;
	const char *unique_identifier;
	const char *name;
	const char *integration_type;
	const char *status;
	bool active;
	bool has_auth_data;
	bool has_scope_data;
	const char *created_at;
	const char *updated_at;
	int64_t revision;
	const char *expires_at;		/* of auth_data, NULL: none, unknown */
	const char *org_slug;		/* of scope_data, or NULL */
	const char *workspace_id;
	const char *metadata;		/* JSON, as it is answered */
	const char *scope_data;		/* JSON, as it was sent, or NULL */
	const void *auth_data;		/* the sealed box, or NULL */
	size_t auth_data_len;
	const unsigned char *auth_print;	/* of secrets/print.h, or NULL:
						   no box, or not computed */
};

/*
 * The static text of list that equals text, NULL where there is none. Lets a
 * value outlive the row it was read from.
 */
const char *integration_word(const char *const *list, const char *text);

#endif
