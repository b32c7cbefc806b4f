/* Whether others could put something else in a file's place. */
#include "config.h"

#include <limits.h>
#include <sys/stat.h>

#include "ground/trust.h"
#include "unit/unit.h"

/* The tests' directory belongs to whoever runs them, below a sticky one. */
static void
make(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
make_directory(const char *path, mode_t mode)
{
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void
is_trusted(const char *path)
{
	struct trust_doubt doubt;

	ck_assert_msg(trust_path(path, geteuid(), &doubt), "%s: %s", path,
	    doubt.text);
	ck_assert_ptr_null(doubt.cure);
}

static void
is_doubted(const char *path, uid_t uid, const char *text, const char *cure)
{
	struct trust_doubt doubt;

	ck_assert_msg(!trust_path(path, uid, &doubt), "%s is trusted", path);
	unit_has(doubt.text, text);
	unit_has(doubt.cure, cure);
}

START_TEST(what_is_mine_alone_is_trusted)
{
	char here[PATH_MAX], path[PATH_MAX + 16];

	make("file", 0644);
	is_trusted("file");
	is_trusted("./file");
	is_trusted(".");
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	snprintf(path, sizeof path, "%s//file", here);
	is_trusted(path);
	is_trusted("/");
}
END_TEST

START_TEST(what_is_missing_is_no_reason_to_doubt)
{
	is_trusted("none");
	is_trusted("none/none");
	ck_assert_int_eq(symlink("none", "link"), 0);
	is_trusted("link");
	ck_assert_int_eq(symlink("loop", "loop"), 0);
	is_trusted("loop");
}
END_TEST

START_TEST(file_that_others_may_write_to_is_doubted)
{
	make("group", 0664);
	is_doubted("group", geteuid(), "/group may be changed by its group "
	    "(mode 0664)", "chmod go-w it");
	make("all", 0602);
	is_doubted("all", geteuid(), "/all may be changed by others (mode "
	    "0602)", "chmod go-w it");
	make("sticky", 01666);
	is_doubted("sticky", geteuid(), "/sticky may be changed by others",
	    "chmod go-w it");
}
END_TEST

START_TEST(directory_that_others_may_write_to_is_doubted)
{
	make_directory("dir", 0775);
	make("dir/file", 0600);
	is_doubted("dir/file", geteuid(), "directory /", "chmod go-w it");
	is_doubted("dir/file", geteuid(), "/dir may be changed by its group "
	    "(mode 0775)", "chmod go-w it");
	is_doubted("dir/none", geteuid(), "/dir may be", "chmod go-w it");
	ck_assert_int_eq(chmod("dir", 0757), 0);
	is_doubted("dir/file", geteuid(), "/dir may be changed by others",
	    "chmod go-w it");
	/* Nobody replaces another's file there. */
	ck_assert_int_eq(chmod("dir", 01777), 0);
	is_trusted("dir/file");
	ck_assert_int_eq(chmod("dir/file", 0666), 0);
	is_doubted("dir/file", geteuid(), "/dir/file may be changed",
	    "chmod go-w it");
}
END_TEST

START_TEST(directory_is_on_the_way_by_any_link)
{
	make_directory("safe", 0755);
	make_directory("open", 0777);
	make("safe/file", 0644);
	make("open/file", 0644);
	ck_assert_int_eq(symlink("../safe/file", "open/to-safe"), 0);
	ck_assert_int_eq(symlink("../open/to-safe", "safe/around"), 0);
	ck_assert_int_eq(symlink("../open/file", "safe/to-open"), 0);
	ck_assert_int_eq(symlink("../safe", "safe/self"), 0);
	is_trusted("safe/file");
	is_trusted("safe/self/file");
	is_trusted("safe/self/./self/../safe/file");
	is_doubted("safe/to-open", geteuid(), "/open may be", "chmod");
	is_doubted("open/to-safe", geteuid(), "/open may be", "chmod");
	is_doubted("safe/around", geteuid(), "/open may be", "chmod");
	is_doubted("open/../safe/file", geteuid(), "/open may be", "chmod");
	is_doubted("safe/self/to-open", geteuid(), "/open may be", "chmod");
}
END_TEST

START_TEST(what_belongs_to_another_is_doubted)
{
	char text[64];
	uid_t other = geteuid() == 0 ? 65534 : 0;

	make("file", 0644);
	snprintf(text, sizeof text, "belongs to user %u",
	    (unsigned)(geteuid() == 0 ? other : geteuid()));
	if (geteuid() == 0)
		ck_assert_int_eq(chown("file", other, other), 0);
	is_doubted("file", 0, text, "chown it to root, or run this as that "
	    "user");
	if (geteuid() != 0)
		return;
	make_directory("dir", 01777);
	make("dir/mine", 0644);
	is_trusted("dir/mine");
	ck_assert_int_eq(symlink("mine", "dir/link"), 0);
	is_trusted("dir/link");
	ck_assert_int_eq(lchown("dir/link", other, other), 0);
	is_doubted("dir/link", 0, "link /", "chown");
	ck_assert_int_eq(chown("dir", other, other), 0);
	is_doubted("dir/mine", 0, "/dir belongs to user 65534", "chown");
}
END_TEST

START_TEST(path_that_is_too_long_is_nothing_to_doubt)
{
	char path[3 * PATH_MAX];

	memset(path, 'x', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	is_trusted(path);
	path[0] = '/';
	is_trusted(path);
	path[PATH_MAX - 1] = '\0';
	is_trusted(path);
	is_trusted(path + 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_mine_alone_is_trusted,
		what_is_missing_is_no_reason_to_doubt,
		file_that_others_may_write_to_is_doubted,
		directory_that_others_may_write_to_is_doubted,
		directory_is_on_the_way_by_any_link,
		what_belongs_to_another_is_doubted,
		path_that_is_too_long_is_nothing_to_doubt,
	};
	const char *tmp = getenv("TMPDIR");
	struct trust_doubt doubt;

	if (!trust_path(tmp != NULL ? tmp : "/tmp", geteuid(), &doubt)) {
		printf("1..0 # SKIP %s\n", doubt.text);
		return (EXIT_SUCCESS);
	}
	return (unit_main("trust", tests, sizeof tests / sizeof tests[0]));
}
