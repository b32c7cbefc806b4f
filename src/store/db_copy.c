/*
 * A copy of a database that is in use. One of three files that see
 * sqlite3.h.
 *
 * The copy is made page by page in one step, by the library's backup
 * interface. One step is one read transaction, so the copy is the state of one
 * moment, and what others commit meanwhile neither spoils it nor makes it
 * begin again, as it would between two steps. A reader makes no commit and no
 * checkpoint, so the lock rule does not ask it for the lock; the log only
 * cannot start over until it has ended.
 */
#include "config.h"

#include <errno.h>

#include <sqlite3.h>

#include "store/db_copy.h"
#include "ground/log.h"
#include "ground/newfile.h"

static enum store_rc
complain(const char *path, int rc, sqlite3 *handle)
{
	enum store_rc kind = db_classify(rc);

	log_error("copy %s: %s (%d, errno %d)%s", path, sqlite3_errstr(rc), rc,
	    handle != NULL ? sqlite3_system_errno(handle) : 0,
	    kind == STORE_FULL ? "; make room on its file system" :
	    kind == STORE_BUSY ? "; another process holds the database" :
	    "; see the disk and strongroom check");
	return (kind == STORE_NOT_FOUND || kind == STORE_OK ?
	    STORE_WRITE_FAILED : kind);
}

static enum store_rc
kind_of_errno(void)
{
	return (errno == EEXIST ? STORE_CONFLICT : errno == ENOSPC ||
	    errno == EDQUOT ? STORE_FULL : STORE_WRITE_FAILED);
}

/*
 * The header that was copied says that there is a log. A database without one
 * is a single file, and opens in a directory that cannot be written to.
 */
static int
leave_log_mode(sqlite3 *to)
{
	return (sqlite3_exec(to, "PRAGMA journal_mode=DELETE", NULL, NULL,
	    NULL));
}

static int
copy_pages(sqlite3 *from, sqlite3 *to)
{
	/* Nobody sees the new file until it is whole and synced. */
	int rc = sqlite3_exec(to, "PRAGMA locking_mode=EXCLUSIVE;"
	    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL,
	    NULL);
	sqlite3_backup *backup;

	if (rc != SQLITE_OK)
		return (rc);
	backup = sqlite3_backup_init(to, "main", from, "main");
	if (backup == NULL)
		return (sqlite3_extended_errcode(to));
	rc = sqlite3_backup_step(backup, -1);
	(void)sqlite3_backup_finish(backup);
	return (rc == SQLITE_DONE ? leave_log_mode(to) : rc == SQLITE_OK ?
	    SQLITE_IOERR : rc);
}

enum store_rc
db_copy(struct db *db, const char *path)
{
	enum store_rc result = STORE_WRITE_FAILED;
	struct newfile file = { 0 };
	sqlite3 *to = NULL;
	int rc;

	if (newfile_begin(&file, path) == -1) {
		result = kind_of_errno();
		goto done;
	}
	rc = sqlite3_open_v2(file.name, &to, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    SQLITE_OPEN_EXRESCODE, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(db_handle(db), to);
	if (rc != SQLITE_OK) {
		result = complain(path, rc, to);
		goto done;
	}
	/* Before the file is opened otherwise, for that ends its locks. */
	(void)sqlite3_close(to);
	to = NULL;
	result = newfile_finish(&file) == 0 ? STORE_OK : kind_of_errno();
done:
	(void)sqlite3_close(to);
	newfile_fini(&file);
	return (result);
}
