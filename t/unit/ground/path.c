/* Paths as texts. */
#include "config.h"

#include "ground/path.h"
#include "unit/unit.h"

START_TEST(path_below_a_directory_lies_in_it)
{
	ck_assert(path_is_inside("/a/b", "/a"));
	ck_assert(path_is_inside("/a/b", "/a/"));
	ck_assert(path_is_inside("/a/b/c", "/a"));
	ck_assert(path_is_inside("/a", "/"));
}
END_TEST

START_TEST(path_that_only_begins_alike_does_not)
{
	ck_assert(!path_is_inside("/ab", "/a"));
	ck_assert(!path_is_inside("/ab/c", "/a"));
	ck_assert(!path_is_inside("/a", "/a"));
	ck_assert(!path_is_inside("/a", "/a/b"));
	ck_assert(!path_is_inside("", "/a"));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		path_below_a_directory_lies_in_it,
		path_that_only_begins_alike_does_not,
	};

	return (unit_main("path", tests, sizeof tests / sizeof tests[0]));
}
