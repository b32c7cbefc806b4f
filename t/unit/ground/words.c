/* Sets of words, as bits and as text. */
#include "config.h"

#include "ground/integration.h"
#include "ground/scope.h"
#include "ground/words.h"
#include "unit/unit.h"

static unsigned
reads(const char *text)
{
	unsigned set = 0;

	ck_assert_msg(words_read(&set, scope_words, text), "%s", text);
	return (set);
}

static void
refuses(const char *text)
{
	unsigned set;

	ck_assert_msg(!words_read(&set, scope_words, text), "%s", text);
}

START_TEST(words_are_bits_in_any_order)
{
	ck_assert_uint_eq(reads("save"), SCOPE_SAVE);
	ck_assert_uint_eq(reads("metrics"), SCOPE_METRICS);
	ck_assert_uint_eq(reads("reveal,save"), SCOPE_SAVE | SCOPE_REVEAL);
	ck_assert_uint_eq(reads("read,read"), SCOPE_READ);
}
END_TEST

START_TEST(other_words_are_refused)
{
	refuses("");
	refuses(",");
	refuses("save,");
	refuses(",save");
	refuses("save,,read");
	refuses("save, read");
	refuses("Save");
	refuses("sav");
	refuses("saves");
}
END_TEST

START_TEST(sets_are_written_in_the_order_of_the_list)
{
	char text[WORDS_TEXT_MAX];

	words_write(text, scope_words, reads("admin,read,save"));
	ck_assert_str_eq(text, "save,read,admin");
	words_write(text, scope_words, 0);
	ck_assert_str_eq(text, "");
	words_write(text, integration_types, WORDS_ALL);
	ck_assert_str_eq(text, "sentry,jira,linear,confluence,slack,github");
}
END_TEST

START_TEST(each_word_has_a_bit_of_its_own)
{
	ck_assert_uint_eq(words_bit(integration_types, "sentry"), 1);
	ck_assert_uint_eq(words_bit(integration_types, "github"), 32);
	ck_assert_uint_eq(words_bit(integration_types, "git"), 0);
	ck_assert_uint_eq(words_bit(integration_types, ""), 0);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		words_are_bits_in_any_order, other_words_are_refused,
		sets_are_written_in_the_order_of_the_list,
		each_word_has_a_bit_of_its_own
	};

	return (unit_main("words", tests, sizeof tests / sizeof tests[0]));
}
