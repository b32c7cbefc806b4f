/* Memory for secrets, as the system sees it. */
#include "config.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#include "secrets/secret.h"
#include "unit/unit.h"

int __real_sodium_init(void);
int __wrap_sodium_init(void);

static bool libsodium_is_broken;

/* The linker puts it in the place of libsodium's. */
int
__wrap_sodium_init(void)
{
	return (libsodium_is_broken ? -1 : __real_sodium_init());
}

/* Whether the system can write a byte at p: it answers EFAULT, not SIGSEGV. */
static bool
is_writable(void *p)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, p, 1);

	ck_assert(n == 1 || errno == EFAULT);
	close(fd);
	return (n == 1);
}

START_TEST(process_makes_no_core_file)
{
	struct rlimit core;

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_CORE, &core), 0);
	ck_assert_uint_eq(core.rlim_cur, 0);
	ck_assert_uint_eq(core.rlim_max, 0);
}
END_TEST

START_TEST(process_cannot_be_looked_into)
{
	ck_assert_int_eq(secret_init(), 0);
#if !defined(__SANITIZE_ADDRESS__)	/* LeakSanitizer traces itself */
	ck_assert_int_eq(prctl(PR_GET_DUMPABLE), 0);
#endif
}
END_TEST

START_TEST(init_can_be_repeated)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_str_eq(unit_log(), "");
}
END_TEST

START_TEST(libsodium_that_does_not_start_is_told)
{
	libsodium_is_broken = true;
	ck_assert_int_eq(secret_init(), -1);
	unit_has(unit_log(), "libsodium does not start");
}
END_TEST

START_TEST(memory_ends_where_it_ends)
{
	unsigned char *p;

	ck_assert_int_eq(secret_init(), 0);
	p = secret_alloc(64);
	ck_assert_ptr_nonnull(p);
	memset(p, 0xff, 64);
	ck_assert(is_writable(p + 63));
	ck_assert(!is_writable(p + 64));
	secret_free(p);
}
END_TEST

START_TEST(sealed_memory_can_be_read_only)
{
	unsigned char *p;

	ck_assert_int_eq(secret_init(), 0);
	p = secret_alloc(16);
	ck_assert_ptr_nonnull(p);
	memset(p, 'k', 16);
	secret_seal(p);
	ck_assert_int_eq(p[15], 'k');
	ck_assert(!is_writable(p));
	secret_free(p);
}
END_TEST

START_TEST(free_takes_null)
{
	secret_free(NULL);
}
END_TEST

START_TEST(absurd_size_is_refused_and_logged)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_ptr_null(secret_alloc(SIZE_MAX / 2));
	unit_has(unit_log(), "out of memory for keys");
}
END_TEST

START_TEST(memory_that_cannot_be_locked_is_warned_of)
{
	const struct rlimit none = { 0, 0 };
	uid_t user = geteuid();
	bool is_lenient;
	void *p;

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &none), 0);
	/* Root's memory is locked whatever the limit says. */
	if (user == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	/* Under a sanitizer nothing is locked, and nothing refused. */
	is_lenient = mlock(&user, sizeof user) == 0;
	p = secret_alloc(16);
	ck_assert_int_eq(seteuid(user), 0);
	ck_assert_ptr_nonnull(p);
	if (!is_lenient)
		unit_has(unit_log(), "warning keys cannot be kept off the "
		    "swap");
	secret_free(p);
}
END_TEST

START_TEST(wiped_memory_is_zero)
{
	char p[] = "secret";

	secret_wipe(p, 5);
	ck_assert_mem_eq(p, "\0\0\0\0\0t", 6);
}
END_TEST

START_TEST(equal_is_told_from_unequal)
{
	ck_assert_int_eq(secret_equal("abc", "abc", 3), 1);
	ck_assert_int_eq(secret_equal("abc", "abd", 3), 0);
	ck_assert_int_eq(secret_equal("abc", "xbc", 3), 0);
	ck_assert_int_eq(secret_equal("abc", "abd", 2), 1);
	ck_assert_int_eq(secret_equal("a", "b", 0), 1);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		process_makes_no_core_file,
		process_cannot_be_looked_into,
		init_can_be_repeated,
		libsodium_that_does_not_start_is_told,
		memory_ends_where_it_ends,
		sealed_memory_can_be_read_only,
		free_takes_null,
		absurd_size_is_refused_and_logged,
		memory_that_cannot_be_locked_is_warned_of,
		wiped_memory_is_zero,
		equal_is_told_from_unequal,
	};

	return (unit_main("secret", tests, sizeof tests / sizeof tests[0]));
}
