/*
 * The configuration: one table of keys, read by libconfuse and from the
 * environment through the same checks. Knows nothing of what a key changes.
 */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <confuse.h>

#include "ground/buf.h"
#include "ground/conf.h"
#include "ground/conf_text.h"
#include "ground/log.h"
#include "ground/number.h"

/* A path where words and high are absent, a number or one of words else. */
struct key {
	const char *name;
	const char *preset;		/* NULL: it depends on others */
	size_t offset;
	uint64_t low;
	uint64_t high;
	const char *const *words;
};

static const char *const level_words[] = { "error", "warning", "info",
    "debug", NULL };
static const char *const format_words[] = { "text", "json", NULL };
static const char *const journal_words[] = { "auto", "wal", "truncate",
    NULL };
static const char *const sandbox_words[] = { "auto", "on", "off", NULL };

#define AT(member) offsetof(struct conf, member)

static const struct key keys[] = {
	{ "database", LOCALSTATEDIR "/lib/strongroom/strongroom.db",
	    AT(database), 0, 0, NULL },
	{ "master_key_file", SYSCONFDIR "/strongroom/master.key",
	    AT(master_key_file), 0, 0, NULL },
	{ "threads", "64", AT(threads), 2, 1024, NULL },
	{ "max_body", "1048576", AT(max_body), 1024, 64 << 20, NULL },
	{ "queue", NULL, AT(queue), 1, 1023, NULL },
	{ "busy_timeout_ms", "2000", AT(busy_timeout_ms), 1, 60000, NULL },
	{ "io_timeout_ms", "10000", AT(io_timeout_ms), 100, 600000, NULL },
	{ "log_level", "info", AT(log_level), 0, 0, level_words },
	{ "log_format", "text", AT(log_format), 0, 0, format_words },
	{ "journal_mode", "auto", AT(journal_mode), 0, 0, journal_words },
	{ "sandbox", "auto", AT(sandbox), 0, 0, sandbox_words },
};

enum {
	KEYS = sizeof keys / sizeof keys[0],
	COMPLAINT_MAX = 160,
	FILE_MAX = 65537	/* bytes, with the NUL behind them */
};

static bool
is_path(const struct key *key)
{
	return (key->high == 0 && key->words == NULL);
}

static int
parse_word(const char *const *words, const char *text, uint64_t *value)
{
	uint64_t i;

	for (i = 0; words[i] != NULL; i++) {
		if (strcmp(words[i], text) == 0) {
			*value = i;
			return (0);
		}
	}
	return (-1);
}

static void
complain_of_words(const struct key *key, char complaint[COMPLAINT_MAX])
{
	size_t i, len;

	snprintf(complaint, COMPLAINT_MAX, "%s must be one of:", key->name);
	for (i = 0; key->words[i] != NULL; i++) {
		len = strlen(complaint);
		snprintf(complaint + len, COMPLAINT_MAX - len, " %s",
		    key->words[i]);
	}
}

/* Check text for key; a complaint is written where it does not fit. */
static int
check_value(const struct key *key, const char *text, uint64_t *value,
    char complaint[COMPLAINT_MAX])
{
	if (is_path(key)) {
		if (text[0] == '/')
			return (0);
		snprintf(complaint, COMPLAINT_MAX,
		    "%s must be a path that begins with /", key->name);
	} else if (key->words != NULL) {
		if (parse_word(key->words, text, value) == 0)
			return (0);
		complain_of_words(key, complaint);
	} else {
		if (number_parse(text, key->low, key->high, value) == 0)
			return (0);
		snprintf(complaint, COMPLAINT_MAX,
		    "%s must be a number from %llu to %llu", key->name,
		    (unsigned long long)key->low,
		    (unsigned long long)key->high);
	}
	return (-1);
}

/* text has passed check_value. */
static int
set_value(struct conf *conf, const struct key *key, const char *text)
{
	char complaint[COMPLAINT_MAX];
	char *at = (char *)conf + key->offset;
	uint64_t value = 0;
	char *path;

	if (is_path(key)) {
		if ((path = strdup(text)) == NULL) {
			log_error("out of memory while reading the "
			    "configuration");
			return (-1);
		}
		free(*(char **)(void *)at);
		*(char **)(void *)at = path;
		return (0);
	}
	if (check_value(key, text, &value, complaint) == -1)
		return (-1);
	*(uint64_t *)(void *)at = value;
	return (0);
}

static int
check_option(cfg_t *cfg, cfg_opt_t *opt)
{
	char complaint[COMPLAINT_MAX];
	const char *text = cfg_opt_getstr(opt);
	uint64_t value;
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (strcmp(keys[i].name, cfg_opt_name(opt)) == 0)
			break;
	if (i == KEYS || text == NULL)
		return (0);
	if (check_value(&keys[i], text, &value, complaint) == 0)
		return (0);
	cfg_error(cfg, "%s", complaint);
	return (-1);
}

