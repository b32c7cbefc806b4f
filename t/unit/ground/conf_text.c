/* The text of a configuration file, and its comments. */
#include "config.h"

#include <sys/stat.h>

#include "ground/conf_text.h"
#include "unit/unit.h"

START_TEST(comments_are_blanked_and_lines_stay)
{
	static const struct {
		const char *text;
		const char *blanked;
	} cases[] = {
		{ "", "" },
		{ "a = 1\n", "a = 1\n" },
		{ "# x\na = 1", "   \na = 1" },
		{ "a = 1 // x\nb", "a = 1     \nb" },
		{ "a /* x\ny */ b", "a     \n     b" },
		{ "a /* x", "a     " },
		{ "a = \"# // /* \" # x", "a = \"# // /* \"    " },
		{ "a = '#' #", "a = '#'  " },
		{ "a = \"\\\"#\" #", "a = \"\\\"#\"  " },
		{ "a = \"#\n", "a = \"#\n" },
		{ "/", "/" },
		{ "a = /b/c", "a = /b/c" },
	};
	char text[64];
	size_t i;

	for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		snprintf(text, sizeof text, "%s", cases[i].text);
		conf_text_blank(text);
		ck_assert_str_eq(text, cases[i].blanked);
	}
}
END_TEST

static void
write_file(const char *name, const char *bytes, size_t len)
{
	FILE *out = fopen(name, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(bytes, 1, len, out), len);
	ck_assert_int_eq(fclose(out), 0);
}

START_TEST(what_is_no_text_file_is_refused)
{
	static const char *const names[] = { "none", "directory", "nul",
	    "large" };
	struct buf text;
	size_t i;

	ck_assert_int_eq(mkdir("directory", 0700), 0);
	write_file("nul", "a\0b", 3);
	write_file("large", "", 0);
	ck_assert_int_eq(truncate("large", 1 << 20), 0);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		buf_init(&text, 65537);
		ck_assert_int_eq(conf_text_read(names[i], &text), -1);
		unit_has(unit_log(), names[i]);
		buf_fini(&text);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		comments_are_blanked_and_lines_stay,
		what_is_no_text_file_is_refused,
	};

	return (unit_main("conf_text", tests,
	    sizeof tests / sizeof tests[0]));
}
