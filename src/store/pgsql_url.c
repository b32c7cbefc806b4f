/*
 * The URL of a database in PostgreSQL: which of libpq's parameters may stand in
 * it, and that no secret does.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground/log.h"
#include "store/pgsql.h"

/* What a URL may say (PostgreSQL's manual, 34.1.2). */
static const char *const permitted[] = { "channel_binding", "connect_timeout",
    "dbname", "gssencmode", "host", "hostaddr", "keepalives",
    "keepalives_count", "keepalives_idle", "keepalives_interval", "passfile",
    "port", "sslcert", "sslcrl", "sslkey", "sslmode", "sslrootcert",
    "target_session_attrs", "tcp_user_timeout", "user", NULL };

static bool
is_permitted(const char *keyword)
{
	const char *const *word;

	for (word = permitted; *word != NULL; word++)
		if (strcmp(*word, keyword) == 0)
			return (true);
	return (false);
}

/* libpq warns of a file that others may read, and goes on without it. */
static bool
is_private(const char *passfile)
{
	struct stat st;

	if (stat(passfile, &st) == -1) {
		log_error("passfile %s: %s", passfile, strerror(errno));
		return (false);
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 &&
	    (st.st_uid == geteuid() || st.st_uid == 0))
		return (true);
	log_error("passfile %s must be a file of ours that nobody else may "
	    "read: chown it, and chmod 600", passfile);
	return (false);
}

static bool
is_good(const PQconninfoOption *option)
{
	if (option->val == NULL)
		return (true);
	if (strcmp(option->keyword, "password") == 0) {
		log_error("the database's URL has a password in it: put that "
		    "into a file of its own, mode 600, and name the file by "
		    "passfile=");
		return (false);
	}
	if (!is_permitted(option->keyword)) {
		log_error("the database's URL has %s in it, which strongroom "
		    "does not take: see strongroom.conf(5)", option->keyword);
		return (false);
	}
	return (strcmp(option->keyword, "passfile") != 0 ||
	    is_private(option->val));
}

int
pgsql_url(struct pgsql *db)
{
	const PQconninfoOption *option;
	char *message = NULL;

	/* Its message would have the URL in it, and what may be in that. */
	db->options = db->pq->conninfoParse(db->url, &message);
	db->pq->freemem(message);
	if (db->options == NULL) {
		log_error("the database's URL is none that PostgreSQL's "
		    "library takes, or memory is short: see "
		    "strongroom.conf(5)");
		return (-1);
	}
	for (option = db->options; option->keyword != NULL; option++)
		if (!is_good(option))
			return (-1);
	return (pgsql_place_find(db));
}
