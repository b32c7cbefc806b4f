#ifndef ADMIN_DOCTOR_H
#define ADMIN_DOCTOR_H

#include <sys/types.h>

#include "admin/admin.h"
#include "admin/admin_json.h"

/* What strongroom doctor's files share. */

enum doctor_level { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_PROBLEM };

/* What a check leaves for those behind it, and what they need. */
enum doctor_has {
	HAS_CONF = 1 << 0,
	HAS_OWNER = 1 << 1,	/* the data directory, and so the user */
	HAS_FILES = 1 << 2,	/* those of the database, all his */
	HAS_RIGHTS = 1 << 3,	/* this process is that user */
	HAS_KEY = 1 << 4,
	HAS_STORE = 1 << 5,
	HAS_SECRETS = 1 << 6,	/* libsodium has started */
	HAS_FILE = 1 << 7,	/* the database is one, not a server's */
	HAS_SERVER = 1 << 8	/* it is a server's, and open */
};

struct doctor {
	const struct admin *admin;
	struct conf conf;
	struct store_conf store_conf;
	unsigned has;
	char *directory;		/* of the database; real */
	uid_t owner;			/* of that: the service's user */
	struct keeper *keeper;
	struct store *store;
	const char *check;		/* which one is at work */
	const char *cure;		/* for what modules log meanwhile */
	struct json_out *findings;	/* NULL: text */
	long warnings;
	long problems;
	bool is_silent;			/* so far nothing was found by it */
};

/*
 * Report a finding of the check at work, in one line, and its cure; NULL
 * where there is nothing to cure, or the finding says it.
 */
void doctor_find(struct doctor *doctor, enum doctor_level level,
    const char *cure, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The name of a user, or the number where there is none. Returns name. */
enum { DOCTOR_NAME_MAX = 64 };
const char *doctor_user(uid_t uid, char name[DOCTOR_NAME_MAX]);

/* The checks of files and directories. */
void doctor_data_directory(struct doctor *doctor);
void doctor_database_files(struct doctor *doctor);
void doctor_key_directory(struct doctor *doctor);
void doctor_document_root(struct doctor *doctor);
void doctor_file_system(struct doctor *doctor);
void doctor_disk_space(struct doctor *doctor);

/* What a server that has the database is like. */
void doctor_server(struct doctor *doctor);

/* Whether the web server's user can reach the socket, and nobody else. */
void doctor_socket(struct doctor *doctor);

#endif
