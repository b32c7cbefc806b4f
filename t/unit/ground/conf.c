/* The configuration: defaults, file, environment, and every refusal. */
#include "config.h"

#include <sys/stat.h>

#include "ground/conf.h"
#include "ground/log.h"
#include "unit.h"

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
	    SYSCONFDIR "/strongroom/master.key");
	ck_assert_uint_eq(conf.threads, 64);
	ck_assert_uint_eq(conf.max_body, 1048576);
	ck_assert_uint_eq(conf.queue, 48);
	ck_assert_uint_eq(conf.busy_timeout_ms, 2000);
	ck_assert_uint_eq(conf.io_timeout_ms, 10000);
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
	    "master_key_file = \"/srv/a b.key\"\nthreads=8\nmax_body = 2048\n"
	    "queue = 7\nbusy_timeout_ms = 100\nio_timeout_ms = 200\n"
	    "log_level = debug\nlog_format = json\njournal_mode = truncate\n");
	ck_assert_str_eq(conf.database, "/srv/a.db");
	ck_assert_str_eq(conf.master_key_file, "/srv/a b.key");
	ck_assert_uint_eq(conf.threads, 8);
	ck_assert_uint_eq(conf.max_body, 2048);
	ck_assert_uint_eq(conf.queue, 7);
	ck_assert_uint_eq(conf.busy_timeout_ms, 100);
	ck_assert_uint_eq(conf.io_timeout_ms, 200);
	ck_assert_uint_eq(conf.log_level, LOG_LEVEL_DEBUG);
	ck_assert_uint_eq(conf.log_format, LOG_FORMAT_JSON);
	ck_assert_uint_eq(conf.journal_mode, CONF_JOURNAL_TRUNCATE);
	conf_fini(&conf);
}
END_TEST

START_TEST(environment_wins_over_the_file)
{
	struct conf conf;

	ck_assert_int_eq(setenv("STRONGROOM_THREADS", "16", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_DATABASE", "/srv/b.db", 1), 0);
	ck_assert_int_eq(setenv("STRONGROOM_LOG_LEVEL", "error", 1), 0);
	takes(&conf, "threads = 8\ndatabase = /srv/a.db\nmax_body = 2048\n");
	ck_assert_uint_eq(conf.threads, 16);
	ck_assert_uint_eq(conf.queue, 12);
	ck_assert_str_eq(conf.database, "/srv/b.db");
	ck_assert_uint_eq(conf.log_level, LOG_LEVEL_ERROR);
	ck_assert_uint_eq(conf.max_body, 2048);
	conf_fini(&conf);
}
END_TEST

START_TEST(last_of_repeated_keys_wins)
{
	struct conf conf;

	takes(&conf, "threads = 8\nthreads = 9\n");
	ck_assert_uint_eq(conf.threads, 9);
	conf_fini(&conf);
}
END_TEST

START_TEST(limits_belong_to_the_range)
{
	struct conf conf;

	takes(&conf, "threads = 2\nmax_body = 1024\nqueue = 1\n"
	    "busy_timeout_ms = 1\nio_timeout_ms = 100\n");
	conf_fini(&conf);
	takes(&conf, "threads = 1024\nmax_body = 67108864\nqueue = 1023\n"
	    "busy_timeout_ms = 60000\nio_timeout_ms = 600000\n");
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
		{ "master_key_file", "./a.key" }, { "threads", "1" },
		{ "threads", "1025" }, { "threads", "0" }, { "threads", "-1" },
		{ "threads", "8k" }, { "threads", "eight" },
		{ "threads", "\"\"" }, { "threads", "\" 8\"" },
		{ "max_body", "1023" }, { "max_body", "67108865" },
		{ "max_body", "1M" }, { "queue", "0" }, { "queue", "1024" },
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
	refuses("threads = 8\nthraeds = 9\n", "strongroom.conf:2: ");
	refuses("Threads = 8\n", "strongroom.conf:1: ");
	refuses("\nsection { threads = 8 }\n", "strongroom.conf:2: ");
}
END_TEST

START_TEST(malformed_file_is_told_with_file_and_line)
{
	refuses("threads = 8\nthreads\n", "strongroom.conf:");
	refuses("threads 8\n", "strongroom.conf:1: ");
	refuses("threads =\n", "strongroom.conf:");
	refuses("= 8\n", "strongroom.conf:1: ");
	refuses("database = \"/srv/a.db\n", "strongroom.conf:");
	refuses("}\n", "strongroom.conf:1: ");
}
END_TEST

START_TEST(queue_must_be_below_threads)
{
	struct conf conf;

	refuses("threads = 8\nqueue = 8\n", "queue must be below threads (8)");
	refuses("threads = 8\nqueue = 9\n", "queue must be below threads (8)");
	takes(&conf, "threads = 8\nqueue = 7\n");
	conf_fini(&conf);
}
END_TEST

START_TEST(queue_is_three_quarters_of_threads_by_default)
{
	struct conf conf;

	takes(&conf, "threads = 2\n");
	ck_assert_uint_eq(conf.queue, 1);
	conf_fini(&conf);
	takes(&conf, "threads = 1024\n");
	ck_assert_uint_eq(conf.queue, 768);
	conf_fini(&conf);
}
END_TEST

START_TEST(bad_variable_is_told_by_its_name)
{
	refuses_variable("STRONGROOM_DATABASE", "a.db",
	    "STRONGROOM_DATABASE: database must be ");
	refuses_variable("STRONGROOM_MASTER_KEY_FILE", "",
	    "STRONGROOM_MASTER_KEY_FILE: ");
	refuses_variable("STRONGROOM_THREADS", "", "STRONGROOM_THREADS: ");
	refuses_variable("STRONGROOM_THREADS", "1", "STRONGROOM_THREADS: ");
	refuses_variable("STRONGROOM_MAX_BODY", "1e6",
	    "STRONGROOM_MAX_BODY: ");
	refuses_variable("STRONGROOM_QUEUE", "0", "STRONGROOM_QUEUE: ");
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
		queue_must_be_below_threads,
		queue_is_three_quarters_of_threads_by_default,
		bad_variable_is_told_by_its_name,
		named_file_must_be_there,
		directory_is_refused,
		fini_takes_a_conf_of_zeros,
	};

	return (unit_main("conf", tests, sizeof tests / sizeof tests[0]));
}
