/* Files that appear whole or not at all. */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "newfile.h"
#include "unit.h"

static size_t
count_of(const char *pattern)
{
	char command[128];
	FILE *out;
	size_t count = 0;
	int c;

	snprintf(command, sizeof command, "ls -d %s 2>/dev/null", pattern);
	ck_assert_ptr_nonnull(out = popen(command, "r"));
	while ((c = fgetc(out)) != EOF)
		count += c == '\n';
	pclose(out);
	return (count);
}

START_TEST(file_appears_when_it_is_finished)
{
	struct newfile file;
	struct stat st;
	FILE *out;

	umask(0);
	ck_assert_int_eq(newfile_begin(&file, "x"), 0);
	ck_assert_int_eq(access("x", F_OK), -1);
	ck_assert_ptr_nonnull(out = fopen(file.name, "w"));
	ck_assert_int_eq(fputs("whole", out), 1);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(newfile_finish(&file), 0);
	newfile_fini(&file);
	ck_assert_int_eq(stat("x", &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(st.st_size, 5);
	ck_assert_uint_eq(count_of("x*"), 1);
}
END_TEST

START_TEST(file_that_is_given_up_leaves_nothing)
{
	struct newfile file = { 0 };

	newfile_fini(&file);
	ck_assert_int_eq(newfile_begin(&file, "x"), 0);
	ck_assert_uint_eq(count_of("x*"), 1);
	newfile_fini(&file);
	newfile_fini(&file);
	ck_assert_uint_eq(count_of("x*"), 0);
}
END_TEST

START_TEST(what_is_there_is_left_alone)
{
	struct newfile file;

	ck_assert_int_eq(symlink("nowhere", "x"), 0);
	ck_assert_int_eq(newfile_begin(&file, "x"), -1);
	ck_assert_int_eq(errno, EEXIST);
	unit_has(unit_log(), "x exists and is left alone");
	newfile_fini(&file);
	ck_assert_int_eq(unlink("x"), 0);
	ck_assert_int_eq(newfile_begin(&file, "x"), 0);
	ck_assert_int_eq(mkdir("x", 0700), 0);
	ck_assert_int_eq(newfile_finish(&file), -1);
	ck_assert_int_eq(errno, EEXIST);
	newfile_fini(&file);
	ck_assert_uint_eq(count_of("x*"), 1);
}
END_TEST

START_TEST(directory_that_is_not_there_is_named)
{
	struct newfile file;

	ck_assert_int_eq(newfile_begin(&file, "none/x"), -1);
	ck_assert_int_eq(errno, ENOENT);
	unit_has(unit_log(), "none/x cannot be made by user");
	newfile_fini(&file);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		file_appears_when_it_is_finished,
		file_that_is_given_up_leaves_nothing,
		what_is_there_is_left_alone,
		directory_that_is_not_there_is_named,
	};

	return (unit_main("newfile", tests, sizeof tests / sizeof tests[0]));
}
