/*
 * The files of a database in use: that they stay what they were, the state of
 * the log's index, and the checkpoint.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "ground/be32.h"
#include "ground/log.h"
#include "store/imprint.h"
#include "store/sqlite.h"

/* The WAL-index header, twice, in words (sqlite.org/walformat.html). */
enum {
	HEADER_WORDS = 12, CHANGE_WORD = 2, IS_INIT_WORD = 3, FRAMES_WORD = 4
};

/* Bytes of the log's head, and of a frame's. */
enum { LOG_HEAD = 32, FRAME_HEAD = 24 };

enum { RESCUE_TRIES = 100 };	/* a millisecond each */
enum { VISITS = 3 };	/* before a change is believed */
enum { LAST_MS = 1000 };	/* that the last checkpoint waits for it */

/*
 * Where the library has mapped the WAL-index; NULL where there is none. It
 * stays there as long as the connection is open.
 */
static const volatile uint32_t *
find_wal_index(struct sqlite *db)
{
	sqlite3_file *file = NULL;
	void volatile *region = NULL;
	int size = 32768;	/* of a region, by the format */

	if (!db->is_wal || sqlite3_file_control(db->handle, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK ||
	    file->pMethods == NULL || file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, size, 0, &region) != SQLITE_OK)
		return (NULL);
	return (region);
}

/*
 * The header changes with every commit, in whatever process. By comparing it
 * with its copy the library's readers, too, know whether theirs is the newest
 * state.
 */
bool
sqlite_stamp(struct sqlite *db, struct store_stamp *stamp)
{
	uint32_t first[HEADER_WORDS], second[HEADER_WORDS];
	size_t i;

	_Static_assert(sizeof first == sizeof stamp->bytes, "one header");
	if (db->wal_index == NULL &&
	    (db->wal_index = find_wal_index(db)) == NULL)
		return (false);
	for (i = 0; i < HEADER_WORDS; i++)
		first[i] = db->wal_index[i];
	atomic_thread_fence(memory_order_seq_cst);
	for (i = 0; i < HEADER_WORDS; i++)
		second[i] = db->wal_index[HEADER_WORDS + i];
	memcpy(stamp->bytes, first, sizeof first);
	return (memcmp(first, second, sizeof first) == 0 &&
	    *(unsigned char *)&first[IS_INIT_WORD] == 1);
}

bool
sqlite_stamp_is_next(const struct store_stamp *before,
    const struct store_stamp *after)
{
	uint32_t first[HEADER_WORDS], second[HEADER_WORDS];

	/* The library counts commits here. */
	memcpy(first, before->bytes, sizeof first);
	memcpy(second, after->bytes, sizeof second);
	return (second[CHANGE_WORD] == first[CHANGE_WORD] + 1);
}

/* How long the log has to be, by a header of its index. */
static int64_t
expected_len(const struct sqlite *db, const struct store_stamp *stamp)
{
	uint32_t words[HEADER_WORDS];

	memcpy(words, stamp->bytes, sizeof words);
	if (words[FRAMES_WORD] == 0)
		return (0);
	return (LOG_HEAD + (int64_t)words[FRAMES_WORD] *
	    (FRAME_HEAD + (int64_t)db->page_size));
}

/*
 * Whether the log is as long as its index says. Others may write and truncate
 * meanwhile: what the index said before and says afterwards is true.
 */
static bool
has_whole_log(struct sqlite *db)
{
	struct store_stamp before, after;
	int64_t len;

	if (!db->is_wal || !sqlite_stamp(db, &before))
		return (true);
	len = dbfile_log_len(&db->file);
	if (len >= expected_len(db, &before) || !sqlite_stamp(db, &after) ||
	    memcmp(&before, &after, sizeof before) != 0)
		return (true);
	log_error("%s is shorter than its index says: it was emptied or "
	    "replaced under a running service. Restart the service, and then "
	    "run strongroom check", db->file.names[DBFILE_LOG]);
	return (false);
}

/* Read the four bytes by the library's own descriptor: dbfile.c says why. */
static uint32_t
change_counter(struct sqlite *db)
{
	enum { AT = 24 };
	unsigned char bytes[4] = { 0 };
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(db->handle, "main",
	    SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || file == NULL ||
	    file->pMethods == NULL ||
	    file->pMethods->xRead(file, bytes, sizeof bytes, AT) != SQLITE_OK)
		return (0);
	return (be32_get(bytes));
}

/* Without a log every commit changes the database itself: no state. */
static const struct imprint_state *
look_at_state(struct sqlite *db, struct imprint_state *state)
{
	struct stat st;

	if (!db->is_wal || stat(db->file.path, &st) == -1)
		return (NULL);
	memset(state, 0, sizeof *state);
	state->size = st.st_size;
	state->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 +
	    st.st_mtim.tv_nsec;
	state->change_counter = change_counter(db);
	return (state);
}

static enum store_rc
complain(struct sqlite *db, enum imprint_rc rc)
{
	switch (rc) {
	case IMPRINT_FITS:
		return (STORE_OK);
	case IMPRINT_OTHER_FILES:
		log_error("the log of database %s is another one than that of "
		    "the service that has it open: it was taken away or "
		    "replaced. Restart the service, and then run strongroom "
		    "check", db->file.path);
		break;
	case IMPRINT_CHANGED:
		log_error("database %s was changed by another program while it "
		    "was open: stop the service, move the database away with "
		    "its -wal and -shm, and restore a backup", db->file.path);
		break;
	case IMPRINT_FAILED:
		log_error("lock file of %s: %s", db->file.path,
		    strerror(errno));
		break;
	}
	return (STORE_UNAVAILABLE);
}

