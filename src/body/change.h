#ifndef CHANGE_H
#define CHANGE_H

#include "body/draft.h"
#include "body/merged.h"
#include "secrets/keeper.h"
#include "store/store_change.h"
#include "store/writer.h"

/*
 * A change of an integration by a merge patch. Its row is read and its box
 * opened, merged and sealed without the lock; the row that comes of it takes
 * the place of the very revision that was read. If others were quicker it is
 * made once more: under the lock, where no box has to be opened for it.
 */
struct change {
	struct writer_job job;
	/*
	 * What else is to be done in the transaction, as run of writer.h, or
	 * NULL: before it, STORE_NOT_FOUND to go on; and after a change that
	 * has gone well.
	 */
	enum store_rc (*first)(struct store *store, void *cookie);
	enum store_rc (*then)(struct store *store, void *cookie);
	void *cookie;
	/* Set by the caller, and left as they are: */
	struct form patch;		/* read by a form_change */
	struct field_lines if_match;
	struct field_lines if_none_match;
	const char *lease_id;		/* that must hold; NULL: none */
	struct room *room;		/* for the row; lent, or NULL */
	/* The rest is the change's own. */
	const char *id;			/* as change_read had it; lent */
	struct arena arena;
	struct integration was;		/* as it was read */
	struct draft draft;		/* what it is to become */
	enum merged_rc made;		/* whether it can */
	struct faults *faults;		/* or why not; lent */
	struct store_change store;
	bool changed[SAVE_FIELDS];	/* members of the body that differ */
	size_t max_body;
	bool old_key_will_do;
	bool is_again;			/* made under the lock */
};

/* For bodies up to max_body bytes. change_fini wipes and releases. */
void change_init(struct change *change, size_t max_body);
void change_fini(struct change *change);

/* Read the row, as store_find; was lasts until the next time, the id longer. */
enum store_rc change_read(struct change *change, struct store *store,
    const struct store_asker *asker, const char *integration_id)
    __attribute__((warn_unused_result));

/*
 * Merge the patch, which has no faults, into the row that was read, and seal
 * its auth_data, where that changes, with the master key of that id. Then job
 * is to store it; where nothing differs, to see that it might be stored. No
 * secret is left in memory.
 *
 * After MERGED_REFUSED and MERGED_TOO_LARGE job is to see that it might have
 * been stored, by the rules that come first. As the job may have to merge once
 * more, made and faults are what is true when it is done.
 */
enum merged_rc change_merge(struct change *change, struct keeper *keeper,
    uint32_t key_id, struct faults *faults)
    __attribute__((warn_unused_result));

/* Whether anything differs; and the names of what does, for the audit. */
bool change_is_one(const struct change *change);
void change_trail(const struct change *change, struct trail *trail);

/*
 * After job, whose rc is first's, store_change's or then's. STORE_MOVED and
 * STORE_SEAL_AGAIN: begin with change_read again, a few times. STORE_LACKS:
 * room has none for the row as it was under the lock. On STORE_OK, and if it
 * was made, this is the row as it is stored, auth_data left out.
 */
struct integration change_stored(const struct change *change);

#endif
