/*
 * Frames of a write-ahead log, written together. Refuses to know what is in
 * them.
 *
 * Nobody misses what waits here. SQLite tells others of frames when it has
 * synced them (PRAGMA synchronous is FULL), and a sync writes what waits; what
 * is read through this file is written before. A write that fails is told by
 * the call that caused it, a sync for the most, and SQLite takes either for a
 * commit that has not been: it writes those frames anew, from the same place.
 *
 * Where a write may harm its neighbours' bytes (psow=0), SQLite pads a commit
 * up to the end of a sector and writes a part of the last frame behind the
 * sync. There nothing is gathered.
 */
#include "config.h"

#include <stdbool.h>
#include <string.h>

#include <sqlite3.h>

#include "store/sqlite_walfile.h"

/* The system's VFS takes 17 bits of a length for the whole of it. */
enum { GATHER_MAX = (128 << 10) - 1 };

/* What is open; behind it, the file as the system's VFS has it. */
struct walfile {
	sqlite3_file base;
	bool gathers;
	unsigned char *bytes;		/* NULL: nothing was written yet */
	int len;
	sqlite3_int64 at;		/* where they go */
};

static sqlite3_vfs vfs;

static struct walfile *
walfile_of(sqlite3_file *file)
{
	return ((struct walfile *)file);
}

static sqlite3_file *
inner(sqlite3_file *file)
{
	return ((sqlite3_file *)(walfile_of(file) + 1));
}

static int
flush(sqlite3_file *file)
{
	struct walfile *wal = walfile_of(file);
	int len = wal->len;

	wal->len = 0;
	if (len == 0)
		return (SQLITE_OK);
	return (inner(file)->pMethods->xWrite(inner(file), wal->bytes, len,
	    wal->at));
}

static int
wal_write(sqlite3_file *file, const void *from, int len, sqlite3_int64 at)
{
	struct walfile *wal = walfile_of(file);
	int rc = SQLITE_OK;

	if (wal->bytes == NULL && wal->gathers)
		wal->bytes = sqlite3_malloc(GATHER_MAX);
	if (wal->len > 0 && (at != wal->at + wal->len ||
	    len > GATHER_MAX - wal->len))
		rc = flush(file);
	if (rc != SQLITE_OK)
		return (rc);
	if (wal->bytes == NULL || len > GATHER_MAX)
		return (inner(file)->pMethods->xWrite(inner(file), from, len,
		    at));
	if (wal->len == 0)
		wal->at = at;
	memcpy(wal->bytes + wal->len, from, (size_t)len);
	wal->len += len;
	return (SQLITE_OK);
}

static int
wal_read(sqlite3_file *file, void *to, int len, sqlite3_int64 at)
{
	int rc = flush(file);

	return (rc != SQLITE_OK ? rc :
	    inner(file)->pMethods->xRead(inner(file), to, len, at));
}

static int
wal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	int rc = flush(file);

	return (rc != SQLITE_OK ? rc :
	    inner(file)->pMethods->xTruncate(inner(file), size));
}

static int
wal_sync(sqlite3_file *file, int flags)
{
	int rc = flush(file);

	return (rc != SQLITE_OK ? rc :
	    inner(file)->pMethods->xSync(inner(file), flags));
}

static int
wal_file_size(sqlite3_file *file, sqlite3_int64 *size)
{
	int rc = flush(file);

	return (rc != SQLITE_OK ? rc :
	    inner(file)->pMethods->xFileSize(inner(file), size));
}

static int
wal_close(sqlite3_file *file)
{
	int rc = flush(file), closed;

	sqlite3_free(walfile_of(file)->bytes);
	walfile_of(file)->bytes = NULL;
	closed = inner(file)->pMethods->xClose(inner(file));
	return (rc != SQLITE_OK ? rc : closed);
}

static int
wal_file_control(sqlite3_file *file, int op, void *arg)
{
	return (inner(file)->pMethods->xFileControl(inner(file), op, arg));
}

static int
wal_sector_size(sqlite3_file *file)
{
	return (inner(file)->pMethods->xSectorSize(inner(file)));
}

static int
wal_characteristics(sqlite3_file *file)
{
	return (inner(file)->pMethods->xDeviceCharacteristics(inner(file)));
}

/* A log is not locked, mapped or shared: the database is. */
static int
wal_no_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return (SQLITE_OK);
}

static int
wal_no_reserved_lock(sqlite3_file *file, int *is_locked)
{
	(void)file;
	*is_locked = 0;
	return (SQLITE_OK);
}

static const sqlite3_io_methods methods = {
	.iVersion = 1,
	.xClose = wal_close,
	.xRead = wal_read,
	.xWrite = wal_write,
	.xTruncate = wal_truncate,
	.xSync = wal_sync,
	.xFileSize = wal_file_size,
	.xLock = wal_no_lock,
	.xUnlock = wal_no_lock,
	.xCheckReservedLock = wal_no_reserved_lock,
	.xFileControl = wal_file_control,
	.xSectorSize = wal_sector_size,
	.xDeviceCharacteristics = wal_characteristics
};

static int
open_file(sqlite3_vfs *self, const char *name, sqlite3_file *file, int flags,
    int *given)
{
	sqlite3_vfs *system = self->pAppData;
	int rc;

	if ((flags & SQLITE_OPEN_WAL) == 0)
		return (system->xOpen(system, name, file, flags, given));
	*walfile_of(file) = (struct walfile){ .len = 0 };
	rc = system->xOpen(system, name, inner(file), flags, given);
	if (rc == SQLITE_OK) {
		file->pMethods = &methods;
		walfile_of(file)->gathers = (wal_characteristics(file) &
		    SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
	} else if (inner(file)->pMethods != NULL) {
		(void)inner(file)->pMethods->xClose(inner(file));
	}
	return (rc);
}

const char *
sqlite_walfile_register(void)
{
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);

	if (system == NULL)
		return (NULL);
	vfs = *system;
	vfs.zName = SQLITE_WALFILE_VFS;
	vfs.pNext = NULL;
	vfs.pAppData = system;
	vfs.szOsFile += (int)sizeof(struct walfile);
	vfs.xOpen = open_file;
	return (sqlite3_vfs_register(&vfs, 0) == SQLITE_OK ?
	    SQLITE_WALFILE_VFS : NULL);
}
