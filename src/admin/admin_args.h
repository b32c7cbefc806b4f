#ifndef ADMIN_ARGS_H
#define ADMIN_ARGS_H

#include <stddef.h>

#include "admin/admin.h"

/*
 * What a subcommand takes beside the global options: a bit for each option,
 * and the kind of its one argument. The options are a table of admin_args.c.
 */
enum takes {
	TAKES_NOTHING = 0,
	TAKES_USER = 1 << 0,
	TAKES_NAME = 1 << 1,
	TAKES_EXPIRES = 1 << 2,
	TAKES_TO = 1 << 3,
	TAKES_IN_CLEAR = 1 << 4,
	TAKES_IDENTITY = 1 << 5,
	TAKES_RECIPIENT = 1 << 6,
	TAKES_SCOPES = 1 << 7,
	TAKES_KEY = TAKES_USER | TAKES_NAME | TAKES_EXPIRES | TAKES_SCOPES,
	TAKES_SET_UP = 1 << 8,		/* what the web server has of us */
	TAKES_OVERLAP = 1 << 9,
	TAKES_FROM = 1 << 10,
	TAKES_FILTER = 1 << 15,		/* of integrations */
	TAKES_ID = 1 << 16,
	TAKES_FILE = 1 << 17,
	TAKES_NO_CONF = 1 << 24,	/* it loads none, or by itself */
	TAKES_RIGHTS = 1 << 25		/* of root: it gives them up itself */
};

struct command {
	const char *verb;
	const char *object;		/* NULL: the verb alone */
	unsigned takes;
	enum admin_rc (*run)(const struct admin *);
	const char *help;
};

/*
 * Find the subcommand that the command line names, and fill admin from it.
 * NULL: *rc is the end, because the usage was asked for and is printed, or
 * because something does not fit, which is logged by name.
 */
const struct command *admin_args_read(struct admin *admin,
    const struct command *commands, size_t count, int argc, char **argv,
    enum admin_rc *rc) __attribute__((warn_unused_result));

#endif
