/*
 * A draft's way into the store. Refuses to know who waits for it, and what is
 * answered.
 */
#include "config.h"

#include "body/deposit.h"
#include "ground/log.h"

enum { SEAL_TRIES = 3 };

/* Its row is stored, or never will be. */
static bool
is_dealt_with(const struct deposit *deposit)
{
	enum store_rc rc = deposit->job.rc;

	return (rc == STORE_OK || rc == STORE_EXISTS || rc == STORE_CONFLICT ||
	    rc == STORE_ROW_FAILED);
}

/*
 * Behind one that is to be sealed again, or has failed, none is saved: what
 * comes of it may depend on that one's row.
 */
static enum store_rc
run(struct store *store, void *cookie)
{
	struct deposit *deposit = cookie;
	enum store_rc rc = STORE_NOT_FOUND;

	if (deposit->before != NULL && !is_dealt_with(deposit->before))
		return (STORE_SEAL_AGAIN);
	if (deposit->first != NULL)
		rc = deposit->first(store, deposit->cookie);
	if (rc != STORE_NOT_FOUND)
		return (rc);
	rc = store_save(store, &deposit->draft->save);
	if (rc != STORE_OK || deposit->then == NULL)
		return (rc);
	return (deposit->then(store, deposit->cookie));
}

static void
ask(struct store *store, void *cookie)
{
	struct deposit *deposit = cookie;

	store_save_ask(store, &deposit->draft->save);
}

static int
seal(struct deposit *deposit)
{
	int rc = draft_seal(deposit->draft, keeper_borrow_to_seal(
	    deposit->keeper, writer_active_key(deposit->writer)));

	keeper_return(deposit->keeper);
	deposit->tries++;
	return (rc);
}

int
deposit_begin(struct deposit *deposit, struct draft *draft,
    struct keeper *keeper, struct writer *writer)
{
	*deposit = (struct deposit){
	    .job = { .run = run, .ask = ask, .cookie = deposit,
		.rc = STORE_SEAL_AGAIN },
	    .draft = draft, .keeper = keeper, .writer = writer
	};
	return (seal(deposit));
}

bool
deposit_again(struct deposit *deposit)
{
	if (deposit->job.rc != STORE_SEAL_AGAIN)
		return (false);
	if (deposit->tries == SEAL_TRIES) {
		log_error("a save is refused: the key file has no master key "
		    "that is in use; put the current one in place");
		return (false);
	}
	deposit->draft->save.old_key_will_do = true;
	return (seal(deposit) == 0);
}

/* One list, in their order. */
static void
commit(struct deposit *deposits, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		deposits[i].before = i == 0 ? NULL : &deposits[i - 1];
		deposits[i].job.next = i + 1 == count ? NULL :
		    &deposits[i + 1].job;
	}
	writer_commit(deposits->writer, &deposits->job);
}

/* Seal the first again, and those that have waited for it. */
static bool
all_again(struct deposit *deposits, size_t count)
{
	size_t i;

	for (i = 0; i < count && deposit_again(&deposits[i]); i++)
		;
	return (i == count);
}

size_t
deposit_make(struct deposit *deposits, size_t count)
{
	size_t done = 0;

	if (count > 0)
		do {
			commit(deposits + done, count - done);
			while (done < count && is_dealt_with(&deposits[done]))
				done++;
		} while (done < count &&
		    all_again(deposits + done, count - done));
	return (done);
}
