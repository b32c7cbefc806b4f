/* A mapped file that loses its bytes. */
#include "config.h"

#include <signal.h>
#include <sys/mman.h>

#include "ground/mapping.h"
#include "unit/unit.h"

enum { LEN = 20000 };

static int
make_file(const char *name)
{
	int fd = open(name, O_RDWR | O_CREAT, 0600);

	ck_assert_int_ne(fd, -1);
	ck_assert_int_eq(ftruncate(fd, LEN), 0);
	return (fd);
}

START_TEST(file_that_is_cut_off_is_memory_from_then_on)
{
	int fd = make_file("page");
	volatile char *at = mapping_open(fd, LEN);

	ck_assert_ptr_nonnull((void *)(uintptr_t)at);
	at[LEN - 1] = 'a';
	ck_assert(!mapping_is_lost());
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	at[LEN - 1] = 'b';
	ck_assert_int_eq(at[LEN - 1], 'b');
	ck_assert_int_eq(at[0], 0);
	ck_assert(mapping_is_lost());
	mapping_close();
	close(fd);
}
END_TEST

START_TEST(what_is_written_is_in_the_file)
{
	int fd = make_file("page");
	char *at = mapping_open(fd, LEN), byte;

	ck_assert_ptr_nonnull(at);
	at[7] = 'x';
	ck_assert_int_eq(pread(fd, &byte, 1, 7), 1);
	ck_assert_int_eq(byte, 'x');
	ck_assert(!mapping_is_lost());
	mapping_close();
	close(fd);
}
END_TEST

/* In a child, for it ends there. */
START_TEST(any_other_access_ends_the_process)
{
	int fd = make_file("page"), other = make_file("other"), status;
	volatile char *at;
	pid_t pid;

	ck_assert_ptr_nonnull(mapping_open(fd, LEN));
	at = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, other, 0);
	ck_assert_int_eq(ftruncate(other, 0), 0);
	ck_assert_int_ne(pid = fork(), -1);
	if (pid == 0) {
		at[0] = 'x';
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) ? WTERMSIG(status) == SIGBUS :
	    WEXITSTATUS(status) != 0);
	ck_assert(!mapping_is_lost());
	mapping_close();
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		file_that_is_cut_off_is_memory_from_then_on,
		what_is_written_is_in_the_file,
		any_other_access_ends_the_process,
	};

	return (unit_main("mapping", tests, sizeof tests / sizeof tests[0]));
}
