/*
 * The file of a database: where it is, whether it is still there, on what
 * kind of file system. Never opens it, for closing it would take SQLite's
 * locks away.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "store/dbfile.h"
#include "ground/log.h"
#include "ground/newfile.h"

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

int
dbfile_find(struct dbfile *file, const char *path)
{
	struct stat st;

	*file = (struct dbfile){ .path = realpath(path, NULL) };
	if (file->path == NULL || stat(file->path, &st) == -1) {
		log_error("database %s cannot be opened: %s", path,
		    strerror(errno));
		dbfile_fini(file);
		return (-1);
	}
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	return (0);
}

void
dbfile_fini(struct dbfile *file)
{
	free(file->path);
	*file = (struct dbfile){ 0 };
}

bool
dbfile_is_in_place(const struct dbfile *file)
{
	struct stat st;

	if (stat(file->path, &st) == 0 && st.st_dev == file->dev &&
	    st.st_ino == file->ino)
		return (true);
	log_error("database %s was moved or replaced while it was open: "
	    "put it back, or restart the service", file->path);
	return (false);
}

bool
dbfile_is_same(const struct dbfile *one, const struct dbfile *other)
{
	return (one->dev == other->dev && one->ino == other->ino);
}

bool
dbfile_is_inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len > 0 && dir[len - 1] == '/')
		len--;
	return (strncmp(path, dir, len) == 0 && path[len] == '/');
}

bool
dbfile_is_on_network(const struct dbfile *file)
{
	static const unsigned long types[] = {
		0x6969 /* NFS */, 0xff534d42 /* CIFS */, 0xfe534d42 /* SMB2 */,
		0x517b /* SMB */, 0x65735546 /* FUSE */, 0x00c36400 /* Ceph */,
		0x5346414f /* AFS */, 0x01021997 /* 9P */
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
