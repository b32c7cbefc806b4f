#ifndef PASS_H
#define PASS_H

#include "body/backfill.h"
#include "service/call.h"

/*
 * What a worker does of the pass that a migration has left, a batch now and
 * then, while it serves. One thread; commits are the writer's.
 */
struct pass {
	const struct app *app;
	struct reader reader;
	struct backfill backfill;
	struct writer_job job;
	bool is_under_way;		/* the job is */
	bool is_over;
	int64_t began_us;		/* with the batch ... */
	int64_t due_ms;			/* ... and next, by the clock that
					   nobody sets */
};

/* Begin. After pass_init to pass_fini app serves, or has ended the writer. */
void pass_init(struct pass *pass, const struct app *app);
void pass_fini(struct pass *pass);

/*
 * Do what is due. In how many milliseconds there may be something again;
 * INT64_MAX: never.
 */
int64_t pass_run(struct pass *pass);

#endif
