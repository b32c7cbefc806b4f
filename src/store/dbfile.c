/*
 * The file of a database: where it is, whether it is still there, on what
 * kind of file system. Never opens it, for closing it would take SQLite's
 * locks away.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ground/log.h"
#include "ground/newfile.h"
#include "store/dbfile.h"
#include "store/lockfile.h"

enum store_rc
dbfile_make(const char *path)
{
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd == -1) {
		log_error("database %s cannot be made: %s", path,
		    strerror(errno));
		return (errno == EEXIST ? STORE_CONFLICT : STORE_UNAVAILABLE);
	}
	close(fd);
	return (STORE_OK);
}

static char *
name_of(const char *path, const char *end)
{
	size_t size = strlen(path) + strlen(end) + 1;
	char *name = malloc(size);

	if (name != NULL)
		snprintf(name, size, "%s%s", path, end);
	return (name);
}

static int
find_names(struct dbfile *file)
{
	static const char *const ends[DBFILES] = { "", "-wal", "-shm" };
	size_t i;

	for (i = 0; i < DBFILES; i++)
		if ((file->names[i] = name_of(file->path, ends[i])) == NULL)
			return (-1);
	return (0);
}

/* What a name stands for at the moment; zeros: nothing. */
static struct dbfile_id
look_at(const char *name)
{
	struct stat st;

	if (stat(name, &st) == -1)
		return ((struct dbfile_id){ 0 });
	return ((struct dbfile_id){ st.st_dev, st.st_ino });
}

static bool
is_same_id(const struct dbfile_id *one, const struct dbfile_id *other)
{
	return (one->dev == other->dev && one->ino == other->ino);
}

int
dbfile_find(struct dbfile *file, const char *path)
{
	struct stat st;

	*file = (struct dbfile){ .path = realpath(path, NULL) };
	if (file->path == NULL || find_names(file) == -1 ||
	    stat(file->path, &st) == -1) {
		log_error("database %s cannot be opened: %s", path,
		    strerror(errno));
		goto fail;
	}
	if (st.st_nlink > 1) {
		log_error("database %s has %lu names (hard links), and each "
		    "would have a log of its own: remove the others", path,
		    (unsigned long)st.st_nlink);
		goto fail;
	}
	file->id[DBFILE_MAIN] = (struct dbfile_id){ st.st_dev, st.st_ino };
	file->count = 1;
	return (0);
fail:
	dbfile_fini(file);
	return (-1);
}

int
dbfile_find_log(struct dbfile *file)
{
	size_t i;

	for (i = DBFILE_LOG; i < DBFILES; i++) {
		file->id[i] = look_at(file->names[i]);
		if (file->id[i].ino == 0) {
			log_error("%s was taken away as it was opened",
			    file->names[i]);
			return (-1);
		}
	}
	file->count = DBFILES;
	return (0);
}

void
dbfile_fini(struct dbfile *file)
{
	size_t i;

	for (i = 0; i < DBFILES; i++)
		free(file->names[i]);
	free(file->path);
	*file = (struct dbfile){ 0 };
}

static bool
is_found(const struct dbfile *file, size_t i)
{
	struct dbfile_id now = look_at(file->names[i]);

	return (is_same_id(&now, &file->id[i]));
}

bool
dbfile_is_in_place(struct dbfile *file)
{
	size_t i;

	for (i = 0; i < file->count && !file->is_lost; i++) {
		if (is_found(file, i))
			continue;
		file->is_lost = true;
		log_error("%s was taken away or replaced while it was open: "
		    "nothing is saved or read any more; restart the service, "
		    "and then run strongroom check", file->names[i]);
		return (false);
	}
	if (file->is_lost)
		log_error("database %s: a file of it was taken away or "
		    "replaced; restart the service", file->path);
	return (!file->is_lost);
}

bool
dbfile_lacks_log(const struct dbfile *file)
{
	return (file->count == DBFILES && is_found(file, DBFILE_MAIN) &&
	    is_found(file, DBFILE_INDEX) && !is_found(file, DBFILE_LOG));
}

int64_t
dbfile_log_len(const struct dbfile *file)
{
	struct stat st;

	return (stat(file->names[DBFILE_LOG], &st) == 0 ? st.st_size : -1);
}

bool
dbfile_is_same(const struct dbfile *one, const struct dbfile *other)
{
	size_t i;

	for (i = 0; i < DBFILES; i++)
		if (!is_same_id(&one->id[i], &other->id[i]))
			return (false);
	return (true);
}

/* Call each with the path and an end. */
static int
visit(const char *path, const char *end,
    int (*each)(void *, const char *), void *cookie)
{
	char *name = name_of(path, end);
	int rc;

	if (name == NULL)
		return (-1);
	rc = each(cookie, name);
	free(name);
	return (rc);
}

static int
visit_parts(const char *path, int (*each)(void *, const char *), void *cookie)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	int rc = 0;
	size_t i;

	for (i = 0; rc == 0 && i < sizeof ends / sizeof ends[0]; i++)
		rc = visit(path, ends[i], each, cookie);
	return (rc);
}

int
dbfile_each(const char *path, int (*each)(void *, const char *), void *cookie)
{
	int rc = visit_parts(path, each, cookie);

	return (rc == 0 ? visit(path, LOCKFILE_END, each, cookie) : rc);
}

static int
refuse_file(void *cookie, const char *name)
{
	struct stat st;

	(void)cookie;
	if (lstat(name, &st) == -1 && errno == ENOENT)
		return (0);
	if (lstat(name, &st) == -1)
		log_error("%s: %s", name, strerror(errno));
	else
		log_error("%s is there already: stop the service, and move "
		    "the database away with its -wal, -shm and -journal, or "
		    "name another path", name);
	return (1);
}

bool
dbfile_is_free(const char *path)
{
	int rc = visit_parts(path, refuse_file, NULL);

	if (rc == -1)
		log_error("whether %s is free cannot be seen: %s", path,
		    strerror(errno));
	return (rc == 0);
}

bool
dbfile_is_on_network(const struct dbfile *file)
{
	static const unsigned long types[] = {
		0x6969 /* NFS */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */,
		0x517b /* SMB */, 0x65735546 /* FUSE */, 0x00c36400 /* Ceph */,
		0x5346414f /* AFS */, 0x01021997 /* 9P */,
		0x0bd00bd0 /* Lustre */, 0x47504653 /* GPFS */,
		0x7461636f /* OCFS2 */, 0x01161970 /* GFS2 */,
		0x19830326 /* BeeGFS */, 0x786f4256 /* vboxsf */
	};
	struct statfs fs;
	size_t i;

	if (statfs(file->path, &fs) == -1)
		return (false);
	for (i = 0; i < sizeof types / sizeof types[0]; i++)
		if ((unsigned long)fs.f_type == types[i])
			return (true);
	return (false);
}

int
dbfile_settle(const struct dbfile *file)
{
	if (newfile_settle(file->path) == 0)
		return (0);
	log_error("the directory of %s cannot be synced: %s", file->path,
	    strerror(errno));
	return (-1);
}
