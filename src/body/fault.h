#ifndef FAULT_H
#define FAULT_H

#include <stdbool.h>
#include <stddef.h>

#include "ground/buf.h"

/*
 * What is wrong with a request body, in the words of FastAPI with pydantic
 * v1. Where several fit one field, the first in this order is the one to add.
 */
enum fault_kind {
	FAULT_NONE,
	FAULT_MISSING,
	FAULT_NULL,
	FAULT_STRING,
	FAULT_BOOL,
	FAULT_OBJECT,
	FAULT_LIST,
	FAULT_CHOICE,
	FAULT_TOO_SHORT,
	FAULT_TOO_LONG,
	FAULT_NULL_CHARACTER,
	FAULT_MOMENT,
	FAULT_UUID,
	FAULT_JSON
};

/*
 * Where: ["body", parent, member, index], with what is NULL or negative left
 * out. expected is FAULT_JSON's message. All texts are static.
 */
struct fault {
	enum fault_kind kind;
	const char *parent;
	const char *member;
	long index;
	const char *expected;
};

struct faults {
	struct fault *list;
	size_t count;
	size_t cap;
	bool failed;	/* memory was short; asked once, at the end */
};

/* Starts all zero. Takes any state, any number of times. */
void faults_fini(struct faults *faults);

/* Append one fault. */
void faults_add(struct faults *faults, struct fault fault);

/* Append {"detail":[...]}, the body of a 422. */
void faults_write(const struct faults *faults, struct buf *out);

#endif
