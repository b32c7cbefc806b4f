/*
 * A thread's own way to the database. Refuses to know what is read.
 */
#include "config.h"

#include "ground/log.h"
#include "service/call.h"
#include "service/reader.h"
#include "store/store_upkeep.h"

void
reader_init(struct reader *reader, const struct app *app, struct store *lent)
{
	*reader = (struct reader){
		.app = app, .store = lent, .is_lent = lent != NULL
	};
}

void
reader_fini(struct reader *reader)
{
	if (!reader->is_lent)
		reader_drop(reader);
	reader->store = NULL;
}

void
reader_turn(struct reader *reader)
{
	reader->is_seen = reader->root.is_known = false;
	reader->turn++;
}

struct store *
reader_store(struct reader *reader)
{
	if (reader->store != NULL && !reader->is_lost && !reader->is_seen) {
		reader->is_seen = store_is_in_place(reader->store);
		reader->is_lost = !reader->is_seen;
	}
	if (reader->is_lost)
		return (NULL);
	if (reader->store != NULL)
		return (reader->store);
	if (store_open(&reader->store, &reader->app->store, STORE_READ) !=
	    STORE_OK) {
		reader->store = NULL;
	} else if (!store_is_same(reader->store,
	    writer_store(reader->app->writer))) {
		log_error("another database is in the place of %s: put it "
		    "back, or restart the service", reader->app->store.path);
		reader_drop(reader);
	}
	return (reader->store);
}

void
reader_drop(struct reader *reader)
{
	reader->has_failed = reader->is_lent;
	if (reader->is_lent)
		return;
	store_close(reader->store);
	reader->store = NULL;
	reader->is_seen = false;
}

void
reader_run(struct reader *reader, struct writer_job *job)
{
	struct store *store = reader_store(reader);

	job->rc = store != NULL || job->is_owed ?
	    job->run(store, job->cookie) : STORE_UNAVAILABLE;
	if (job->rc == STORE_UNAVAILABLE)
		reader_drop(reader);
}
