#ifndef CHORES_H
#define CHORES_H

#include <stdbool.h>
#include <stdint.h>

#include "body/audit_prune.h"
#include "service/call.h"

/*
 * What a worker does while nobody asks for it. Uses of keys are written when no
 * commit has come for a while. Once a day, and at the start, the head of the
 * audit is logged, so that whoever has the log sees when the audit was cut
 * off, and what of it is older than audit_days is pruned. Where there are
 * metrics, a census is taken for them at times. It is done by whoever calls,
 * some of it by the writer's thread, and nobody waits.
 */
enum chore { CHORE_USES, CHORE_HEAD, CHORE_PRUNE, CHORE_CENSUS, CHORES };

struct chores {
	const struct app *app;
	int64_t patience_ms;		/* how long a use waits for a commit */
	struct audit_prune prune;
	int64_t pruned;			/* rows, of today */
	struct writer_job job;
	bool is_under_way;		/* the job is */
	int64_t due_ms[CHORES];		/* by the clock that nobody sets */
};

/* Begin; app outlives the writer's thread, and so does chores. */
void chores_init(struct chores *chores, const struct app *app);

/* Do what is due. In how many milliseconds there may be something again. */
int64_t chores_run(struct chores *chores);

#endif
