/* A copy of a database that is in use, and the keys that it needs. */
#include "config.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/store_upkeep.h"
#include "unit/unit_store.h"

static size_t
bytes_of(const char *path)
{
	struct stat st;

	return (stat(path, &st) == 0 ? (size_t)st.st_size : 0);
}

START_TEST(copy_has_what_is_only_in_the_log)
{
	struct store *store;
	struct stat st;

	umask(0);
	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	unit_put_row(store, "id-2", "b");
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_OK);
	unit_put_row(store, "id-3", "c");
	ck_assert_uint_eq(unit_rows_in("copy.db"), 2);
	ck_assert_uint_eq(unit_rows(), 3);
	ck_assert_int_eq(stat("copy.db", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	store_close(store);
	/* Not even after it was read. */
	ck_assert_int_eq(access("copy.db-wal", F_OK), -1);
	ck_assert_int_eq(access("copy.db-shm", F_OK), -1);
	ck_assert_int_ne(system("ls copy.db?* 2>/dev/null"), 0);
}
END_TEST

START_TEST(copy_can_be_served_from)
{
	struct store_conf conf = unit_store_conf();
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_READ);
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_OK);
	store_close(store);
	conf.path = "copy.db";
	ck_assert_int_eq(store_open(&store, &conf, STORE_WRITE), STORE_OK);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(access("copy.db-wal", F_OK), 0);
	store_close(store);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 1);
}
END_TEST

START_TEST(copy_needs_no_lock_and_a_save_in_the_middle_is_not_in_it)
{
	struct store_save save = unit_save("id-2", "user", "b");
	struct store *writer, *reader;

	keyring_free(unit_create());
	writer = unit_open(STORE_WRITE);
	reader = unit_open(STORE_READ);
	unit_put_row(writer, "id-1", "a");
	ck_assert_int_eq(store_begin(writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(writer, &save), STORE_OK);
	ck_assert_int_eq(store_backup(reader, "copy.db"), STORE_OK);
	ck_assert_int_eq(store_commit(writer), STORE_OK);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 1);
	store_close(writer);
	store_close(reader);
}
END_TEST

START_TEST(what_is_there_is_not_written_over)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_backup(store, unit_database), STORE_CONFLICT);
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_OK);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_CONFLICT);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 0);
	ck_assert_uint_eq(unit_rows(), 1);
	store_close(store);
}
END_TEST

START_TEST(copy_that_fails_leaves_nothing)
{
	struct rlimit before, limit;
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_backup(store, "none/copy.db"),
	    STORE_WRITE_FAILED);
	unit_has(unit_log(), "none/copy.db");
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = bytes_of(unit_database) / 2;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_ne(store_backup(store, "copy.db"), STORE_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	unit_has(unit_log(), "copy copy.db");
	ck_assert_int_ne(system("ls copy.db* 2>/dev/null"), 0);
	/* And the store is as good as before. */
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_OK);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 1);
	store_close(store);
}
END_TEST

START_TEST(database_is_restored_to_where_nothing_is)
{
	struct store *store, *restored = NULL;
	struct store_conf conf = unit_store_conf();

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_OK);
	store_close(store);
	conf.path = "copy.db";
	ck_assert_int_eq(store_open(&store, &conf, STORE_READ), STORE_OK);
	ck_assert(store_is_free("new.db"));
	ck_assert_int_eq(store_restore(store, "new.db", UNIT_WAIT_MS),
	    STORE_OK);
	ck_assert(!store_is_free("new.db"));
	store_close(store);
	conf.path = "new.db";
	ck_assert_int_eq(store_open(&restored, &conf, STORE_WRITE), STORE_OK);
	unit_put_row(restored, "id-2", "b");
	store_close(restored);
	ck_assert_uint_eq(unit_rows_in("new.db"), 2);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 1);
}
END_TEST

START_TEST(what_belongs_to_another_database_is_in_the_way_of_a_restore)
{
	static const char *const names[] = { "new.db", "new.db-wal",
	    "new.db-shm", "new.db-journal" };
	struct store *store;
	size_t i;

	keyring_free(unit_create());
	store = unit_open(STORE_READ);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		close(open(names[i], O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
		ck_assert(!store_is_free("new.db"));
		ck_assert_int_eq(store_restore(store, "new.db", UNIT_WAIT_MS),
		    STORE_CONFLICT);
		unit_has(unit_log(), names[i]);
		ck_assert_uint_eq(bytes_of(names[i]), 0);
		ck_assert_int_eq(unlink(names[i]), 0);
	}
	ck_assert_int_eq(access("new.db", F_OK), -1);
	/* A lock file alone is none. */
	ck_assert_int_eq(access("new.db.lock", F_OK), 0);
	ck_assert_int_eq(store_restore(store, "new.db", UNIT_WAIT_MS),
	    STORE_OK);
	store_close(store);
}
END_TEST

START_TEST(database_of_a_server_is_not_restored_from_a_file)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_READ);
	ck_assert_int_eq(store_restore(store, "postgresql:///strongroom",
	    UNIT_WAIT_MS), STORE_CONFLICT);
	unit_has(unit_log(), "pg_restore");
	store_close(store);
}
END_TEST