static void __attribute__((format(printf, 2, 0)))
report(cfg_t *cfg, const char *format, va_list ap)
{
	char text[512];

	vsnprintf(text, sizeof text, format, ap);
	log_error("%s:%d: %s", cfg->filename != NULL ? cfg->filename : "?",
	    cfg->line, text);
}

/*
 * Parse text into cfg as if it were file. libconfuse tells what is wrong,
 * through report, and where.
 */
static int
parse(cfg_t *cfg, const char *file, const struct buf *text)
{
	FILE *stream;
	int rc;

	if (text->len == 0)
		return (0);
	if ((stream = fmemopen(text->data, text->len, "r")) == NULL ||
	    (cfg->filename = strdup(file)) == NULL) {
		log_error("out of memory while reading %s", file);
		if (stream != NULL)
			fclose(stream);
		return (-1);
	}
	errno = 0;
	rc = cfg_parse_fp(cfg, stream);
	/* Of this the library does not tell. */
	if (rc != CFG_SUCCESS && errno == ENOMEM)
		log_error("out of memory while reading %s", file);
	fclose(stream);
	return (rc == CFG_SUCCESS ? 0 : -1);
}

static int
load_file(struct conf *conf, const char *file)
{
	cfg_opt_t opts[KEYS + 1];
	cfg_t *cfg = NULL;
	struct buf text;
	size_t i;
	int rc = -1;

	buf_init(&text, FILE_MAX);
	memset(opts, 0, sizeof opts);
	for (i = 0; i < KEYS; i++)
		opts[i] = (cfg_opt_t)CFG_STR(keys[i].name, NULL,
		    CFGF_NODEFAULT);
	opts[KEYS] = (cfg_opt_t)CFG_END();
	if (conf_text_read(file, &text) == -1)
		goto done;
	if ((cfg = cfg_init(opts, CFGF_NONE)) == NULL) {
		log_error("out of memory while reading %s", file);
		goto done;
	}
	(void)cfg_set_error_function(cfg, report);
	for (i = 0; i < KEYS; i++)
		(void)cfg_set_validate_func(cfg, keys[i].name, check_option);
	rc = parse(cfg, file, &text);
	for (i = 0; rc == 0 && i < KEYS; i++)
		if (cfg_size(cfg, keys[i].name) > 0 &&
		    cfg_getstr(cfg, keys[i].name) != NULL)
			rc = set_value(conf, &keys[i],
			    cfg_getstr(cfg, keys[i].name));
done:
	if (cfg != NULL)
		cfg_free(cfg);
	buf_fini(&text);
	return (rc);
}

static int
load_environment(struct conf *conf)
{
	char name[64], complaint[COMPLAINT_MAX];
	const char *text;
	uint64_t value;
	size_t i, k;

	for (i = 0; i < KEYS; i++) {
		snprintf(name, sizeof name, "STRONGROOM_%s", keys[i].name);
		for (k = 0; name[k] != '\0'; k++)
			name[k] = (char)toupper((unsigned char)name[k]);
		if ((text = getenv(name)) == NULL)
			continue;
		if (check_value(&keys[i], text, &value, complaint) == -1) {
			log_error("%s: %s", name, complaint);
			return (-1);
		}
		if (set_value(conf, &keys[i], text) == -1)
			return (-1);
	}
	return (0);
}

static int
settle_queue(struct conf *conf)
{
	if (conf->queue == 0)
		conf->queue = conf->threads * 3 / 4;
	if (conf->queue < conf->threads)
		return (0);
	log_error("queue must be below threads (%llu), so that a thread is "
	    "left to answer when it is full",
	    (unsigned long long)conf->threads);
	return (-1);
}

int
conf_load(struct conf *conf, const char *file)
{
	static const char system_file[] =
	    SYSCONFDIR "/strongroom/strongroom.conf";
	size_t i;

	*conf = (struct conf){ 0 };
	for (i = 0; i < KEYS; i++)
		if (keys[i].preset != NULL &&
		    set_value(conf, &keys[i], keys[i].preset) == -1)
			goto fail;
	if (file == NULL && access(system_file, F_OK) == 0)
		file = system_file;
	if (file != NULL && load_file(conf, file) == -1)
		goto fail;
	if (load_environment(conf) == -1 || settle_queue(conf) == -1)
		goto fail;
	return (0);
fail:
	conf_fini(conf);
	return (-1);
}

void
conf_fini(struct conf *conf)
{
	free(conf->database);
	free(conf->master_key_file);
	*conf = (struct conf){ 0 };
}
