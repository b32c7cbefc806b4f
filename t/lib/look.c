/*
 * Preloaded: at SIGUSR2 the process looks through its own memory, all that can
 * be written and all that belongs to no file, for the texts of LOOK_FOR, and
 * appends a line to the file LOOK: how many times each is there. The texts are
 * in hexadecimal, each byte XOR 0x5a, so that the looking does not find itself,
 * and all are as long; a comma stands between two. With LOOK_AT_END set it does
 * so when it ends, too. With LOOK_FREED set, memory that is freed stays as it
 * is.
 *
 * All is opened before main begins, and what is read goes through a pipe, so
 * that a sandbox does not mind, nor memory that another thread unmaps.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NEEDLES_MAX = 4, NEEDLE_MAX = 64, PIECE = 32768, MAPS_MAX = 1 << 18,
    MASK = 0x5a, FIRST_FD = 500 };

static unsigned char needles[NEEDLES_MAX][NEEDLE_MAX];
static size_t needle_count, needle_len;
static int maps_fd = -1, out_fd = -1, ends[2] = { -1, -1 };
static char maps[MAPS_MAX];
/* What was left of the piece before, so that a text may lie across two. */
static unsigned char piece[NEEDLE_MAX + PIECE];
static size_t carried;

/* Out of the way of a program that counts its descriptors. */
static int
away(int fd)
{
	int other = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD);

	if (other == -1)
		return (fd);
	close(fd);
	return (other);
}

static bool
is_at(const unsigned char *at, const unsigned char *needle)
{
	size_t i;

	for (i = 0; i < needle_len && (at[i] ^ MASK) == needle[i]; i++)
		;
	return (i == needle_len);
}

static void
search(size_t len, unsigned long found[NEEDLES_MAX])
{
	size_t i, n;

	for (i = 0; i + needle_len <= len; i++)
		for (n = 0; n < needle_count; n++)
			found[n] += is_at(piece + i, needles[n]);
	carried = len < needle_len - 1 ? len : needle_len - 1;
	memmove(piece, piece + len - carried, carried);
	explicit_bzero(piece + carried, sizeof piece - carried);
}

static void
look_in(uintptr_t from, uintptr_t to, unsigned long found[NEEDLES_MAX])
{
	ssize_t n;

	for (carried = 0; from < to; from += (size_t)n) {
		n = to - from < PIECE ? (ssize_t)(to - from) : PIECE;
		n = write(ends[1], (const void *)from, (size_t)n);
		if (n <= 0)
			break;
		if (read(ends[0], piece + carried, (size_t)n) != n)
			abort();
		search(carried + (size_t)n, found);
	}
	explicit_bzero(piece, sizeof piece);
}

/* Whether a line of maps is of memory that can have been written to. */
static bool
is_ours(const char *mode, const char *device, const char *name)
{
	return (strncmp(mode, "rw", 2) == 0 || (mode[0] == 'r' &&
	    strcmp(device, "00:00") == 0 && strncmp(name, "[v", 2) != 0));
}

static void
look(int signal)
{
	static atomic_flag is_busy = ATOMIC_FLAG_INIT;
	unsigned long found[NEEDLES_MAX] = { 0 };
	char mode[8], device[16], name[8], line[128], *row, *rest = NULL;
	size_t len = 0, i;
	uintptr_t from, to;
	ssize_t n;

	(void)signal;
	if (atomic_flag_test_and_set(&is_busy))
		return;
	while ((n = pread(maps_fd, maps + len, sizeof maps - 1 - len,
	    (off_t)len)) > 0)
		len += (size_t)n;
	maps[len] = '\0';
	for (row = strtok_r(maps, "\n", &rest); row != NULL;
	    row = strtok_r(NULL, "\n", &rest)) {
		name[0] = '\0';
		if (sscanf(row, "%" SCNxPTR "-%" SCNxPTR " %7s %*s %15s %*s "
		    "%7s", &from, &to, mode, device, name) >= 4 &&
		    is_ours(mode, device, name))
			look_in(from, to, found);
	}
	for (len = 0, i = 0; i < needle_count; i++)
		len += (size_t)snprintf(line + len, sizeof line - len,
		    "%lu%c", found[i], i + 1 < needle_count ? ' ' : '\n');
	/* Before it is told: whoever reads it may ask again at once. */
	atomic_flag_clear(&is_busy);
	if (write(out_fd, line, len) != (ssize_t)len)
		abort();
}

static void
read_needles(const char *text)
{
	unsigned byte;

	for (needle_count = 1; *text != '\0'; text += 2) {
		if (*text == ',') {
			needle_count++;
			needle_len = 0;
			text++;
		}
		if (needle_count > NEEDLES_MAX || needle_len == NEEDLE_MAX ||
		    sscanf(text, "%2x", &byte) != 1)
			abort();
		needles[needle_count - 1][needle_len++] = (unsigned char)byte;
	}
}

__attribute__((constructor)) static void
begin(void)
{
	struct sigaction action = { .sa_handler = look,
	    .sa_flags = SA_RESTART };
	const char *out = getenv("LOOK"), *text = getenv("LOOK_FOR");

	if (out == NULL || text == NULL)
		return;
	read_needles(text);
	maps_fd = away(open("/proc/self/maps", O_RDONLY | O_CLOEXEC));
	out_fd = away(open(out, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
	    0600));
	if (pipe2(ends, O_CLOEXEC) == -1 || maps_fd == -1 || out_fd == -1)
		abort();
	ends[0] = away(ends[0]);
	ends[1] = away(ends[1]);
	sigaction(SIGUSR2, &action, NULL);
}

__attribute__((destructor)) static void
end(void)
{
	if (out_fd != -1 && getenv("LOOK_AT_END") != NULL)
		look(0);
}

int
mallopt(int parameter, int value)
{
	int (*real)(int, int);

	if (parameter == M_PERTURB && getenv("LOOK_FREED") != NULL)
		return (1);
	*(void **)&real = dlsym(RTLD_NEXT, "mallopt");
	return (real != NULL ? real(parameter, value) : 0);
}