START_TEST(database_is_not_restored_while_another_has_its_lock)
{
	struct store_conf conf = unit_store_conf();
	struct store *store;
	int fd;

	keyring_free(unit_create());
	ck_assert_int_eq(rename(unit_database, "away.db"), 0);
	ck_assert_int_eq(system("rm -f strongroom.db-*"), 0);
	conf.path = "away.db";
	ck_assert_int_eq(store_open(&store, &conf, STORE_READ), STORE_OK);
	fd = unit_take_lock();
	ck_assert_int_eq(store_restore(store, unit_database, UNIT_WAIT_MS),
	    STORE_BUSY);
	unit_has(unit_log(), "stop the service first");
	ck_assert_int_eq(access(unit_database, F_OK), -1);
	close(fd);
	ck_assert_int_eq(store_restore(store, unit_database, UNIT_WAIT_MS),
	    STORE_OK);
	store_close(store);
}
END_TEST

START_TEST(database_without_a_log_is_copied_too)
{
	struct store_conf conf = unit_store_conf();
	struct store *store;

	keyring_free(unit_create());
	conf.journal_mode = CONF_JOURNAL_TRUNCATE;
	ck_assert_int_eq(store_open(&store, &conf, STORE_WRITE), STORE_OK);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_backup(store, "copy.db"), STORE_OK);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 1);
	store_close(store);
}
END_TEST

START_TEST(copy_without_a_name_is_read_by_its_descriptor)
{
	struct store *store;
	char text[65536];
	struct stat st;
	ssize_t len;
	int fd, copy;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_backup_open(store, &fd), STORE_OK);
	unit_put_row(store, "id-2", "b");
	ck_assert_int_ne(system("ls *.copy* 2>/dev/null"), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	copy = open("copy.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while ((len = read(fd, text, sizeof text)) > 0)
		ck_assert_int_eq(write(copy, text, (size_t)len), len);
	ck_assert_int_eq(len, 0);
	close(copy);
	close(fd);
	store_close(store);
	ck_assert_uint_eq(unit_rows_in("copy.db"), 1);
	ck_assert_int_eq(access("copy.db-wal", F_OK), -1);
	ck_assert_uint_eq(unit_rows(), 2);
}
END_TEST

START_TEST(copy_without_a_name_that_fails_leaves_nothing)
{
	struct rlimit before, limit;
	struct store *store;
	int fd = 0;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = bytes_of(unit_database) / 2;
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_ne(store_backup_open(store, &fd), STORE_OK);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
	ck_assert_int_eq(fd, -1);
	unit_has(unit_log(), ".db.copy: ");
	ck_assert_int_ne(system("ls *.copy* 2>/dev/null"), 0);
	/* And the store is as good as before. */
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(store_backup_open(store, &fd), STORE_OK);
	close(fd);
	store_close(store);
}
END_TEST

static void
put_box(struct store *store, const char *id, const void *box, size_t len)
{
	struct store_save save = unit_save(id, "user", id);

	save.row.auth_data = box;
	save.row.auth_data_len = len;
	save.old_key_will_do = true;
	ck_assert_int_eq(unit_put(store, &save), STORE_OK);
}

START_TEST(boxes_are_counted_by_their_key)
{
	struct store_box_counts counts;
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_box_count(store, &counts), STORE_OK);
	ck_assert_uint_eq(counts.count, 0);
	ck_assert_int_eq(store_boxes_under(&counts, 0x80000001), 0);
	unit_register(store, 0x80000001);
	unit_register(store, 0x80000002);
	put_box(store, "id-1", "\1\x80\0\0\1 one", 9);
	put_box(store, "id-2", "\1\x80\0\0\2 two", 9);
	put_box(store, "id-3", "\1\x80\0\0\1 three", 11);
	put_box(store, "id-4", NULL, 0);
	put_box(store, "id-5", "\1\x80", 2);
	ck_assert_int_eq(store_box_count(store, &counts), STORE_OK);
	ck_assert_uint_eq(counts.count, 3);
	ck_assert_uint_eq(counts.of[0].key_id, 0);
	ck_assert_int_eq(counts.of[0].boxes, 1);
	ck_assert_uint_eq(counts.of[1].key_id, 0x80000001);
	ck_assert_int_eq(counts.of[1].boxes, 2);
	ck_assert_uint_eq(counts.of[2].key_id, 0x80000002);
	ck_assert_int_eq(counts.of[2].boxes, 1);
	ck_assert_int_eq(store_boxes_under(&counts, 0x80000001), 2);
	ck_assert_int_eq(store_boxes_under(&counts, 0x80000003), 0);
	store_close(store);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		copy_has_what_is_only_in_the_log,
		copy_can_be_served_from,
		copy_needs_no_lock_and_a_save_in_the_middle_is_not_in_it,
		what_is_there_is_not_written_over,
		copy_that_fails_leaves_nothing,
		copy_without_a_name_is_read_by_its_descriptor,
		copy_without_a_name_that_fails_leaves_nothing,
		database_is_restored_to_where_nothing_is,
		what_belongs_to_another_database_is_in_the_way_of_a_restore,
		database_of_a_server_is_not_restored_from_a_file,
		database_is_not_restored_while_another_has_its_lock,
		database_without_a_log_is_copied_too,
		boxes_are_counted_by_their_key,
	};

	return (unit_main("store_backup", tests,
	    sizeof tests / sizeof tests[0]));
}
