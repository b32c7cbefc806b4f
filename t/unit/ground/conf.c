/* The configuration: defaults, file, environment, and every refusal. */
#include "config.h"

#include <sys/stat.h>

#include "ground/conf.h"
#include "ground/log.h"
#include "unit/unit.h"

static const char file[] = "strongroom.conf";

static void
write_file(const char *text)
{
	FILE *out = fopen(file, "w");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_ge(fputs(text, out), 0);
	ck_assert_int_eq(fclose(out), 0);
}

/* A file of that text is taken. */
static void
takes(struct conf *conf, const char *text)
{
	write_file(text);
	ck_assert_msg(conf_load(conf, file) == 0, "%s: %s", text, unit_log());
}

/* A file of that text is refused, and the log says so. */
static void
refuses(const char *text, const char *said)
{
	struct conf conf = { 0 }, none = { 0 };

	write_file(text);
	ck_assert_msg(conf_load(&conf, file) == -1, "%s is taken", text);
	ck_assert_mem_eq(&conf, &none, sizeof conf);
	unit_has(unit_log(), said);
}

/* The variable is refused, and the log says so. */
static void
refuses_variable(const char *name, const char *value, const char *said)
{
	struct conf conf;

	write_file("");
	ck_assert_int_eq(setenv(name, value, 1), 0);
	ck_assert_msg(conf_load(&conf, file) == -1, "%s=%s is taken", name,
	    value);
	ck_assert_int_eq(unsetenv(name), 0);
	unit_has(unit_log(), said);
}

START_TEST(empty_file_leaves_the_defaults)
{
	struct conf conf;

	takes(&conf, "");
	ck_assert_str_eq(conf.database,
	    LOCALSTATEDIR "/lib/strongroom/strongroom.db");
	ck_assert_str_eq(conf.master_key_file,
	    SYSCONFDIR "/strongroom/keys/master.key");
	ck_assert_uint_eq(conf.max_connections, 4096);
	ck_assert_uint_eq(conf.max_requests, 1024);
	ck_assert_uint_eq(conf.max_request_memory, 67108864);
	ck_assert_uint_eq(conf.max_body, 1048576);
	ck_assert_uint_eq(conf.busy_timeout_ms, 2000);
	ck_assert_uint_eq(conf.io_timeout_ms, 10000);
	ck_assert_uint_eq(conf.idempotency_hours, 24);
	ck_assert_uint_eq(conf.log_level, LOG_LEVEL_INFO);
	ck_assert_uint_eq(conf.log_format, LOG_FORMAT_TEXT);
	ck_assert_uint_eq(conf.journal_mode, CONF_JOURNAL_AUTO);
	ck_assert_str_eq(unit_log(), "");
	conf_fini(&conf);
}
END_TEST

START_TEST(file_sets_every_key)
{
	struct conf conf;

	takes(&conf, "# a comment\ndatabase = /srv/a.db\n"
	    "master_key_file = \"/srv/a b.key\"\nmax_connections=80\n"
	    "max_requests = 8\nmax_request_memory = 65536\n"
	    "max_body = 2048\nbusy_timeout_ms = 100\nio_timeout_ms = 200\n"
	    "idempotency_hours = 48\n"
	    "log_level = debug\nlog_format = json\njournal_mode = truncate\n");
	ck_assert_str_eq(conf.database, "/srv/a.db");
	ck_assert_str_eq(conf.master_key_file, "/srv/a b.key");
	ck_assert_uint_eq(conf.max_connections, 80);
	ck_assert_uint_eq(conf.max_requests, 8);
	ck_assert_uint_eq(conf.max_request_memory, 65536);
	ck_assert_uint_eq(conf.max_body, 2048);
	ck_assert_uint_eq(conf.busy_timeout_ms, 100);
	ck_assert_uint_eq(conf.io_timeout_ms, 200);
	ck_assert_uint_eq(conf.idempotency_hours, 48);
	ck_assert_uint_eq(conf.log_level, LOG_LEVEL_DEBUG);
	ck_assert_uint_eq(conf.log_format, LOG_FORMAT_JSON);
	ck_assert_uint_eq(conf.journal_mode, CONF_JOURNAL_TRUNCATE);
	conf_fini(&conf);
}
END_TEST

