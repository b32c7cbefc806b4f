/* A keyring that is swapped while others use it. */
#include "config.h"

#include <pthread.h>

#include "secrets/keeper.h"
#include "secrets/vault.h"
#include "unit/unit_store.h"

enum { THREADS = 8, ROUNDS = 200, KEYS = 6 };

/* The id of the last key of the file. */
static uint32_t
newest(void)
{
	struct keyring *keyring = keyring_load(unit_key_file);
	uint32_t id;

	ck_assert_ptr_nonnull(keyring);
	id = keyring_active_id(keyring);
	keyring_free(keyring);
	return (id);
}

static uint32_t
append(void)
{
	ck_assert_int_eq(keyring_append(unit_key_file), 0);
	return (newest());
}

static struct keeper *
begin(void)
{
	struct keeper *keeper;

	keyring_free(unit_keyring(unit_key_file));
	keeper = keeper_open(unit_key_file);
	ck_assert_ptr_nonnull(keeper);
	return (keeper);
}

/* The key in use when that one is wanted for sealing; 0: none in particular. */
static uint32_t
in_use(struct keeper *keeper, uint32_t key_id)
{
	uint32_t id = keyring_active_id(key_id == 0 ? keeper_borrow(keeper) :
	    keeper_borrow_to_seal(keeper, key_id));

	keeper_return(keeper);
	return (id);
}

/* Whether what is lent for opening has that key. */
static bool
has(struct keeper *keeper, uint32_t key_id)
{
	bool is_there = keyring_seal_key(keeper_borrow_to_open(keeper, key_id),
	    key_id) != NULL;

	keeper_return(keeper);
	return (is_there);
}

START_TEST(refused_file_is_no_keeper)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_ptr_null(keeper_open("none.key"));
	keeper_close(NULL);
}
END_TEST

START_TEST(key_that_was_appended_is_used_once_it_is_asked_for)
{
	struct keeper *keeper = begin();
	uint32_t first = newest(), second = append();

	ck_assert_uint_eq(in_use(keeper, 0), first);
	ck_assert_uint_eq(in_use(keeper, first), first);
	ck_assert_uint_eq(in_use(keeper, second), second);
	ck_assert_uint_eq(in_use(keeper, 0), second);
	keeper_close(keeper);
}
END_TEST

START_TEST(key_beyond_the_one_that_is_asked_for_is_not_used)
{
	struct keeper *keeper = begin();
	uint32_t second = append();

	(void)append();
	ck_assert_uint_eq(in_use(keeper, second), second);
	ck_assert_int_eq(keeper_reload(keeper), 0);
	ck_assert_uint_eq(in_use(keeper, 0), second);
	keeper_close(keeper);
}
END_TEST

START_TEST(file_that_lacks_the_key_is_told_of_and_the_former_serves)
{
	struct keeper *keeper = begin();
	uint32_t first = newest(), second;

	ck_assert_uint_eq(in_use(keeper, first ^ 1), first);
	unit_has(unit_log(), "lacks master key");
	/* Not with every save, nor is the file read. */
	ck_assert_uint_eq(in_use(keeper, first ^ 1), first);
	ck_assert_str_eq(unit_log(), "");
	while (strcmp(unit_log(), "") == 0) {
		ck_assert_uint_eq(in_use(keeper, first ^ 1), first);
		usleep(10000);
	}
	/* That says nothing of another key. */
	second = append();
	ck_assert_uint_eq(in_use(keeper, second), second);
	keeper_close(keeper);
}
END_TEST

/* Somebody has put an old copy in its place: no key is lost by looking. */
START_TEST(file_that_lacks_the_key_takes_no_other_away)
{
	struct keeper *keeper;
	uint32_t first, second;

	keyring_free(unit_keyring(unit_key_file));
	first = newest();
	second = append();
	keeper = keeper_open(unit_key_file);
	ck_assert_int_eq(keyring_remove(unit_key_file, second), 0);
	ck_assert_uint_eq(in_use(keeper, first ^ 1), second);
	ck_assert(has(keeper, first));
	ck_assert(has(keeper, second));
	keeper_close(keeper);
}
END_TEST

