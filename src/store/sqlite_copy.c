/*
 * A copy of a database that is in use. 
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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ground/log.h"
#include "ground/newfile.h"
#include "store/sqlite_copy.h"

static bool
is_want_of_room(int error)
{
	return (error == ENOSPC || error == EDQUOT || error == EFBIG);
}

static enum store_rc
complain(const char *path, int rc)
{
	/* Nothing else has failed since. */
	int error = errno;
	enum store_rc kind = (rc & 0xff) == SQLITE_IOERR &&
	    is_want_of_room(error) ? STORE_FULL : sqlite_classify(rc);

	log_error("copy %s: %s (%d, errno %d)%s", path, sqlite3_errstr(rc), rc,
	    error, kind == STORE_FULL ? "; make room on its file system, or "
	    "raise the quota or limit" :
	    kind == STORE_BUSY ? "; another process holds the database" :
	    "; see the disk and strongroom check");
	return (kind == STORE_NOT_FOUND || kind == STORE_OK ?
	    STORE_WRITE_FAILED : kind);
}

static enum store_rc
kind_of_errno(void)
{
	return (errno == EEXIST ? STORE_CONFLICT : is_want_of_room(errno) ?
	    STORE_FULL : STORE_WRITE_FAILED);
}

static enum store_rc
complain_of_file(const char *path)
{
	enum store_rc kind = kind_of_errno();

	log_error("copy %s: %s", path, strerror(errno));
	return (kind);
}

/*
 * The header that was copied says that there is a log. A database without one
 * is a single file, and opens in a directory that cannot be written to. The
 * library would make a log first, to leave it; the format has two bytes for
 * this (sqlite.org/fileformat.html, file format version numbers).
 */
static int
leave_log_mode(int fd)
{
	static const char no_log[2] = { 1, 1 };
	enum { FORMAT_VERSIONS = 18 };

	return (pwrite(fd, no_log, sizeof no_log, FORMAT_VERSIONS) ==
	    sizeof no_log ? 0 : -1);
}

static int
open_file(const char *name, sqlite3 **to)
{
	return (sqlite3_open_v2(name, to, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
	    SQLITE_OPEN_EXRESCODE, NULL));
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
	return (rc == SQLITE_DONE ? SQLITE_OK : rc == SQLITE_OK ?
	    SQLITE_IOERR : rc);
}

/*
 * Fill the empty file that was begun, which loses its name as soon as it is
 * open where it is to have none; *fd is open on it. That is closed behind the
 * library's own, or it would end its locks.
 */
static enum store_rc
fill(struct sqlite *db, struct newfile *file, bool is_nameless, int *fd)
{
	const char *path = file->path;
	enum store_rc result = STORE_OK;
	sqlite3 *to = NULL;
	int rc;

	if ((*fd = open(file->name, O_RDWR | O_CLOEXEC)) == -1)
		return (complain_of_file(path));
	rc = open_file(file->name, &to);
	if (is_nameless)
		newfile_fini(file);
	if (rc == SQLITE_OK)
		rc = copy_pages(db->handle, to);
	if (rc != SQLITE_OK)
		result = complain(path, rc);
	(void)sqlite3_close(to);
	if (result == STORE_OK && leave_log_mode(*fd) == -1)
		result = complain_of_file(path);
	return (result);
}

enum store_rc
sqlite_copy(struct sqlite *db, const char *path)
{
	struct newfile file = { 0 };
	enum store_rc result;
	int fd = -1;

	if (newfile_begin(&file, path) == -1)
		return (kind_of_errno());
	result = fill(db, &file, false, &fd);
	if (fd != -1)
		close(fd);
	if (result == STORE_OK && newfile_finish(&file) == -1)
		result = kind_of_errno();
	newfile_fini(&file);
	return (result);
}

enum store_rc
sqlite_copy_open(struct sqlite *db, int *fd)
{
	size_t size = strlen(db->file.path) + sizeof ".copy";
	char *path = malloc(size);
	struct newfile file = { 0 };
	enum store_rc result = STORE_UNAVAILABLE;

	*fd = -1;
	if (path == NULL) {
		log_error("out of memory for a copy");
		return (result);
	}
	snprintf(path, size, "%s.copy", db->file.path);
	result = newfile_begin(&file, path) == -1 ? kind_of_errno() :
	    fill(db, &file, true, fd);
	if (result != STORE_OK && *fd != -1) {
		close(*fd);
		*fd = -1;
	}
	newfile_fini(&file);
	free(path);
	return (result);
}
