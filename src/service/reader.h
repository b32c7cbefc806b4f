#ifndef READER_H
#define READER_H

#include <stdbool.h>
#include <stdint.h>

#include "service/guard.h"
#include "store/store.h"
#include "store/writer.h"

struct app;

/*
 * The store that one thread reads from, opened when it is first needed; and
 * what the thread has seen of files, which stands until its next turn. All
 * requests of a turn have begun before it, so none is judged by what was seen
 * before it came.
 */
struct reader {
	const struct app *app;
	struct store *store;		/* NULL: not open */
	bool is_lent;
	bool has_failed;		/* lent, and was to be dropped */
	bool is_lost;			/* its files were taken away */
	bool is_seen;			/* and were in place, in this turn */
	uint64_t turn;			/* how many there were before it */
	struct guard_seen root;
};

/* lent: a store to read from, or NULL to open one. */
void reader_init(struct reader *reader, const struct app *app,
    struct store *lent);
void reader_fini(struct reader *reader);

/* A turn begins: files are looked at anew, each when it is first asked for. */
void reader_turn(struct reader *reader);

/*
 * The store, the writer's database and no other; NULL when it cannot be
 * opened. One that has failed is dropped, to be opened anew, or, where it was
 * lent, by whom it belongs to, if he looks at has_failed; one whose files
 * were taken away is NULL for good, even if they were put back.
 */
struct store *reader_store(struct reader *reader);
void reader_drop(struct reader *reader);

/*
 * Run a job that reads; its rc is what it has returned, or STORE_UNAVAILABLE
 * where there is no store for it.
 */
void reader_run(struct reader *reader, struct writer_job *job);

#endif