START_TEST(environment_wins_over_the_file)
{
	struct conf conf;

	ck_assert_int_eq(setenv("STRONGROOM_MAX_REQUESTS", "16", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_DATABASE", "/srv/b.db", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_LOG_LEVEL", "error", 1), 0);
	takes(&conf, "max_requests = 8\ndatabase = /srv/a.db\n"
	    "max_body = 2048\n");
	ck_assert_uint_eq(conf.max_requests, 16);
	ck_assert_str_eq(conf.database, "/srv/b.db");
	ck_assert_uint_eq(conf.log_level, LOG_LEVEL_ERROR);
	ck_assert_uint_eq(conf.max_body, 2048);
	conf_fini(&conf);
}
END_TEST

START_TEST(last_of_repeated_keys_wins)
{
	struct conf conf;

	takes(&conf, "max_requests = 8\nmax_requests = 9\n");
	ck_assert_uint_eq(conf.max_requests, 9);
	conf_fini(&conf);
}
END_TEST

START_TEST(limits_belong_to_the_range)
{
	struct conf conf;

	takes(&conf, "max_requests = 1\nmax_body = 1024\n"
	    "max_request_memory = 65536\n"
	    "busy_timeout_ms = 1\nio_timeout_ms = 100\n"
	    "idempotency_hours = 1\n");
	conf_fini(&conf);
	takes(&conf, "max_requests = 65536\nmax_body = 67108864\n"
	    "max_request_memory = 1099511627776\n"
	    "busy_timeout_ms = 60000\nio_timeout_ms = 600000\n"
	    "idempotency_hours = 8760\n");
	conf_fini(&conf);
}
END_TEST

START_TEST(bad_value_is_told_with_file_and_line)
{
	static const struct {
		const char *key;
		const char *value;
	} bad[] = {
		{ "database", "a.db" }, { "database", "\"\"" },
		{ "master_key_file", "./a.key" }, { "max_requests", "0" },
		{ "max_requests", "65537" }, { "max_requests", "-1" },
		{ "max_connections", "15" },
		{ "max_requests", "8k" }, { "max_requests", "eight" },
		{ "max_requests", "\"\"" }, { "max_requests", "\" 8\"" },
		{ "max_body", "1023" }, { "max_body", "67108865" },
		{ "max_body", "1M" }, { "max_request_memory", "65535" },
		{ "max_request_memory", "64M" },
		{ "idempotency_hours", "0" }, { "idempotency_hours", "8761" },
		{ "busy_timeout_ms", "0" }, { "busy_timeout_ms", "60001" },
		{ "busy_timeout_ms", "18446744073709551617" },
		{ "io_timeout_ms", "99" }, { "io_timeout_ms", "600001" },
		{ "log_level", "notice" }, { "log_level", "INFO" },
		{ "log_level", "2" }, { "log_format", "xml" },
		{ "log_format", "\"\"" }, { "journal_mode", "delete" }
	};
	char text[128], said[128];
	size_t i;

	for (i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		snprintf(text, sizeof text, "# first\n\n%s = %s\n",
		    bad[i].key, bad[i].value);
		snprintf(said, sizeof said, "%s:3: %s must be ", file,
		    bad[i].key);
		refuses(text, said);
	}
}
END_TEST

START_TEST(unknown_key_is_told_with_file_and_line)
{
	refuses("max_requests = 8\nthraeds = 9\n", "strongroom.conf:2: ");
	refuses("Threads = 8\n", "strongroom.conf:1: ");
	refuses("\nsection { max_requests = 8 }\n", "strongroom.conf:2: ");
}
END_TEST

START_TEST(malformed_file_is_told_with_file_and_line)
{
	refuses("max_requests = 8\nmax_requests\n", "strongroom.conf:");
	refuses("max_requests 8\n", "strongroom.conf:1: ");
	refuses("max_requests =\n", "strongroom.conf:");
	refuses("= 8\n", "strongroom.conf:1: ");
	refuses("database = \"/srv/a.db\n", "strongroom.conf:");
	refuses("}\n", "strongroom.conf:1: ");
}
END_TEST

START_TEST(what_is_gone_is_named_and_passed_over)
{
	struct conf conf;
	const char *log;

	ck_assert_int_eq(setenv("STRONGROOM_QUEUE", "no number", 1), 0);
	takes(&conf, "threads = 64\nmax_body = 2048\n");
	ck_assert_uint_eq(conf.max_body, 2048);
	conf_warn();
	log = unit_log();
	unit_has(log, "conf: threads is of no use any more: ");
	unit_has(log, "the environment: queue is of no use any more: ");
	unit_has_not(log, "STRONGROOM_QUEUE is a variable of no key");
	ck_assert_int_eq(unsetenv("STRONGROOM_QUEUE"), 0);
	conf_fini(&conf);
}
END_TEST

