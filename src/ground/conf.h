#ifndef CONF_H
#define CONF_H

#include <stdint.h>

/* strongroom.conf(5). Filled by conf_load, released by conf_fini. */
struct conf {
	char *database;
	char *master_key_file;
	uint64_t threads;
	uint64_t max_body;		/* bytes */
	uint64_t queue;			/* saves; below threads */
	uint64_t busy_timeout_ms;
	uint64_t io_timeout_ms;
	uint64_t log_level;		/* enum log_level */
	uint64_t log_format;		/* enum log_format */
	uint64_t journal_mode;		/* enum conf_journal */
	uint64_t sandbox;		/* enum conf_sandbox */
};

enum conf_journal { CONF_JOURNAL_AUTO, CONF_JOURNAL_WAL,
    CONF_JOURNAL_TRUNCATE };
enum conf_sandbox { CONF_SANDBOX_AUTO, CONF_SANDBOX_ON, CONF_SANDBOX_OFF };

/*
 * Fill conf from its defaults, then from file, then from the environment
 * (STRONGROOM_ and the key in capitals), the later winning. file NULL: the
 * system's file, which may be absent. Every fault is logged with file and
 * line, or variable. Returns 0, or -1 with nothing to release.
 */
int conf_load(struct conf *conf, const char *file)
    __attribute__((warn_unused_result));

/* Takes an all-zero conf too. */
void conf_fini(struct conf *conf);

#endif
