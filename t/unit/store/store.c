/* The store: making and opening a database, keys, transactions, upkeep. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "store/store_upkeep.h"
#include "unit/unit_store.h"

static enum store_rc
try_open(const char *path)
{
	struct store_conf conf = unit_store_conf();
	struct store *store = NULL;
	enum store_rc rc;

	conf.path = path;
	rc = store_open(&store, &conf, STORE_WRITE);
	store_close(store);
	return (rc);
}

START_TEST(files_are_made_for_their_owner_alone)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct store *store;
	struct stat st;

	umask(0);
	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	ck_assert_int_eq(stat("strongroom.db", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat("strongroom.db-wal", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat("strongroom.db-shm", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(stat("strongroom.db.lock", &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	store_close(store);
}
END_TEST

enum { FILES_ROOM = 512 };

static int
tell_file(void *cookie, const char *path)
{
	char *text = cookie;
	size_t len = strlen(text);

	snprintf(text + len, FILES_ROOM - len, "%s ", strrchr(path, '/') + 1);
	return (strlen(text) > 200);
}

START_TEST(files_of_a_database_are_told)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct store_conf conf = unit_store_conf();
	char text[FILES_ROOM] = "";

	keyring_free(unit_create());
	ck_assert_int_eq(symlink(unit_database, "link.db"), 0);
	conf.path = "link.db";
	ck_assert_int_eq(store_files(&conf, tell_file, text), 0);
	ck_assert_str_eq(text, "strongroom.db strongroom.db-wal "
	    "strongroom.db-shm strongroom.db-journal strongroom.db.lock ");
	conf.path = "none.db";
	ck_assert_int_eq(store_files(&conf, tell_file, text), -1);
	ck_assert_int_eq(errno, ENOENT);
	/* What is returned ends it. */
	conf.path = unit_database;
	memset(text, 'x', 190);
	text[190] = '\0';
	ck_assert_int_eq(store_files(&conf, tell_file, text), 1);
	ck_assert_uint_eq(strlen(text), 204);
}
END_TEST

START_TEST(existing_database_is_not_made_again)
{
	struct store_conf conf = unit_store_conf();
	struct keyring *keyring = unit_create();
	struct keyring_print prints[KEYRING_MAX + 1];
	size_t count = keyring_prints(keyring, prints);
	struct store *store = unit_open(STORE_WRITE);

	unit_put_row(store, "id-1", "a");
	store_close(store);
	ck_assert_int_eq(store_create(&conf, prints, count), STORE_CONFLICT);
	ck_assert_uint_eq(unit_rows(), 1);
	keyring_free(keyring);
}
END_TEST

START_TEST(what_is_no_database_is_not_opened)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	FILE *out = fopen("text.db", "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs("This is a text and no database.\n", out), 0);
	fclose(out);
	close(open("empty.db", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	ck_assert_int_eq(mkdir("dir.db", 0700), 0);
	ck_assert_int_eq(try_open("none.db"), STORE_UNAVAILABLE);
	ck_assert_int_eq(access("none.db", F_OK), -1);
	ck_assert_int_eq(try_open("text.db"), STORE_UNAVAILABLE);
	ck_assert_int_eq(try_open("empty.db"), STORE_UNAVAILABLE);
	ck_assert_int_eq(try_open("dir.db"), STORE_UNAVAILABLE);
	unit_has(unit_log(), "none.db");
}
END_TEST

START_TEST(newer_schema_is_not_opened)
{
	keyring_free(unit_create());
	unit_set_schema(99);
	ck_assert_int_eq(try_open(unit_store_conf().path), STORE_NEWER);
	unit_has(unit_log(), "install the newer strongroom");
	unit_set_schema(0);
	ck_assert_int_eq(try_open(unit_store_conf().path), STORE_UNAVAILABLE);
}
END_TEST

START_TEST(older_schema_is_opened_for_its_upgrade_alone)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct store *store;
	int has = 0, wants = 0;

	keyring_free(unit_create());
	unit_set_schema(1);
	ck_assert_int_eq(try_open(unit_store_conf().path), STORE_OLDER);
	unit_has(unit_log(), "run strongroom migrate");
	store = unit_open(STORE_UPGRADE);
	ck_assert_int_eq(store_schema(store, &has, &wants), STORE_OK);
	ck_assert_int_eq(has, 1);
	ck_assert_int_gt(wants, 1);
	store_close(store);
}
END_TEST

START_TEST(schema_that_changes_under_a_store_ends_its_transactions)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_set_schema(99);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_NEWER);
	unit_has(unit_log(), "restart the service");
	/* The lock is free again. */
	unit_give_lock(unit_take_lock());
	store_close(store);
}
END_TEST

START_TEST(database_that_is_there_answers)
{
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_READ);
	ck_assert_int_eq(store_ping(store), STORE_OK);
	store_close(store);
	store_close(NULL);
}
END_TEST

