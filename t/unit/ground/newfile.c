/* Files that appear whole or not at all. */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>
#ifdef HAVE_SECCOMP
#include <seccomp.h>
#endif

#include "ground/newfile.h"
#include "unit/unit.h"

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

#ifdef HAVE_SECCOMP
/* From here on the system call fails like this, in this process. */
static void
let_fail(int call, unsigned error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	ck_assert_ptr_nonnull(filter);
	ck_assert_int_eq(seccomp_rule_add(filter, SCMP_ACT_ERRNO(error), call,
	    0), 0);
	ck_assert_int_eq(seccomp_load(filter), 0);
	seccomp_release(filter);
}

START_TEST(nothing_is_replaced_where_the_file_system_cannot_rename_so)
{
	struct newfile file;

	let_fail(SCMP_SYS(renameat2), EINVAL);
	ck_assert_int_eq(newfile_begin(&file, "x"), 0);
	ck_assert_int_eq(newfile_finish(&file), 0);
	newfile_fini(&file);
	ck_assert_uint_eq(count_of("x*"), 1);
	ck_assert_int_eq(newfile_begin(&file, "y"), 0);
	ck_assert_int_eq(mkdir("y", 0700), 0);
	ck_assert_int_eq(newfile_finish(&file), -1);
	ck_assert_int_eq(errno, EEXIST);
	newfile_fini(&file);
	ck_assert_uint_eq(count_of("y*"), 1);
}
END_TEST

START_TEST(file_that_cannot_be_renamed_is_none)
{
	struct newfile file;

	let_fail(SCMP_SYS(renameat2), EIO);
	ck_assert_int_eq(newfile_begin(&file, "x"), 0);
	ck_assert_int_eq(newfile_finish(&file), -1);
	ck_assert_int_eq(errno, EIO);
	newfile_fini(&file);
	ck_assert_uint_eq(count_of("x*"), 0);
}
END_TEST

START_TEST(file_that_is_not_synced_is_none)
{
	struct newfile file;

	ck_assert_int_eq(newfile_settle("x"), 0);
	let_fail(SCMP_SYS(fsync), EIO);
	ck_assert_int_eq(newfile_settle("x"), -1);
	ck_assert_int_eq(errno, EIO);
	ck_assert_int_eq(newfile_begin(&file, "x"), 0);
	ck_assert_int_eq(newfile_finish(&file), -1);
	ck_assert_int_eq(errno, EIO);
	unit_has(unit_log(), "x cannot be made by user");
	newfile_fini(&file);
	ck_assert_uint_eq(count_of("x*"), 0);
}
END_TEST
#endif

int
main(void)
{
	const TTest *const tests[] = {
		file_appears_when_it_is_finished,
		file_that_is_given_up_leaves_nothing,
		what_is_there_is_left_alone,
		directory_that_is_not_there_is_named,
#ifdef HAVE_SECCOMP
		nothing_is_replaced_where_the_file_system_cannot_rename_so,
		file_that_cannot_be_renamed_is_none,
		file_that_is_not_synced_is_none,
#endif
	};

	return (unit_main("newfile", tests, sizeof tests / sizeof tests[0]));
}
