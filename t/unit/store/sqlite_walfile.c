/* The VFS that writes the frames of a write-ahead log together. */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <sqlite3.h>

#include "store/sqlite_walfile.h"
#include "unit/unit.h"

enum { FRAME = 4120, PAGE_MAX = 65536 };

/* A file as SQLite would have it. */
static sqlite3_file *
open_file(int kind)
{
	static const char name[] = "/a.db-wal\0";
	static char path[PATH_MAX + sizeof name];
	sqlite3_vfs *vfs;
	sqlite3_file *file;
	int given;

	/* A log has the mode of its database. */
	close(open("a.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_str_eq(sqlite_walfile_register(), SQLITE_WALFILE_VFS);
	vfs = sqlite3_vfs_find(SQLITE_WALFILE_VFS);
	ck_assert_ptr_nonnull(vfs);
	/* Behind a name come its parameters: none. */
	ck_assert_ptr_nonnull(getcwd(path, PATH_MAX));
	memcpy(path + strlen(path), name, sizeof name);
	file = calloc(1, (size_t)vfs->szOsFile);
	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(vfs->xOpen(vfs, path, file, SQLITE_OPEN_CREATE |
	    SQLITE_OPEN_READWRITE | kind, &given), SQLITE_OK);
	return (file);
}

static void
close_file(sqlite3_file *file, int expected)
{
	ck_assert_int_eq(file->pMethods->xClose(file), expected);
	free(file);
}

static void
write_at(sqlite3_file *file, char what, size_t len, sqlite3_int64 at)
{
	static char bytes[PAGE_MAX];

	memset(bytes, what, sizeof bytes);
	ck_assert_uint_le(len, sizeof bytes);
	ck_assert_int_eq(file->pMethods->xWrite(file, bytes, (int)len, at),
	    SQLITE_OK);
}

static void
file_has(off_t size)
{
	struct stat st;

	ck_assert_int_eq(stat("a.db-wal", &st), 0);
	ck_assert_int_eq(st.st_size, size);
}

/* What the file says at a place, without a look at what waits. */
static void
file_says(char what, off_t at)
{
	int fd = open("a.db-wal", O_RDONLY | O_CLOEXEC);
	char c = '\0';

	ck_assert_int_eq(pread(fd, &c, 1, at), 1);
	ck_assert_int_eq(c, what);
	close(fd);
}

START_TEST(pieces_are_written_when_they_are_synced)
{
	sqlite3_file *file = open_file(SQLITE_OPEN_WAL);

	write_at(file, 'h', 24, 32);
	write_at(file, 'p', 4096, 56);
	file_has(0);
	ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL),
	    SQLITE_OK);
	file_has(32 + FRAME);
	file_says('h', 55);
	file_says('p', 56);
	close_file(file, SQLITE_OK);
}
END_TEST

START_TEST(what_waits_is_in_what_is_read_and_measured)
{
	sqlite3_file *file = open_file(SQLITE_OPEN_WAL);
	sqlite3_int64 size;
	char bytes[8];

	write_at(file, 'a', FRAME, 0);
	ck_assert_int_eq(file->pMethods->xRead(file, bytes, sizeof bytes, 0),
	    SQLITE_OK);
	ck_assert_mem_eq(bytes, "aaaaaaaa", sizeof bytes);
	write_at(file, 'b', FRAME, FRAME);
	ck_assert_int_eq(file->pMethods->xFileSize(file, &size), SQLITE_OK);
	ck_assert_int_eq(size, 2 * FRAME);
	write_at(file, 'c', FRAME, 2 * FRAME);
	ck_assert_int_eq(file->pMethods->xTruncate(file, FRAME), SQLITE_OK);
	file_has(FRAME);
	write_at(file, 'd', FRAME, FRAME);
	close_file(file, SQLITE_OK);
	file_has(2 * FRAME);
	file_says('d', FRAME);
}
END_TEST

START_TEST(order_is_kept_where_pieces_do_not_follow)
{
	sqlite3_file *file = open_file(SQLITE_OPEN_WAL);

	write_at(file, 'a', FRAME, FRAME);
	write_at(file, 'b', FRAME, 0);
	file_has(2 * FRAME);
	write_at(file, 'c', 1, FRAME + 7);
	close_file(file, SQLITE_OK);
	file_says('b', 0);
	file_says('a', FRAME);
	file_says('c', FRAME + 7);
}
END_TEST

/* Also where more is gathered than is written at once: a VFS has limits too. */
START_TEST(any_length_is_written_whole)
{
	static const size_t lengths[] = { 1, FRAME, PAGE_MAX - 1, PAGE_MAX,
	    PAGE_MAX, PAGE_MAX - 1, 1, PAGE_MAX, 24, PAGE_MAX };
	sqlite3_file *file = open_file(SQLITE_OPEN_WAL);
	off_t end = 0;
	size_t i;
	int n;

	for (i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		write_at(file, (char)('a' + i), lengths[i], end);
		end += (off_t)lengths[i];
	}
	for (n = 0; n < 200; n++, end += FRAME)
		write_at(file, 'z', FRAME, end);
	ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL),
	    SQLITE_OK);
	file_has(end);
	for (end = 0, i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
		file_says((char)('a' + i), end);
		end += (off_t)lengths[i];
		file_says((char)('a' + i), end - 1);
	}
	file_says('z', end + 200 * FRAME - 1);
	close_file(file, SQLITE_OK);
}
END_TEST

