/*
 * The imprint of a database's files, which lies in the lock file. Knows no
 * more of them than numbers.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/imprint.h"

enum { PRESENCE_AT = 4096, TRIES = 200, PAUSE_NS = 5000000 };

/* As it lies in the file: of this machine, for this machine. */
struct record {
	char magic[12];
	uint32_t is_known;		/* whether state counts */
	struct dbfile_id id[DBFILES];
	struct imprint_state state;
};

static const char magic[12] = "strongroom1";

/*
 * Presence is a lock on a byte that nobody writes, of the open file and not of
 * the process (fcntl(2), F_OFD_SETLK): the kernel forgets it when the last
 * descriptor is closed, however that comes.
 */
static int
set_presence(int fd, short type)
{
	struct flock lock = {
		.l_type = type, .l_whence = SEEK_SET, .l_start = PRESENCE_AT,
		.l_len = 1
	};

	return (fcntl(fd, F_OFD_SETLK, &lock));
}

static bool
has_others(int fd)
{
	struct flock lock = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_start = PRESENCE_AT, .l_len = 1
	};

	return (fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK);
}

static bool
read_record(int fd, struct record *record)
{
	return (pread(fd, record, sizeof *record, 0) ==
	    (ssize_t)sizeof *record &&
	    memcmp(record->magic, magic, sizeof magic) == 0);
}

static int
write_record(int fd, const struct record *record)
{
	return (pwrite(fd, record, sizeof *record, 0) ==
	    (ssize_t)sizeof *record ? 0 : -1);
}

static bool
is_same_id(const struct dbfile_id *one, const struct dbfile_id *other)
{
	return (one->dev == other->dev && one->ino == other->ino);
}

static bool
is_same_state(const struct imprint_state *one,
    const struct imprint_state *other)
{
	return (one->size == other->size &&
	    one->mtime_ns == other->mtime_ns &&
	    one->change_counter == other->change_counter);
}

static enum imprint_rc
compare(const struct record *record, const struct dbfile *file,
    const struct imprint_state *state)
{
	size_t i;

	for (i = 0; i < DBFILES; i++)
		if (!is_same_id(&record->id[i], &file->id[i]))
			return (IMPRINT_OTHER_FILES);
	return (record->is_known == 0 || state == NULL ||
	    is_same_state(&record->state, state) ? IMPRINT_FITS :
	    IMPRINT_CHANGED);
}

static enum imprint_rc
make(int fd, const struct dbfile *file, const struct imprint_state *state)
{
	struct record record;

	memset(&record, 0, sizeof record);
	memcpy(record.magic, magic, sizeof magic);
	memcpy(record.id, file->id, sizeof record.id);
	record.is_known = state != NULL;
	if (state != NULL)
		record.state = *state;
	return (write_record(fd, &record) == 0 ? IMPRINT_FITS :
	    IMPRINT_FAILED);
}

/*
 * Whether the imprint is that of another database, which was here before: a
 * process that has it open still is told by its own look at the files.
 */
static bool
is_of_another(int fd, const struct dbfile *file)
{
	struct record record;

	return (!read_record(fd, &record) || !is_same_id(
	    &record.id[DBFILE_MAIN], &file->id[DBFILE_MAIN]));
}

enum imprint_rc
imprint_join(int fd, const struct dbfile *file,
    const struct imprint_state *state)
{
	const struct timespec pause = { 0, PAUSE_NS };
	enum imprint_rc rc;
	int tries = 0;

	if (set_presence(fd, F_WRLCK) == 0) {
		rc = make(fd, file, state);
		return (set_presence(fd, F_RDLCK) == 0 ? rc : IMPRINT_FAILED);
	}
	/* The first to come is about to make it. */
	while (set_presence(fd, F_RDLCK) == -1) {
		if ((errno != EAGAIN && errno != EACCES) || ++tries == TRIES)
			return (IMPRINT_FAILED);
		nanosleep(&pause, NULL);
	}
	return (is_of_another(fd, file) ? make(fd, file, state) :
	    imprint_compare(fd, file, state));
}

enum imprint_rc
imprint_compare(int fd, const struct dbfile *file,
    const struct imprint_state *state)
{
	struct record record;

	if (!read_record(fd, &record))
		return (IMPRINT_FITS);
	return (compare(&record, file, state));
}

enum imprint_rc
imprint_visit(int fd, const struct dbfile *file,
    const struct imprint_state *state)
{
	return (has_others(fd) && !is_of_another(fd, file) ?
	    imprint_compare(fd, file, state) : IMPRINT_FITS);
}

void
imprint_suspend(int fd)
{
	struct record record;

	if (!read_record(fd, &record))
		return;
	record.is_known = 0;
	(void)write_record(fd, &record);
}

void
imprint_renew(int fd, const struct imprint_state *state)
{
	struct record record;

	if (!read_record(fd, &record))
		return;
	record.state = *state;
	record.is_known = 1;
	(void)write_record(fd, &record);
}