START_TEST(bad_variable_is_told_by_its_name)
{
	refuses_variable("STRONGROOM_DATABASE", "a.db",
	    "STRONGROOM_DATABASE: database must be ");
	refuses_variable("STRONGROOM_MASTER_KEY_FILE", "./a.key",
	    "STRONGROOM_MASTER_KEY_FILE: ");
	refuses_variable("STRONGROOM_MAX_REQUESTS", "0",
	    "STRONGROOM_MAX_REQUESTS: ");
	refuses_variable("STRONGROOM_MAX_BODY", "1e6",
	    "STRONGROOM_MAX_BODY: ");
	refuses_variable("STRONGROOM_MAX_CONNECTIONS", "many",
	    "STRONGROOM_MAX_CONNECTIONS: ");
	refuses_variable("STRONGROOM_BUSY_TIMEOUT_MS", "60001",
	    "STRONGROOM_BUSY_TIMEOUT_MS: ");
	refuses_variable("STRONGROOM_IO_TIMEOUT_MS", "1s",
	    "STRONGROOM_IO_TIMEOUT_MS: ");
	refuses_variable("STRONGROOM_LOG_LEVEL", "loud",
	    "STRONGROOM_LOG_LEVEL: ");
	refuses_variable("STRONGROOM_LOG_FORMAT", "xml",
	    "STRONGROOM_LOG_FORMAT: ");
	refuses_variable("STRONGROOM_JOURNAL_MODE", "off",
	    "STRONGROOM_JOURNAL_MODE: ");
}
END_TEST

START_TEST(empty_variable_is_none)
{
	struct conf conf;

	ck_assert_int_eq(setenv("STRONGROOM_MAX_REQUESTS", "", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_DATABASE", "", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_LOG_LEVEL", "", 1), 0);
	takes(&conf, "max_requests = 8\nlog_level = error\n");
	ck_assert_uint_eq(conf.max_requests, 8);
	ck_assert_str_eq(conf.database,
	    LOCALSTATEDIR "/lib/strongroom/strongroom.db");
	ck_assert_uint_eq(conf.log_level, LOG_LEVEL_ERROR);
	conf_warn();
	ck_assert_str_eq(unit_log(), "");
	conf_fini(&conf);
}
END_TEST

START_TEST(unknown_variable_is_told_by_its_name)
{
	ck_assert_int_eq(setenv("STRONGROOM_MAX_REQUESTS", "8", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOMS", "9", 1), 0);
	conf_warn();
	ck_assert_str_eq(unit_log(), "");
	ck_assert_int_eq(setenv("STRONGROOM_THRAEDS", "a-value", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_max_request", "", 1), 0);
	conf_warn();
	unit_has(unit_log(), "warning STRONGROOM_THRAEDS ");
	conf_warn();
	unit_has(unit_log(), "warning STRONGROOM_max_request ");
	conf_warn();
	unit_has_not(unit_log(), "a-value");
}
END_TEST

START_TEST(named_file_must_be_there)
{
	struct conf conf;

	ck_assert_int_eq(conf_load(&conf, "none.conf"), -1);
	unit_has(unit_log(), "none.conf cannot be read: No such file");
}
END_TEST

START_TEST(directory_is_refused)
{
	struct conf conf;

	ck_assert_int_eq(mkdir("dir.conf", 0700), 0);
	ck_assert_int_eq(conf_load(&conf, "dir.conf"), -1);
	unit_has(unit_log(), "dir.conf");
}
END_TEST

START_TEST(fini_takes_a_conf_of_zeros)
{
	struct conf conf = { 0 };

	conf_fini(&conf);
	takes(&conf, "");
	conf_fini(&conf);
	conf_fini(&conf);
	ck_assert_ptr_null(conf.database);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		empty_file_leaves_the_defaults,
		file_sets_every_key,
		environment_wins_over_the_file,
		last_of_repeated_keys_wins,
		limits_belong_to_the_range,
		bad_value_is_told_with_file_and_line,
		unknown_key_is_told_with_file_and_line,
		malformed_file_is_told_with_file_and_line,
		what_is_gone_is_named_and_passed_over,
		bad_variable_is_told_by_its_name,
		empty_variable_is_none,
		unknown_variable_is_told_by_its_name,
		named_file_must_be_there,
		directory_is_refused,
		fini_takes_a_conf_of_zeros,
	};

	return (unit_main("conf", tests, sizeof tests / sizeof tests[0]));
}