START_TEST(failed_write_is_told_by_the_sync_and_not_kept)
{
	sqlite3_file *file = open_file(SQLITE_OPEN_WAL);
	struct rlimit was, little;

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	little = (struct rlimit){ FRAME, was.rlim_max };
	write_at(file, 'a', FRAME, 0);
	write_at(file, 'b', FRAME, FRAME);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert_int_ne(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL),
	    SQLITE_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	ck_assert_int_eq(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL),
	    SQLITE_OK);
	file_has(FRAME);
	write_at(file, 'c', FRAME, FRAME);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	close_file(file, SQLITE_IOERR_WRITE);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
}
END_TEST

static void
run(sqlite3 *db, const char *sql)
{
	ck_assert_msg(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK,
	    "%s: %s", sql, sqlite3_errmsg(db));
}

/* What a connection without this VFS finds: of n the last, and no fault. */
static void
other_finds(int n)
{
	sqlite3_stmt *stmt;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open("b.db", &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT max(n), "
	    "(SELECT integrity_check FROM pragma_integrity_check) FROM t", -1,
	    &stmt, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_step(stmt) == SQLITE_ROW, "%d: %s", n,
	    sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_column_int(stmt, 0), n);
	ck_assert_str_eq((const char *)sqlite3_column_text(stmt, 1), "ok");
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

/* Saves one after the other, each looked for by somebody else at once. */
static void
commits_are_found(void)
{
	char sql[64];
	sqlite3 *db;
	int n;

	ck_assert_str_eq(sqlite_walfile_register(), SQLITE_WALFILE_VFS);
	ck_assert_int_eq(sqlite3_open_v2("b.db", &db, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, SQLITE_WALFILE_VFS), SQLITE_OK);
	run(db, "PRAGMA journal_mode = wal");
	run(db, "PRAGMA synchronous = full");
	run(db, "CREATE TABLE t (n INTEGER, x BLOB)");
	for (n = 1; n <= 40; n++) {
		snprintf(sql, sizeof sql, "INSERT INTO t VALUES "
		    "(%d, zeroblob(%d))", n, n * 997);
		run(db, sql);
		other_finds(n);
	}
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(commit_is_found_by_others_at_once)
{
	commits_are_found();
}
END_TEST

/* A system whose library does not trust disks: those of its files do so. */
static sqlite3_vfs distrustful;
static sqlite3_io_methods of_database, of_others;

static int
without_psow(sqlite3_file *file)
{
	(void)file;
	return (0);
}

static int
distrustful_open(sqlite3_vfs *self, const char *name, sqlite3_file *file,
    int flags, int *given)
{
	sqlite3_vfs *system = self->pAppData;
	sqlite3_io_methods *methods = (flags & SQLITE_OPEN_MAIN_DB) != 0 ?
	    &of_database : &of_others;
	int rc = system->xOpen(system, name, file, flags, given);

	if (rc == SQLITE_OK) {
		*methods = *file->pMethods;
		methods->xDeviceCharacteristics = without_psow;
		file->pMethods = methods;
	}
	return (rc);
}

/* There a commit is padded with a frame that ends behind the sync. */
START_TEST(commit_that_is_padded_is_found_too)
{
	sqlite3_vfs *system = sqlite3_vfs_find(NULL);

	ck_assert_ptr_nonnull(system);
	distrustful = *system;
	distrustful.zName = "distrustful";
	distrustful.pNext = NULL;
	distrustful.pAppData = system;
	distrustful.xOpen = distrustful_open;
	ck_assert_int_eq(sqlite3_vfs_register(&distrustful, 1), SQLITE_OK);
	commits_are_found();
}
END_TEST

START_TEST(other_files_are_as_the_system_has_them)
{
	sqlite3_file *file = open_file(SQLITE_OPEN_MAIN_JOURNAL);

	write_at(file, 'a', FRAME, 0);
	file_has(FRAME);
	close_file(file, SQLITE_OK);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		pieces_are_written_when_they_are_synced,
		what_waits_is_in_what_is_read_and_measured,
		order_is_kept_where_pieces_do_not_follow,
		any_length_is_written_whole,
		failed_write_is_told_by_the_sync_and_not_kept,
		commit_is_found_by_others_at_once,
		commit_that_is_padded_is_found_too,
		other_files_are_as_the_system_has_them,
	};

	return (unit_main("sqlite_walfile", tests,
	    sizeof tests / sizeof tests[0]));
}
