#ifndef JOBS_H
#define JOBS_H

#include <assert.h>
#include <stddef.h>

#include "store/writer.h"

/* A list of jobs that grows at its end, and is guarded by whoever has it. */
struct jobs {
	struct writer_job *first;
	struct writer_job **end;
};

static inline void
jobs_empty(struct jobs *jobs)
{
	jobs->first = NULL;
	jobs->end = &jobs->first;
}

/* Put a list, one job at least, behind those that are there. */
static inline void
jobs_append(struct jobs *jobs, struct writer_job *list)
{
	assert(list != NULL);
	*jobs->end = list;
	while (list->next != NULL)
		list = list->next;
	jobs->end = &list->next;
}

/* All of them, or NULL. */
static inline struct writer_job *
jobs_take(struct jobs *jobs)
{
	struct writer_job *first = jobs->first;

	jobs_empty(jobs);
	return (first);
}

/* The first of them, alone, or NULL. */
static inline struct writer_job *
jobs_take_first(struct jobs *jobs)
{
	struct writer_job *first = jobs->first;

	if (first == NULL)
		return (NULL);
	jobs->first = first->next;
	if (first->next == NULL)
		jobs_empty(jobs);
	first->next = NULL;
	return (first);
}

#endif
