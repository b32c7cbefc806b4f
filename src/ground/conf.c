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
#include "ground/trust.h"

/* A path where words and high are absent, a number or one of words else. */
struct key {
	const char *name;
	const char *preset;
	size_t offset;
	uint64_t low;
	uint64_t high;
	const char *const *words;
};

const char conf_system_file[] = SYSCONFDIR "/strongroom/strongroom.conf";

static const char prefix[] = "STRONGROOM_";
static const char *const level_words[] = { "error", "warning", "info",
    "debug", NULL };
static const char *const format_words[] = { "text", "json", NULL };
static const char *const journal_words[] = { "auto", "wal", "truncate",
    NULL };
static const char *const metrics_words[] = { "off", "on", NULL };
static const char *const sandbox_words[] = { "auto", "on", "off", NULL };

#define AT(member) offsetof(struct conf, member)

static const struct key keys[] = {
	{ "database", LOCALSTATEDIR "/lib/strongroom/strongroom.db",
	    AT(database), 0, 0, NULL },
	{ "master_key_file", SYSCONFDIR "/strongroom/keys/master.key",
	    AT(master_key_file), 0, 0, NULL },
	{ "max_connections", "4096", AT(max_connections), 16, 65536, NULL },
	{ "max_requests", "1024", AT(max_requests), 1, 65536, NULL },
	{ "max_request_memory", "67108864", AT(max_request_memory), 65536,
	    (uint64_t)1 << 40, NULL },
	{ "max_body", "1048576", AT(max_body), 1024, CONF_MAX_BODY_MAX,
	    NULL },
	{ "busy_timeout_ms", "2000", AT(busy_timeout_ms), 1, 60000, NULL },
	{ "io_timeout_ms", "10000", AT(io_timeout_ms), 100, 600000, NULL },
	{ "idempotency_hours", "24", AT(idempotency_hours), 1, 8760, NULL },
	{ "audit_days", "0", AT(audit_days), 0, 36525, NULL },
	{ "expiring_days", "7", AT(expiring_days), 0, 365, NULL },
	{ "log_level", "info", AT(log_level), 0, 0, level_words },
	{ "log_format", "text", AT(log_format), 0, 0, format_words },
	{ "journal_mode", "auto", AT(journal_mode), 0, 0, journal_words },
	{ "sandbox", "auto", AT(sandbox), 0, 0, sandbox_words },
	{ "metrics", "off", AT(metrics), 0, 0, metrics_words },
};

/* What there was in former versions, and what has become of it. */
static const struct {
	const char *name;
	const char *became;
} gone[] = {
	{ "threads", "one thread serves all, see max_connections" },
	{ "queue", "see max_requests" },
};