START_TEST(key_that_was_appended_is_there_for_a_box_and_not_in_use)
{
	struct keeper *keeper = begin();
	uint32_t first = newest(), second = append();

	ck_assert(has(keeper, first));
	ck_assert(has(keeper, second));
	ck_assert_uint_eq(in_use(keeper, 0), first);
	ck_assert_str_eq(unit_log(), "");
	ck_assert(!has(keeper, first ^ 1));
	unit_has(unit_log(), "lacks master key");
	ck_assert_uint_eq(in_use(keeper, 0), first);
	keeper_close(keeper);
}
END_TEST

/* Its last box was read before it was retired, and is opened now. */
START_TEST(key_that_has_left_the_file_still_opens_what_was_read)
{
	struct keeper *keeper = begin();
	uint32_t first = newest(), second = append();

	ck_assert_int_eq(keyring_remove(unit_key_file, first), 0);
	ck_assert_uint_eq(in_use(keeper, second), second);
	ck_assert(has(keeper, first));
	ck_assert(has(keeper, second));
	ck_assert_uint_eq(in_use(keeper, first), second);
	keeper_close(keeper);
}
END_TEST

START_TEST(other_key_file_is_not_taken)
{
	struct keeper *keeper = begin();
	uint32_t first = newest(), other;

	keyring_free(unit_keyring("other.key"));
	ck_assert_int_eq(rename("other.key", unit_key_file), 0);
	other = newest();
	ck_assert_uint_eq(in_use(keeper, other), first);
	unit_has(unit_log(), "was replaced by another one");
	ck_assert_int_eq(keeper_reload(keeper), -1);
	ck_assert_int_eq(unlink(unit_key_file), 0);
	ck_assert_int_eq(keeper_reload(keeper), -1);
	ck_assert_uint_eq(in_use(keeper, 0), first);
	keeper_close(keeper);
}
END_TEST

struct user {
	pthread_t thread;
	struct keeper *keeper;
	const uint32_t *ids;
	size_t wrong;
};

/* Seal under one key after the other; the box says under which. */
static void *
use(void *cookie)
{
	const struct vault_row row = { "user", "a" };
	struct user *user = cookie;
	const struct keyring *keyring;
	struct buf box;
	uint32_t id;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		id = user->ids[i * KEYS / ROUNDS];
		buf_init(&box, 1024);
		keyring = keeper_borrow_to_seal(user->keeper, id);
		if (vault_seal(keyring, &row, "x", 1, &box) == -1 ||
		    keyring_seal_key(keyring, id) == NULL ||
		    vault_key_id(box.data, box.len) !=
		    keyring_active_id(keyring))
			user->wrong++;
		keeper_return(user->keeper);
		if (!has(user->keeper, user->ids[(KEYS - 1) * i / ROUNDS]) ||
		    !has(user->keeper, user->ids[KEYS - 1]))
			user->wrong++;
		buf_fini(&box);
	}
	return (NULL);
}

START_TEST(threads_seal_while_keys_are_swapped)
{
	struct user users[THREADS];
	struct keeper *keeper = begin();
	uint32_t ids[KEYS];
	int i;

	for (i = 0; i < KEYS; i++)
		ids[i] = append();
	for (i = 0; i < THREADS; i++) {
		users[i] = (struct user){ .keeper = keeper, .ids = ids };
		ck_assert_int_eq(pthread_create(&users[i].thread, NULL, use,
		    &users[i]), 0);
	}
	for (i = 0; i < ROUNDS / 10; i++)
		ck_assert_int_eq(keeper_reload(keeper), 0);
	for (i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(users[i].thread, NULL), 0);
		ck_assert_uint_eq(users[i].wrong, 0);
	}
	keeper_close(keeper);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		refused_file_is_no_keeper,
		key_that_was_appended_is_used_once_it_is_asked_for,
		key_beyond_the_one_that_is_asked_for_is_not_used,
		file_that_lacks_the_key_is_told_of_and_the_former_serves,
		file_that_lacks_the_key_takes_no_other_away,
		key_that_was_appended_is_there_for_a_box_and_not_in_use,
		key_that_has_left_the_file_still_opens_what_was_read,
		other_key_file_is_not_taken,
		threads_seal_while_keys_are_swapped,
	};

	return (unit_main("keeper", tests, sizeof tests / sizeof tests[0]));
}
