/*
 * Reading a descriptor as its bytes come. Knows nothing of what they mean.
 */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "ground/input.h"
#include "ground/log.h"

/* Wait until there is something to read, or an end or error to be read. */
static int
await(const struct input *input)
{
	struct pollfd fd = { .fd = input->fd, .events = POLLIN };

	if (poll(&fd, 1, 0) != 0)
		return (0);
	if (input->idle != NULL && input->idle(input->cookie) == -1)
		return (-1);
	(void)poll(&fd, 1, -1);
	return (0);
}

ssize_t
input_some(const struct input *input, void *bytes, size_t len)
{
	ssize_t n;

	do {
		if (await(input) == -1)
			return (-1);
		n = read(input->fd, bytes, len);
	} while (n == -1 && (errno == EINTR || errno == EAGAIN));
	if (n == -1)
		log_error("reading failed: %s", strerror(errno));
	return (n);
}

ssize_t
input_all(const struct input *input, void *bytes, size_t len)
{
	char *at = bytes;
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		if ((n = input_some(input, at + got, len - got)) == -1)
			return (-1);
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return ((ssize_t)got);
}