START_TEST(keys_of_the_database_must_all_be_there)
{
	struct keyring *keyring = unit_create();
	struct keyring *other = unit_keyring("other.key");
	struct keyring_print ours[KEYRING_MAX + 1], others[KEYRING_MAX + 1];
	struct store *store = unit_open(STORE_READ);
	struct keyring_print more[3];

	ck_assert_uint_eq(keyring_prints(keyring, ours), 2);
	ck_assert_uint_eq(keyring_prints(other, others), 2);
	ck_assert_int_eq(store_keys_check(store, ours, 2), STORE_OK);
	ck_assert_int_eq(store_keys_check(store, others, 2), STORE_OTHER_KEY);
	ck_assert_int_eq(store_keys_check(store, ours, 1), STORE_OTHER_KEY);
	ck_assert_int_eq(store_keys_check(store, ours + 1, 1),
	    STORE_OTHER_KEY);
	more[0] = ours[0];
	more[1] = others[1];
	more[2] = ours[1];
	ck_assert_int_eq(store_keys_check(store, more, 3), STORE_OK);
	more[1] = ours[1];
	more[2] = others[1];	/* the file's newest, not registered yet */
	ck_assert_int_eq(store_keys_check(store, more, 3), STORE_OK);
	store_close(store);
	keyring_free(keyring);
	keyring_free(other);
}
END_TEST

START_TEST(lock_is_held_from_begin_to_the_end)
{
	struct store_conf conf = unit_store_conf();
	struct store *one, *other;

	keyring_free(unit_create());
	conf.busy_timeout_ms = 50;
	ck_assert_int_eq(store_open(&one, &conf, STORE_WRITE), STORE_OK);
	ck_assert_int_eq(store_open(&other, &conf, STORE_WRITE), STORE_OK);
	ck_assert_int_eq(store_begin(one, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_begin(other, UNIT_WAIT_MS), STORE_BUSY);
	ck_assert_int_eq(store_commit(one), STORE_OK);
	ck_assert_int_eq(store_begin(other, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_begin(one, UNIT_WAIT_MS), STORE_BUSY);
	store_rollback(other);
	ck_assert_int_eq(store_begin(one, UNIT_WAIT_MS), STORE_OK);
	store_rollback(one);
	store_close(one);
	store_close(other);
}
END_TEST

START_TEST(commit_is_seen_by_others_and_a_rollback_is_not)
{
	struct store_save save = unit_save("id-1", "user", "a");
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &save), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 0);
	store_rollback(store);
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &save), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 0);
	ck_assert_int_eq(store_commit(store), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 1);
	store_close(store);
}
END_TEST

START_TEST(closing_within_a_transaction_leaves_nothing)
{
	struct store_save save = unit_save("id-1", "user", "a");
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	ck_assert_int_eq(store_begin(store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(store, &save), STORE_OK);
	store_close(store);
	ck_assert_uint_eq(unit_rows(), 0);
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-2", "b");
	ck_assert_uint_eq(unit_rows(), 1);
	store_close(store);
}
END_TEST

START_TEST(reader_reads_while_another_writes)
{
	struct store *writer, *reader;

	keyring_free(unit_create());
	writer = unit_open(STORE_WRITE);
	reader = unit_open(STORE_READ);
	ck_assert_int_eq(store_begin(writer, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_ping(reader), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 0);
	store_rollback(writer);
	store_close(reader);
	store_close(writer);
}
END_TEST

static void
ignore_limit(int sig)
{
	(void)sig;
}

/* Make a database where no file can grow beyond that many bytes. */
static enum store_rc
create_within(rlim_t bytes)
{
	struct store_conf conf = unit_store_conf();
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring = keyring_load(unit_key_file);
	size_t count = keyring_prints(keyring, prints);
	struct rlimit was, little;
	enum store_rc rc;

	(void)signal(SIGXFSZ, ignore_limit);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &was), 0);
	little = (struct rlimit){ bytes < was.rlim_cur ? bytes : was.rlim_cur,
	    was.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	rc = store_create(&conf, prints, count);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &was), 0);
	keyring_free(keyring);
	return (rc);
}

START_TEST(failed_creation_leaves_no_database)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	enum store_rc rc = STORE_FULL;
	rlim_t bytes;

	keyring_free(unit_keyring(unit_key_file));
	for (bytes = 1024; rc != STORE_OK; bytes += 1024) {
		ck_assert_uint_lt(bytes, 1 << 20);
		rc = create_within(bytes);
		ck_assert_int_ne(rc, STORE_CONFLICT);
		ck_assert_int_eq(access("strongroom.db", F_OK) == 0,
		    rc == STORE_OK);
	}
	ck_assert_uint_gt(bytes, 16384);
	ck_assert_int_eq(try_open(unit_store_conf().path), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 0);
}
END_TEST

START_TEST(log_of_a_removed_database_is_not_the_new_ones)
{
	if (unit_url() != NULL)
		return;		/* it has no files */
	struct store *store;

	keyring_free(unit_create());
	store = unit_open(STORE_WRITE);
	unit_put_row(store, "id-1", "a");
	store_close(store);
	ck_assert_int_eq(unlink(unit_database), 0);
	ck_assert_int_eq(create_within(RLIM_INFINITY), STORE_OK);
	ck_assert_uint_eq(unit_rows(), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		files_are_made_for_their_owner_alone,
		files_of_a_database_are_told,
		existing_database_is_not_made_again,
		what_is_no_database_is_not_opened,
		newer_schema_is_not_opened,
		older_schema_is_opened_for_its_upgrade_alone,
		schema_that_changes_under_a_store_ends_its_transactions,
		database_that_is_there_answers,
		keys_of_the_database_must_all_be_there,
		lock_is_held_from_begin_to_the_end,
		commit_is_seen_by_others_and_a_rollback_is_not,
		closing_within_a_transaction_leaves_nothing,
		reader_reads_while_another_writes,
		failed_creation_leaves_no_database,
		log_of_a_removed_database_is_not_the_new_ones,
	};

	return (unit_main("store", tests, sizeof tests / sizeof tests[0]));
}
