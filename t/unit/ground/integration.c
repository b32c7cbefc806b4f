/* The words of the contract. */
#include "config.h"

#include "ground/integration.h"
#include "unit/unit.h"

static void
are_words(const char *const *list, const char *const *expected)
{
	size_t i;

	for (i = 0; expected[i] != NULL; i++) {
		ck_assert_ptr_nonnull(list[i]);
		ck_assert_str_eq(list[i], expected[i]);
	}
	ck_assert_ptr_null(list[i]);
}

START_TEST(types_are_those_of_the_contract)
{
	static const char *const types[] = { "sentry", "jira", "linear",
	    "confluence", "slack", "github", NULL };

	are_words(integration_types, types);
}
END_TEST

START_TEST(statuses_are_those_of_the_contract)
{
	static const char *const statuses[] = { "active", "inactive",
	    "pending", "error", NULL };

	are_words(integration_statuses, statuses);
}
END_TEST

START_TEST(word_is_found_by_its_text)
{
	char copy[] = "linear";
	size_t i;

	for (i = 0; integration_types[i] != NULL; i++)
		ck_assert_ptr_eq(integration_word(integration_types,
		    integration_types[i]), integration_types[i]);
	ck_assert_ptr_eq(integration_word(integration_types, copy),
	    integration_types[2]);
}
END_TEST

START_TEST(other_words_are_not_found)
{
	static const char *const others[] = { "", "Jira", "JIRA", "jira ",
	    " jira", "jir", "jiraa", "active" };
	size_t i;

	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		ck_assert_msg(integration_word(integration_types,
		    others[i]) == NULL, "\"%s\" is found", others[i]);
	ck_assert_ptr_null(integration_word(integration_statuses, "jira"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		types_are_those_of_the_contract,
		statuses_are_those_of_the_contract,
		word_is_found_by_its_text,
		other_words_are_not_found,
	};

	return (unit_main("integration", tests,
	    sizeof tests / sizeof tests[0]));
}
