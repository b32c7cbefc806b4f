/*
 * Whether a row is one of those asked for. Knows no back end: each hands over
 * the rows that it comes by, and they are judged alike.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "store/store_filter.h"

bool
store_filter_has_expiry(const struct store_filter *filter)
{
	return (filter->expires_from[0] != '\0' ||
	    filter->expires_until[0] != '\0');
}

/* Behind the string that begins at text; NULL: it does not end. */
static const char *
skip_string(const char *text)
{
	for (text++; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if (*text == '\0')
			return (NULL);
	}
	return (text + 1);
}

/* The same of any value, up to the comma or bracket behind it. */
static const char *
skip_value(const char *text)
{
	size_t depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '"') {
			if ((text = skip_string(text)) == NULL)
				return (NULL);
			text--;
		} else if (*text == '[' || *text == '{') {
			depth++;
		} else if (*text == ',' && depth == 0) {
			return (text);
		} else if (*text == ']' || *text == '}') {
			if (depth == 0)
				return (text);
			depth--;
		}
	}
	return (NULL);
}

/* What is behind the name and colon of the outermost member tags, or NULL. */
static const char *
find_tags(const char *metadata)
{
	static const char name[] = "\"tags\":";
	const char *text = metadata;

	while (text != NULL && (*text == '{' || *text == ',')) {
		if (strncmp(++text, name, sizeof name - 1) == 0)
			return (text + sizeof name - 1);
		if (*text != '"' || (text = skip_string(text)) == NULL ||
		    *text != ':')
			return (NULL);
		text = skip_value(text + 1);
	}
	return (NULL);
}

static bool
has_tag(const char *metadata, const char *tag)
{
	size_t len = strlen(tag);
	const char *text, *end;

	if (metadata == NULL || (text = find_tags(metadata)) == NULL)
		return (false);
	while (*text == '[' || *text == ',') {
		if ((end = skip_value(++text)) == NULL)
			return (false);
		if ((size_t)(end - text) == len && memcmp(text, tag, len) == 0)
			return (true);
		text = end;
	}
	return (false);
}

/* Whether a text that is asked for, if it is, is the one that is there. */
static bool
is_it(const char *wanted, const char *text)
{
	return (wanted == NULL || (text != NULL && strcmp(wanted, text) == 0));
}

static bool
expires_then(const struct store_filter *filter, const char *expires_at)
{
	if (filter->has_no_expiry && expires_at != NULL)
		return (false);
	if (!store_filter_has_expiry(filter))
		return (true);
	return (expires_at != NULL &&
	    strcmp(expires_at, filter->expires_from) >= 0 &&
	    (filter->expires_until[0] == '\0' ||
	    strcmp(expires_at, filter->expires_until) < 0));
}

bool
store_filter_wants(const struct store_filter *filter,
    const struct integration *row)
{
	return (is_it(filter->integration_type, row->integration_type) &&
	    is_it(filter->status, row->status) &&
	    is_it(filter->unique_identifier, row->unique_identifier) &&
	    is_it(filter->org_slug, row->org_slug) &&
	    is_it(filter->workspace_id, row->workspace_id) &&
	    (row->active ? !filter->is_inactive : !filter->is_active) &&
	    expires_then(filter, row->expires_at) &&
	    /* As long as no locale is set, that is ASCII's case alone. */
	    (filter->q == NULL || strcasestr(row->name, filter->q) != NULL) &&
	    (filter->tag == NULL || has_tag(row->metadata, filter->tag)));
}
