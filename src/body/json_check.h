#ifndef JSON_CHECK_H
#define JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A strict RFC 8259 scan. It finds the first fault, or the span and the kind
 * of every value; nothing is decoded, copied or evaluated.
 */
enum {
	JSON_MAX_LEVELS = 32,		/* the outermost value is the first */
	JSON_MAX_MEMBERS = 1024,	/* of one object, duplicates too */
	JSON_MAX_VALUES = 16384		/* of one text, if doc says no more */
};

enum json_type {
	JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY,
	JSON_OBJECT
};

/* A run of the text; a string's run includes its quotes. */
struct json_span {
	uint32_t start;
	uint32_t end;
};

/*
 * A value. Nodes stand in the order of the text, so that the first element or
 * member of a container that is not empty is the node after it.
 */
struct json_node {
	struct json_span span;
	struct json_span name;	/* of an object's member, else empty */
	uint32_t name_hash;	/* equal names, however spelled: equal hashes */
	uint32_t next;		/* the next element or member, 0 at the last */
	uint32_t last;		/* of the first member of its name in its
				 * object: the last; of any other: 0 */
	enum json_type type;
};

/* Node 0 is the outermost value, so 0 means "none" wherever one is sought. */
struct json_doc {
	const char *text;	/* borrowed */
	size_t len;
	struct json_node *node;
	size_t count;
	size_t cap;
	size_t more_values;	/* that may come beyond JSON_MAX_VALUES ... */
	size_t more_members;	/* ... and JSON_MAX_MEMBERS */
	uint64_t seed;		/* of the hashes; drawn at the first use */
	struct json_member_slot *slot;	/* json_member's table */
	size_t slots;			/* how many, a power of two ... */
	size_t slot_cap;		/* ... and how many there is room for */
	size_t fault_at;	/* after JSON_FAULT: offset in bytes ... */
	const char *expected;	/* ... and what was expected there, static */
};

enum json_rc { JSON_OK, JSON_FAULT, JSON_NOMEM };

/* doc must be all zero before its first use. */
void json_doc_fini(struct json_doc *doc);

/*
 * Scan text, which must outlive doc's use and be shorter than 4 GiB. doc's
 * memory is used again.
 */
enum json_rc json_check(struct json_doc *doc, const char *text, size_t len)
    __attribute__((warn_unused_result));

#endif
