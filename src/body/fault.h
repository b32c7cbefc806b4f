#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "body/json_check.h"
#include "ground/buf.h"

/*
 * What is wrong with a request, in the words of FastAPI with pydantic v1.
 * Where several fit one field, the first in this order is the one to add.
 */
enum fault_kind {
	FAULT_NONE,
	FAULT_MISSING,
	FAULT_NULL,
	FAULT_TEXT,		/* no UTF-8, or U+0000 is in it */
	FAULT_STRING,
	FAULT_BOOL,
	FAULT_OBJECT,
	FAULT_LIST,
	FAULT_CHOICE,
	FAULT_INTEGER,
	FAULT_NOT_GE,		/* below limit */
	FAULT_NOT_LE,		/* above it */
	FAULT_NO_ITEMS,
	FAULT_TOO_SHORT,
	FAULT_TOO_LONG,
	FAULT_NULL_CHARACTER,
	FAULT_MOMENT,
	FAULT_UUID,
	FAULT_CONTROL,
	FAULT_CURSOR,
	FAULT_EXTRA,		/* nobody knows that name */
	FAULT_CONST,		/* not what is stored */
	FAULT_LIMIT,		/* too much of it, with what is stored */
	FAULT_IDEMPOTENCY_KEY,
	FAULT_OTHER_BODY,	/* than an Idempotency-Key came with before */
	FAULT_PUBLIC_KEY,
	FAULT_MEMBERS,		/* too many of them, or none */
	FAULT_JSON,
	FAULT_UNKNOWN		/* memory was short for finding out */
};

/*
 * Where: [in, parent, member, index], with what is NULL or negative left out,
 * but for in: NULL is "body". expected is FAULT_JSON's message. Texts are
 * static, or outlive the fault. A member that is known by its node alone is
 * that one's name in doc, which outlives the fault too.
 */
struct fault {
	enum fault_kind kind;
	const char *in;			/* "path", "query", "header" */
	const char *parent;
	const char *member;
	long index;
	const char *expected;
	int64_t limit;
	const struct json_doc *doc;
	uint32_t node;
};

struct faults {
	struct fault *list;
	size_t count;
	size_t cap;
	bool failed;	/* memory was short; asked once, at the end */
};

/* Starts all zero. Takes any state, any number of times. */
void faults_fini(struct faults *faults);

/* Append one fault; of FAULT_UNKNOWN failed is all that is kept. */
void faults_add(struct faults *faults, struct fault fault);

/* Append {"detail":[...]}, the body of a 422. */
void faults_write(const struct faults *faults, struct buf *out);

#endif
