/*
 * floor SOCKET [BYTES]: the floor of "make bench", what nginx, FastCGI and 64
 * threads cost when nothing is checked and nothing is stored. It reads the body
 * and answers the same bytes from memory, as long as the answer to a save, or
 * so many.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcgiapp.h>

enum { THREADS = 64, BACKLOG = 4096 };

static const char answer[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\n"
    "Cache-Control: no-store\r\nContent-Length: %d\r\n\r\n"
    "{\"success\":true,\"data\":\"%0*d\",\"error\":null}";

enum { BYTES = 500, FRAME = 39, BYTES_MAX = 1 << 20 };

static char reply[BYTES_MAX + 1024];
static int reply_len;

static void *
serve(void *arg)
{
	FCGX_Request request;
	char body[8192];

	if (FCGX_InitRequest(&request, *(int *)arg, 0) != 0)
		exit(1);
	while (FCGX_Accept_r(&request) == 0) {
		while (FCGX_GetStr(body, sizeof body, request.in) > 0)
			;
		FCGX_PutStr(reply, reply_len, request.out);
	}
	return (NULL);
}

int
main(int argc, char **argv)
{
	int bytes = argc == 3 ? atoi(argv[2]) : BYTES;
	pthread_t thread;
	int fd, i;

	if (argc < 2 || argc > 3 || bytes <= FRAME || bytes > BYTES_MAX ||
	    FCGX_Init() != 0 ||
	    (fd = FCGX_OpenSocket(argv[1], BACKLOG)) == -1)
		return (1);
	reply_len = snprintf(reply, sizeof reply, answer, bytes,
	    bytes - FRAME, 0);
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&thread, NULL, serve, &fd) != 0)
			return (1);
	serve(&fd);
	return (1);
}
