#ifndef DEPOSIT_H
#define DEPOSIT_H

#include "body/draft.h"
#include "secrets/keeper.h"
#include "store/writer.h"

/*
 * A draft's way into the store: it is sealed, saved, and sealed again where
 * master keys are rotated meanwhile.
 */
struct deposit {
	struct writer_job job;
	/*
	 * What else is to be done in the transaction, as run of writer.h, or
	 * NULL: before the save, STORE_NOT_FOUND to go on; and after one that
	 * has gone well.
	 */
	enum store_rc (*first)(struct store *store, void *cookie);
	enum store_rc (*then)(struct store *store, void *cookie);
	void *cookie;
	const struct deposit *before;	/* not saved unless that one was dealt
					   with; NULL: none */
	struct draft *draft;
	struct keeper *keeper;
	struct writer *writer;
	int tries;
};

/*
 * Seal a draft that is filled in, with the key that the writer has found in
 * use, and make the job of saving it; first, then and cookie can be set
 * afterwards.
 * Returns 0, or -1 with the reason logged.
 */
int deposit_begin(struct deposit *deposit, struct draft *draft,
    struct keeper *keeper, struct writer *writer)
    __attribute__((warn_unused_result));

/*
 * After the job was committed: true if the draft had to be sealed again, and
 * was; the job is to be committed once more. Where the key file lacks the key
 * that is in use, a former one will do until it is retired. On false job.rc is
 * the result, as of writer_commit, of first, and of store_save, which
 * draft->save bears;
 * STORE_SEAL_AGAIN: it could not be sealed, and the reason is logged.
 */
bool deposit_again(struct deposit *deposit)
    __attribute__((warn_unused_result));

/*
 * All that is left to do for deposits that were begun, count of them, by the
 * calling thread: as if each had been committed before the next was begun,
 * but in one transaction, if that can be. Returns how many were dealt with,
 * from the first: STORE_OK, STORE_EXISTS, STORE_CONFLICT or STORE_ROW_FAILED.
 * Behind a deposit that comes to anything else nothing is saved.
 */
size_t deposit_make(struct deposit *deposits, size_t count)
    __attribute__((warn_unused_result));

#endif
