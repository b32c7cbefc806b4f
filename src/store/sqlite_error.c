/*
 * What the library's failures mean, and what there is to do about them.
 */
#include "config.h"

#include <errno.h>

#include "ground/log.h"
#include "store/sqlite.h"

enum store_rc
sqlite_classify(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
		return (STORE_OK);
	case SQLITE_DONE:
		return (STORE_NOT_FOUND);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return (STORE_BUSY);
	case SQLITE_FULL:
		return (STORE_FULL);
	case SQLITE_CONSTRAINT:
		return (STORE_CONFLICT);
	case SQLITE_CANTOPEN:
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return (STORE_UNAVAILABLE);
	default:
		return (STORE_WRITE_FAILED);
	}
}

/* The errno that a file of the library's last met with; 0: none. */
static int
errno_of(struct sqlite *db, int which)
{
	sqlite3_file *file = NULL;
	int error = 0;

	if (sqlite3_file_control(db->handle, "main", which, &file) ==
	    SQLITE_OK && file != NULL && file->pMethods != NULL)
		(void)file->pMethods->xFileControl(file,
		    SQLITE_FCNTL_LAST_ERRNO, &error);
	return (error);
}

/* Of the log or journal first: that is where commits go. */
static int
last_errno(struct sqlite *db)
{
	int error = 0;

	if (db->handle == NULL)
		return (0);
	if (sqlite3_errcode(db->handle) == SQLITE_CANTOPEN)
		return (sqlite3_system_errno(db->handle));
	error = errno_of(db, SQLITE_FCNTL_JOURNAL_POINTER);
	if (error == 0)
		error = errno_of(db, SQLITE_FCNTL_FILE_POINTER);
	return (error != 0 ? error : sqlite3_system_errno(db->handle));
}

/* The library calls a want of room so for ENOSPC alone. */
static bool
is_want_of_room(int rc, int error)
{
	return ((rc & 0xff) == SQLITE_IOERR &&
	    (error == ENOSPC || error == EDQUOT || error == EFBIG));
}

enum store_rc
sqlite_complain(struct sqlite *db, int rc, const char *what)
{
	int error = last_errno(db);
	enum store_rc kind = is_want_of_room(rc, error) ? STORE_FULL :
	    sqlite_classify(rc);

	log_error("database %s: %s: %s (%d, errno %d)%s", db->file.path, what,
	    sqlite3_errstr(rc), rc, error,
	    kind == STORE_FULL ? "; make room on its file system, or raise the "
	    "quota or limit" :
	    kind == STORE_BUSY ? "; another process holds it" :
	    "; see the disk and strongroom check");
	return (kind);
}
