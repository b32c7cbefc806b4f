#ifndef CONF_H
#define CONF_H

#include <stdbool.h>
#include <stdint.h>

enum { CONF_MAX_BODY_MAX = 64 << 20 };	/* of max_body */

/* strongroom.conf(5). Filled by conf_load, released by conf_fini. */
struct conf {
	char *database;
	char *master_key_file;
	uint64_t max_connections;
	uint64_t max_requests;		/* under way at once */
	uint64_t max_request_memory;	/* bytes of their bodies */
	uint64_t max_body;		/* bytes */
	uint64_t busy_timeout_ms;
	uint64_t audit_days;		/* that rows are kept; 0: for ever */
	uint64_t expiring_days;		/* that a token is "expiring" */
	uint64_t idempotency_hours;	/* that an Idempotency-Key is kept */
	uint64_t io_timeout_ms;
	uint64_t log_level;		/* enum log_level */
	uint64_t log_format;		/* enum log_format */
	uint64_t journal_mode;		/* enum conf_journal */
	uint64_t sandbox;		/* enum conf_sandbox */
	uint64_t metrics;		/* enum conf_metrics */
};

enum conf_journal { CONF_JOURNAL_AUTO, CONF_JOURNAL_WAL,
    CONF_JOURNAL_TRUNCATE };
enum conf_metrics { CONF_METRICS_OFF, CONF_METRICS_ON };
enum conf_sandbox { CONF_SANDBOX_AUTO, CONF_SANDBOX_ON, CONF_SANDBOX_OFF };

/* What is read when no other file is named. */
extern const char conf_system_file[];

/*
 * Fill conf from its defaults, then from file, then from the environment
 * (STRONGROOM_ and the key in capitals; an empty variable is none), the later
 * winning. file NULL: the system's file, which may be absent. Root takes no
 * file that others could replace. Every fault is logged with file and line, or
 * variable; what is of no use any more is named and passed over. Returns 0, or
 * -1 with nothing to release.
 */
int conf_load(struct conf *conf, const char *file)
    __attribute__((warn_unused_result));

/*
 * Warn of every variable of the environment that begins with STRONGROOM_ and
 * belongs to no key, for it may be a typing mistake. Once log_open was called.
 */
void conf_warn(void);

/* Takes an all-zero conf too. */
void conf_fini(struct conf *conf);

/* Whether what is named as a database is a server's, not a file of ours. */
bool conf_is_url(const char *database);

/* Whether there is a password in a URL of a database, where none may be. */
bool conf_has_password(const char *url);

/*
 * The file in whose directory lies what the service itself writes: the
 * database, or the key file where the database is a server's. Lent.
 */
const char *conf_home(const struct conf *conf);

#endif
