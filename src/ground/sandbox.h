#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stdint.h>

/* What a process is to keep when all else is taken from it. */
struct sandbox {
	uint64_t mode;		/* enum conf_sandbox */
	const char *database;	/* whose directory can be changed, or NULL */
	const char *key_file;	/* whose directory can be read */
	const char *const *credentials;	/* the same of each; NULL ends them,
					   or: there are none */
	bool connects;		/* to a server: sockets can be made for it */
	const char *socket;	/* that will be removed, or NULL */
	bool is_quiet;		/* say nothing but why it is refused */
};

/*
 * Close the sandbox around this thread and those that it starts, for good:
 * files elsewhere cannot be opened, other programs not be started, no socket
 * be made, but for one that connects. To be called before the first thread,
 * when all that is needed once is open. What the system does not have is said
 * in the log; with CONF_SANDBOX_ON it is an error. Returns 0, or -1 with the
 * reason logged.
 */
int sandbox_close(const struct sandbox *sandbox)
    __attribute__((warn_unused_result));

#endif
