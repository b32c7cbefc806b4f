/* What a thread has seen of files stands for a turn, and no longer. */
#include "config.h"

#include <sys/stat.h>

#include "unit/unit_app.h"

static void
move(const char *from, const char *to)
{
	ck_assert_int_eq(rename(from, to), 0);
}

/* The next request of the turn; 422: it has passed all that looks at files. */
static void
answers_next(struct unit_house *house, const char *root, int status)
{
	struct call *call = &house->call;

	unit_ask(house, "{}")->document_root = root;
	app_admit(call);
	ck_assert(app_begin(call));
	ck_assert_msg(call->reply.status == status, "%s: %d", root,
	    call->reply.status);
}

START_TEST(files_of_the_database_are_looked_at_once_a_turn)
{
	struct unit_house house;

	unit_begin(&house);
	answers_next(&house, "", 422);
	reader_turn(&house.reader);
	answers_next(&house, "", 422);
	move(unit_database, "away.db");
	answers_next(&house, "", 422);
	unit_has_not(unit_log(), "was taken away");
	reader_turn(&house.reader);
	answers_next(&house, "", 500);
	unit_has(unit_log(), "was taken away");
	unit_end(&house);
}
END_TEST

START_TEST(files_that_were_put_back_are_not_trusted_in_any_turn)
{
	struct unit_house house;
	int i;

	unit_begin(&house);
	answers_next(&house, "", 422);
	move(unit_database, "away.db");
	reader_turn(&house.reader);
	answers_next(&house, "", 500);
	move("away.db", unit_database);
	for (i = 0; i < 3; i++) {
		answers_next(&house, "", 500);
		reader_turn(&house.reader);
	}
	unit_end(&house);
}
END_TEST

START_TEST(store_that_was_dropped_is_looked_at_when_it_is_back)
{
	struct unit_house house;

	unit_begin(&house);
	answers_next(&house, "", 422);
	answers_next(&house, "", 422);
	ck_assert(house.reader.is_seen);
	reader_drop(&house.reader);
	ck_assert_ptr_nonnull(reader_store(&house.reader));
	move(unit_database, "away.db");
	ck_assert_ptr_null(reader_store(&house.reader));
	unit_end(&house);
}
END_TEST

START_TEST(document_root_is_looked_at_once_a_turn)
{
	struct unit_house house;

	unit_begin(&house);
	ck_assert_int_eq(mkdir("www", 0700), 0);
	ck_assert_int_eq(symlink("www", "root"), 0);
	answers_next(&house, "root", 422);
	ck_assert_int_eq(unlink("root"), 0);
	ck_assert_int_eq(symlink(".", "root"), 0);
	answers_next(&house, "root", 422);
	reader_turn(&house.reader);
	answers_next(&house, "root", 500);
	ck_assert_int_eq(unlink("root"), 0);
	answers_next(&house, "root", 500);
	reader_turn(&house.reader);
	answers_next(&house, "root", 422);
	unit_end(&house);
}
END_TEST

START_TEST(each_document_root_of_a_turn_is_looked_at)
{
	struct unit_house house;
	char root[600] = "www";
	size_t len;

	unit_begin(&house);
	ck_assert_int_eq(mkdir("www", 0700), 0);
	answers_next(&house, "www", 422);
	answers_next(&house, ".", 500);
	answers_next(&house, "www", 422);
	answers_next(&house, ".", 500);
	answers_next(&house, "", 422);
	/* Longer than what is remembered: www, or where the database is. */
	for (len = 3; len < sizeof root - 3; len += 2)
		memcpy(root + len, "/.", 3);
	answers_next(&house, root, 422);
	memcpy(root, "./.", 3);
	answers_next(&house, root, 500);
	memcpy(root, "www", 3);
	answers_next(&house, root, 422);
	unit_end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		files_of_the_database_are_looked_at_once_a_turn,
		files_that_were_put_back_are_not_trusted_in_any_turn,
		store_that_was_dropped_is_looked_at_when_it_is_back,
		document_root_is_looked_at_once_a_turn,
		each_document_root_of_a_turn_is_looked_at,
	};

	return (unit_main("reader", tests, sizeof tests / sizeof tests[0]));
}
