#ifndef UNIT_H
#define UNIT_H

/*
 * What every unit test begins with: a program that runs its tests, each in a
 * process and a directory of its own, and says TAP on standard output and
 * nothing else. What the code under test logs goes to the file "log" of the
 * test's directory; it is shown when a test has failed.
 */
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNIT_SECONDS = 600, UNIT_LOG_MAX = 65536 };

static char unit_base[PATH_MAX];
static bool unit_has_failed;

/* Reports of the sanitizer end the test, or they would be lost in the log. */
const char *__ubsan_default_options(void);
const char *
__ubsan_default_options(void)
{
	return ("halt_on_error=1:print_stacktrace=1");
}

/* Before each test: a fresh working directory, and the log in it. */
static inline void
unit_setup(void)
{
	char dir[sizeof unit_base + sizeof "/XXXXXX"];
	int fd;

	snprintf(dir, sizeof dir, "%s/XXXXXX", unit_base);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(chdir(dir), 0);
	fd = open("log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	ck_assert_int_eq(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	close(fd);
}

/* What was logged since the last call, as a text that lasts until the next. */
static inline const char *
unit_log(void)
{
	static char text[UNIT_LOG_MAX];
	int fd = open("log", O_RDWR | O_CLOEXEC);
	ssize_t len = read(fd, text, sizeof text - 1);

	ck_assert_int_ge(len, 0);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	close(fd);
	text[len] = '\0';
	return (text);
}

/* Assert that text has part in it. */
static inline void
unit_has(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in \"%s\"",
	    part, text);
}

static inline void
unit_has_not(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) == NULL, "\"%s\" is in \"%s\"", part,
	    text);
}

/* Assert that len bytes do not have the text part among them. */
static inline void
unit_lacks(const void *bytes, size_t len, const char *part)
{
	ck_assert_msg(len == 0 || memmem(bytes, len, part, strlen(part)) ==
	    NULL, "\"%s\" is there", part);
}

/*
 * Run a part of a test that cannot be undone in a process of its own: an
 * assertion that fails there fails the test. In the test's own process check
 * would miss what was given up: it asks timer_create(2) which clock there is,
 * before the test and after it, and takes the difference of the two clocks.
 */
static inline void
unit_apart(void (*part)(void))
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ne(pid, -1);
	if (pid == 0) {
		part();
		exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}

static inline int
unit_remove(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
	char line[512];
	FILE *file;

	(void)st;
	if (unit_has_failed && type == FTW_F &&
	    strcmp(path + ftw->base, "log") == 0 &&
	    (file = fopen(path, "r")) != NULL) {
		while (fgets(line, sizeof line, file) != NULL)
			fputs(line, stderr);
		fclose(file);
	}
	return (remove(path));
}

/*
 * Run tests. TAP goes to standard output, or where CK_TAP_LOG_FILE_NAME says.
 * Returns the program's exit code.
 */
static inline int
unit_main(const char *name, const TTest *const *tests, size_t count)
{
	const char *tmp = getenv("TMPDIR");
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	size_t i;

	snprintf(unit_base, sizeof unit_base, "%s/unit-%s-XXXXXX",
	    tmp != NULL && *tmp != '\0' ? tmp : "/tmp", name);
	if (mkdtemp(unit_base) == NULL) {
		perror(unit_base);
		return (EXIT_FAILURE);
	}
	tcase_set_timeout(tcase, UNIT_SECONDS);
	tcase_add_checked_fixture(tcase, unit_setup, NULL);
	for (i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	if (getenv("CK_TAP_LOG_FILE_NAME") == NULL)
		srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	unit_has_failed = srunner_ntests_failed(runner) > 0;
	srunner_free(runner);
	(void)nftw(unit_base, unit_remove, 8, FTW_DEPTH | FTW_PHYS);
	return (unit_has_failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

#endif
