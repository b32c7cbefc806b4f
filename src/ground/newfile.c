/*
 * Files that appear whole or not at all. Refuses to know what is in them.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground/log.h"
#include "ground/newfile.h"

static int
complain(const struct newfile *file)
{
	int error = errno;

	if (error == EEXIST)
		log_error("%s exists and is left alone: choose another name",
		    file->path);
	else
		log_error("%s cannot be made by user %u: %s", file->path,
		    (unsigned)geteuid(), strerror(error));
	errno = error;
	return (-1);
}

int
newfile_begin(struct newfile *file, const char *path)
{
	size_t size = strlen(path) + sizeof ".XXXXXX";
	struct stat st;
	int fd;

	*file = (struct newfile){ .path = path };
	if (lstat(path, &st) == 0) {
		errno = EEXIST;
		return (complain(file));
	}
	if ((file->name = malloc(size)) == NULL)
		return (complain(file));
	snprintf(file->name, size, "%s.XXXXXX", path);
	if ((fd = mkostemp(file->name, O_CLOEXEC)) == -1) {
		free(file->name);
		file->name = NULL;
		return (complain(file));
	}
	close(fd);
	return (0);
}

static int
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC), rc;

	if (fd == -1)
		return (-1);
	rc = fsync(fd);
	close(fd);
	return (rc);
}

int
newfile_settle(const char *path)
{
	char *copy = strdup(path);
	int rc;

	if (copy == NULL)
		return (-1);
	rc = sync_path(dirname(copy), O_RDONLY | O_DIRECTORY);
	free(copy);
	return (rc);
}

/* Rename, but replace nothing. NFS knows no such rename, vfat no links. */
static int
put_in_place(const struct newfile *file)
{
	if (renameat2(AT_FDCWD, file->name, AT_FDCWD, file->path,
	    RENAME_NOREPLACE) == 0)
		return (0);
	if (errno != EINVAL && errno != ENOSYS)
		return (-1);
	if (link(file->name, file->path) == -1)
		return (-1);
	return (unlink(file->name));
}

int
newfile_finish(struct newfile *file)
{
	if (sync_path(file->name, O_RDWR) == -1 || put_in_place(file) == -1)
		return (complain(file));
	free(file->name);
	file->name = NULL;
	/* Without this the name may be gone after a power cut. */
	if (newfile_settle(file->path) == 0)
		return (0);
	(void)complain(file);
	(void)unlink(file->path);
	return (-1);
}

void
newfile_fini(struct newfile *file)
{
	if (file->name != NULL)
		(void)unlink(file->name);
	free(file->name);
	*file = (struct newfile){ 0 };
}
