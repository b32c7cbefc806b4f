/*
 * A FastCGI peer's bytes, through the gate and into libfcgi itself, which must
 * live: it ends the process for what it cannot bear. The first byte of the
 * input says in how many writes the rest comes.
 */
#include "config.h"

#include <sys/socket.h>
#include <unistd.h>

#include <fcgiapp.h>

#include "fuzz.h"
#include "gateway/gate.h"

enum { MOST = 60000 };

static struct gate *gate;
static FCGX_Request request;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	setenv("LIBFCGI_OS_CLOSE_POLL_TIMEOUT", "1", 1);
	fuzz_must(FCGX_Init() == 0, "libfcgi starts");
	FCGX_InitRequest(&request, -1, 0);
	gate = gate_new();
	fuzz_must(gate != NULL, "a gate");
	return (0);
}

static void
read_request(int fd)
{
	char byte[4096];
	size_t left, count = 0, total = 0;
	int n, from = FUZZ_IS_CONTROL ? dup(fd) : gate_open(gate, fd);
	char **p;

	if (from == -1)
		return;
	request.ipcFd = from;
	request.keepConnection = 1;
	if (FCGX_Accept_r(&request) != 0) {
		fuzz_must(FUZZ_IS_CONTROL, "what passes is a request");
		return;
	}
	for (p = request.envp; *p != NULL; p++, count++)
		total += strlen(*p);
	if (FUZZ_IS_CONTROL) {
		while (FCGX_GetStr(byte, sizeof byte, request.in) > 0)
			;
		FCGX_Free(&request, 1);
		return;
	}
	fuzz_must(count <= GATE_PARAMS_MAX + 1 && total <= GATE_PARAMS_LEN +
	    2 * GATE_PARAMS_MAX, "parameters are within limits");
	while ((left = gate_body(gate)) > 0)
		for (; left > 0; left -= (size_t)n) {
			n = FCGX_GetStr(byte, left < sizeof byte ? (int)left :
			    (int)sizeof byte, request.in);
			fuzz_must(n > 0, "the body that was let through");
		}
	if (gate_is_whole(gate))
		fuzz_must(FCGX_GetChar(request.in) == EOF &&
		    FCGX_GetError(request.in) == 0, "the body's end");
	FCGX_Free(&request, 0);
	request.ipcFd = -1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int pair[2];

	if (size == 0 || size > MOST)
		return (0);
	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ==
	    0, "a pair of sockets");
	fuzz_must(send(pair[0], data + 1, size - 1, MSG_NOSIGNAL) ==
	    (ssize_t)size - 1, "room for the input");
	shutdown(pair[0], SHUT_WR);
	read_request(pair[1]);
	gate_reset(gate);
	close(pair[0]);
	close(pair[1]);
	return (0);
}
