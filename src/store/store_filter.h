#ifndef STORE_FILTER_H
#define STORE_FILTER_H

#include <stdbool.h>

#include "ground/ident.h"
#include "ground/integration.h"

/*
 * Which integrations are asked for. All-zero: all of them. Texts are lent;
 * what is NULL, or an empty moment, does not matter. Each is compared byte by
 * byte, but for q.
 */
struct store_filter {
	const char *integration_type;
	const char *status;
	const char *unique_identifier;
	const char *org_slug;
	const char *workspace_id;
	const char *tag;		/* as JSON spells it in metadata */
	const char *q;			/* in the name, in any case of ASCII */
	bool is_active, is_inactive;	/* active, or not */
	bool has_no_expiry;		/* expires_at is none, or unknown */
	char expires_from[IDENT_TIME_LEN + 1];	/* not before it */
	char expires_until[IDENT_TIME_LEN + 1];	/* before it */
};

/* Whether expires_at matters at all, and has to be there. */
bool store_filter_has_expiry(const struct store_filter *filter);

/*
 * Whether a row is among them. Of a tag it has to have metadata, as it was
 * written by us: an object whose texts have no needless escapes.
 */
bool store_filter_wants(const struct store_filter *filter,
    const struct integration *row);

#endif