/* For a reader: what those who write say of the files. */
static enum store_rc
visit(struct sqlite *db)
{
	struct imprint_state state;
	enum imprint_rc rc = IMPRINT_FITS;
	int tries = 0;

	if (db->visit_fd != -1)
		do
			rc = imprint_visit(db->visit_fd, &db->file,
			    look_at_state(db, &state));
		while (rc == IMPRINT_CHANGED && ++tries < VISITS);
	return (complain(db, rc));
}

enum store_rc
sqlite_join_files(struct sqlite *db, enum store_mode mode)
{
	struct imprint_state state;

	if (db->is_wal && dbfile_find_log(&db->file) == -1)
		return (STORE_UNAVAILABLE);
	if (!has_whole_log(db))
		return (STORE_UNAVAILABLE);
	if (mode != STORE_READ)
		return (complain(db, imprint_join(lockfile_fd(db->lock),
		    &db->file, look_at_state(db, &state))));
	db->visit_fd = lockfile_peek(db->file.path);
	return (visit(db));
}

/*
 * Those who share the index have committed what only the lost log holds, and
 * this process still has it: bring it into the database while it can. Under
 * the lock.
 */
static void
rescue(struct sqlite *db)
{
	int log = 0, brought = 0, rc;

	if (!db->is_wal || !dbfile_lacks_log(&db->file))
		return;
	(void)sqlite3_busy_timeout(db->handle, 0);
	rc = sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, &log, &brought);
	(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms);
	if (rc == SQLITE_OK && log == brought)
		log_warning("database %s: all that was in its lost log is in "
		    "the database now", db->file.path);
	else
		log_error("database %s: what was in its lost log could not be "
		    "brought in whole: do not stop the service before a "
		    "backup is made", db->file.path);
}

/* The same for a connection that reads, and has no lock of its own. */
static void
rescue_by_reader(struct sqlite *db)
{
	const struct timespec pause = { 0, 1000000 };
	int tries = 0;

	while (flock(db->visit_fd, LOCK_EX | LOCK_NB) == -1) {
		if (++tries == RESCUE_TRIES)
			return;
		nanosleep(&pause, NULL);
	}
	rescue(db);
	(void)flock(db->visit_fd, LOCK_UN);
}

bool
sqlite_is_in_place(struct sqlite *db)
{
	bool was_lost = db->file.is_lost;

	if (dbfile_is_in_place(&db->file))
		return (true);
	if (!was_lost && db->visit_fd != -1)
		rescue_by_reader(db);
	return (false);
}

bool
sqlite_is_whole(struct sqlite *db)
{
	return (sqlite_is_in_place(db) && has_whole_log(db) &&
	    visit(db) == STORE_OK);
}

bool
sqlite_has_files(struct sqlite *db)
{
	struct imprint_state state;
	bool was_lost = db->file.is_lost;

	if (!sqlite_is_in_place(db)) {
		if (!was_lost)
			rescue(db);
		return (false);
	}
	return (has_whole_log(db) && complain(db,
	    imprint_compare(lockfile_fd(db->lock), &db->file,
	    look_at_state(db, &state))) == STORE_OK);
}

/* What is new in the log since it could not be brought in whole. */
size_t
sqlite_log_size(const struct sqlite *db)
{
	int frames = db->log_frames;

	if (frames >= db->log_tried)
		frames -= db->log_tried;
	return ((size_t)frames * db->page_size);
}

/* Bring in what can be: readers are not waited for, others wait meanwhile. */
static void
bring_in(struct sqlite *db, enum store_log after)
{
	int log = -1, brought = -1, rc;

	(void)sqlite3_busy_timeout(db->handle, 0);
	rc = sqlite3_wal_checkpoint_v2(db->handle, NULL,
	    after == STORE_LOG_TRUNCATE ? SQLITE_CHECKPOINT_TRUNCATE :
	    SQLITE_CHECKPOINT_PASSIVE, &log, &brought);
	(void)sqlite3_busy_timeout(db->handle, db->busy_timeout_ms);
	if (rc != SQLITE_OK && (rc & 0xff) != SQLITE_BUSY)
		(void)sqlite_complain(db, rc, "checkpoint");
	db->log_frames = log > 0 ? log : 0;
	db->log_tried = db->log_frames;
	if (after == STORE_LOG_TRUNCATE && brought < log)
		log_warning("database %s: %d of %d pages of its log could not "
		    "be brought in, because somebody reads: a copy of the "
		    "database needs its -wal beside it", db->file.path,
		    log - brought, log);
}

void
sqlite_checkpoint(struct sqlite *db, size_t log_bytes, enum store_log after)
{
	const struct imprint_state *left;
	struct imprint_state state;
	bool is_last = log_bytes == 0;

	/* At the end it is the log that is looked at, not a memory of it. */
	if (!db->is_wal || (is_last ? dbfile_log_len(&db->file) == 0 &&
	    !db->file.is_lost && !dbfile_lacks_log(&db->file) :
	    sqlite_log_size(db) <= log_bytes) ||
	    lockfile_take(db->lock, is_last ? LAST_MS : 0) != STORE_OK)
		return;
	if (sqlite_has_files(db)) {
		imprint_suspend(lockfile_fd(db->lock));
		bring_in(db, after);
		if ((left = look_at_state(db, &state)) != NULL)
			imprint_renew(lockfile_fd(db->lock), left);
	}
	lockfile_give(db->lock);
}