enum {
	KEYS = sizeof keys / sizeof keys[0],
	GONE = sizeof gone / sizeof gone[0],
	COMPLAINT_MAX = 160,
	VARIABLE_MAX = 64,	/* bytes of its name */
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

static const char url_prefix[] = "postgresql://";

bool
conf_is_url(const char *database)
{
	return (strncmp(database, url_prefix, sizeof url_prefix - 1) == 0);
}

const char *
conf_home(const struct conf *conf)
{
	return (conf_is_url(conf->database) ? conf->master_key_file :
	    conf->database);
}

/* It stands in log lines and commands, so no secret may be in it. */
bool
conf_has_password(const char *url)
{
	const char *who = url + sizeof url_prefix - 1;
	const char *at = strchr(who, '@');

	return ((at != NULL && memchr(who, ':', (size_t)(at - who)) != NULL) ||
	    strstr(who, "password") != NULL);
}

static int
check_path(const struct key *key, const char *text,
    char complaint[COMPLAINT_MAX])
{
	bool may_be_url = strcmp(key->name, "database") == 0;

	if (text[0] == '/')
		return (0);
	if (!may_be_url || !conf_is_url(text))
		snprintf(complaint, COMPLAINT_MAX,
		    "%s must be a path that begins with /%s", key->name,
		    may_be_url ? ", or a URL that begins with postgresql://" :
		    "");
	else if (conf_has_password(text))
		snprintf(complaint, COMPLAINT_MAX, "%s has a password in it: "
		    "put that into a file of its own, mode 600, and name the "
		    "file by passfile=", key->name);
	else
		return (0);
	return (-1);
}

/* Check text for key; a complaint is written where it does not fit. */
static int
check_value(const struct key *key, const char *text, uint64_t *value,
    char complaint[COMPLAINT_MAX])
{
	if (is_path(key))
		return (check_path(key, text, complaint));
	if (key->words != NULL) {
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

/* What is gone is no reason to refuse a configuration. */
static void
pass_over(const char *where, size_t i)
{
	log_warning("%s: %s is of no use any more: %s", where, gone[i].name,
	    gone[i].became);
}

static int
load_file(struct conf *conf, const char *file)
{
	cfg_opt_t opts[KEYS + GONE + 1];
	cfg_t *cfg = NULL;
	struct buf text;
	size_t i;
	int rc = -1;

	buf_init(&text, FILE_MAX);
	memset(opts, 0, sizeof opts);
	for (i = 0; i < KEYS; i++)
		opts[i] = (cfg_opt_t)CFG_STR(keys[i].name, NULL,
		    CFGF_NODEFAULT);
	for (i = 0; i < GONE; i++)
		opts[KEYS + i] = (cfg_opt_t)CFG_STR(gone[i].name, NULL,
		    CFGF_NODEFAULT);
	opts[KEYS + GONE] = (cfg_opt_t)CFG_END();
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
	for (i = 0; rc == 0 && i < GONE; i++)
		if (cfg_size(cfg, gone[i].name) > 0)
			pass_over(file, i);
done:
	if (cfg != NULL)
		cfg_free(cfg);
	buf_fini(&text);
	return (rc);
}

/* The name of the variable of a key. */
static void
put_variable(char name[VARIABLE_MAX], const char *key)
{
	size_t i;

	snprintf(name, VARIABLE_MAX, "%s%s", prefix, key);
	for (i = 0; name[i] != '\0'; i++)
		name[i] = (char)toupper((unsigned char)name[i]);
}

static int
load_environment(struct conf *conf)
{
	char name[VARIABLE_MAX], complaint[COMPLAINT_MAX];
	const char *text;
	uint64_t value;
	size_t i;

	for (i = 0; i < KEYS; i++) {
		put_variable(name, keys[i].name);
		if ((text = getenv(name)) == NULL || *text == '\0')
			continue;
		if (check_value(&keys[i], text, &value, complaint) == -1) {
			log_error("%s: %s", name, complaint);
			return (-1);
		}
		if (set_value(conf, &keys[i], text) == -1)
			return (-1);
	}
	for (i = 0; i < GONE; i++) {
		put_variable(name, gone[i].name);
		if ((text = getenv(name)) != NULL && *text != '\0')
			pass_over("the environment", i);
	}
	return (0);
}

/* Root does what the file says, so it is to be root's. */
static bool
is_trusted(const char *file)
{
	struct trust_doubt doubt;

	if (geteuid() != 0 || trust_path(file, 0, &doubt))
		return (true);
	log_error("configuration %s is refused by root, for others could "
	    "replace it: %s; %s", file, doubt.text, doubt.cure);
	return (false);
}

int
conf_load(struct conf *conf, const char *file)
{
	size_t i;

	*conf = (struct conf){ 0 };
	for (i = 0; i < KEYS; i++)
		if (set_value(conf, &keys[i], keys[i].preset) == -1)
			goto fail;
	if (file == NULL && access(conf_system_file, F_OK) == 0)
		file = conf_system_file;
	if (file != NULL && (!is_trusted(file) ||
	    load_file(conf, file) == -1))
		goto fail;
	if (load_environment(conf) == -1)
		goto fail;
	return (0);
fail:
	conf_fini(conf);
	return (-1);
}

/* Whether a variable, NAME=value, is that of a key. */
static bool
is_variable_of(const char *variable, const char *key)
{
	char name[VARIABLE_MAX];
	size_t len;

	put_variable(name, key);
	len = strlen(name);
	return (strncmp(variable, name, len) == 0 && variable[len] == '=');
}

static bool
is_known(const char *variable)
{
	size_t i;

	for (i = 0; i < KEYS; i++)
		if (is_variable_of(variable, keys[i].name))
			return (true);
	for (i = 0; i < GONE; i++)
		if (is_variable_of(variable, gone[i].name))
			return (true);
	return (false);
}

void
conf_warn(void)
{
	char **variable;

	for (variable = environ; *variable != NULL; variable++)
		if (strncmp(*variable, prefix, sizeof prefix - 1) == 0 &&
		    !is_known(*variable))
			log_warning("%.*s is a variable of no key of "
			    "strongroom.conf(5), and nothing is changed by it: "
			    "look for a typing mistake",
			    (int)strcspn(*variable, "="), *variable);
}

void
conf_fini(struct conf *conf)
{
	free(conf->database);
	free(conf->master_key_file);
	*conf = (struct conf){ 0 };
}
