/* The keys of an export's recipient, as text and as a file. */
#include "config.h"

#include <sys/stat.h>

#include "secrets/recipient.h"
#include "secrets/secret.h"
#include "unit/unit.h"

static char text[RECIPIENT_TEXT_LEN + 1];

static void
make(const char *path)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(recipient_create(path, text), 0);
}

static void
write_file(const char *path, const char *line, mode_t mode)
{
	FILE *file = fopen(path, "w");

	fputs(line, file);
	fclose(file);
	ck_assert_int_eq(chmod(path, mode), 0);
}

START_TEST(public_key_has_54_characters_and_reads_back)
{
	unsigned char key[RECIPIENT_KEY_LEN];

	make("key");
	ck_assert_uint_eq(strlen(text), 54);
	ck_assert_int_eq(strncmp(text, "srpub_", 6), 0);
	ck_assert_int_eq(recipient_read(text, key), 0);
}
END_TEST

START_TEST(any_typing_error_is_noticed)
{
	unsigned char key[RECIPIENT_KEY_LEN];
	size_t i;
	char was;

	make("key");
	for (i = 0; i < RECIPIENT_TEXT_LEN; i++) {
		was = text[i];
		text[i] = was == 'Q' ? 'R' : 'Q';
		ck_assert_int_eq(recipient_read(text, key), -1);
		text[i] = was;
	}
	text[RECIPIENT_TEXT_LEN - 1] = '\0';
	ck_assert_int_eq(recipient_read(text, key), -1);
	ck_assert_int_eq(recipient_read("", key), -1);
	unit_has(unit_log(), "no recipient's public key");
}
END_TEST

START_TEST(secret_key_is_a_file_of_the_owners_alone)
{
	struct stat st;

	umask(0);
	make("key");
	ck_assert_int_eq(stat("key", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, RECIPIENT_TEXT_LEN + 1);
}
END_TEST

START_TEST(file_that_exists_is_left_alone)
{
	write_file("key", "mine", 0600);
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(recipient_create("key", text), -1);
	unit_has(unit_log(), "key exists and is left alone");
	ck_assert_int_eq(recipient_create("/dev/null/key", text), -1);
}
END_TEST

START_TEST(file_that_others_may_read_is_refused)
{
	make("key");
	ck_assert_int_eq(chmod("key", 0640), 0);
	ck_assert_ptr_null(recipient_load("key"));
	unit_has(unit_log(), "chmod it to 0600");
}
END_TEST

START_TEST(file_with_something_else_is_refused)
{
	static const char *const lines[] = { "", "\n", "srsec_",
	    "srsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
	    "srsec_????????????????????????????????????????????????\n" };
	size_t i;

	make("key");
	write_file("public", text, 0600);
	ck_assert_ptr_null(recipient_load("public"));
	for (i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		write_file("wrong", lines[i], 0600);
		ck_assert_ptr_null(recipient_load("wrong"));
		unit_has(unit_log(), "not one line with a recipient's");
	}
	ck_assert_ptr_null(recipient_load("missing"));
	ck_assert_ptr_null(recipient_load("."));
	unit_has(unit_log(), "not a regular file");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		public_key_has_54_characters_and_reads_back,
		any_typing_error_is_noticed,
		secret_key_is_a_file_of_the_owners_alone,
		file_that_exists_is_left_alone,
		file_that_others_may_read_is_refused,
		file_with_something_else_is_refused,
	};

	return (unit_main("recipient", tests, sizeof tests / sizeof tests[0]));
}
