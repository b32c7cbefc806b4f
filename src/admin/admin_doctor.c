/*
 * strongroom doctor: what is wrong with a set-up, each finding with its cure.
 * One table of checks, which change nothing. What the modules log while they
 * are tried is a finding too. Knows no secret but the key file's, which it
 * loads as the service does, and says nothing of.
 */
#include "config.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "admin/admin_doctor.h"
#include "admin/admin_rows.h"
#include "ground/descriptors.h"
#include "ground/log.h"
#include "ground/trust.h"
#include "secrets/secret.h"
#include "service/app.h"
#include "store/keyfit.h"
#include "store/store_upkeep.h"

static const char *const levels[] = { "ok", "warning", "problem" };

enum { TEXT_MAX = 1024, SQLITE_WITHOUT_RESET_BUG = 3051003 };

void
doctor_find(struct doctor *doctor, enum doctor_level level, const char *cure,
    const char *format, ...)
{
	struct json_out *item;
	char text[TEXT_MAX], *p;
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	for (p = text; *p != '\0'; p++)
		memset(p, '?', admin_control(p));
	doctor->is_silent = false;
	doctor->warnings += level == DOCTOR_WARNING;
	doctor->problems += level == DOCTOR_PROBLEM;
	if (doctor->findings == NULL) {
		printf("%-7s  %s: %s%s%s\n", levels[level], doctor->check,
		    text, cure != NULL ? "; " : "", cure != NULL ? cure : "");
		return;
	}
	item = json_out_object();
	json_out_text(item, "level", levels[level]);
	json_out_text(item, "check", doctor->check);
	json_out_text(item, "finding", text);
	json_out_text(item, "cure", cure);
	json_out_append(doctor->findings, item);
}

const char *
doctor_user(uid_t uid, char name[DOCTOR_NAME_MAX])
{
	const struct passwd *entry = getpwuid(uid);

	if (entry != NULL)
		snprintf(name, DOCTOR_NAME_MAX, "%s", entry->pw_name);
	else
		snprintf(name, DOCTOR_NAME_MAX, "%u", (unsigned)uid);
	return (name);
}

/* The sink of the log. */
static void
find_logged(void *cookie, enum log_level level, const char *message)
{
	struct doctor *doctor = cookie;

	if (level <= LOG_LEVEL_WARNING)
		doctor_find(doctor, level == LOG_LEVEL_ERROR ?
		    DOCTOR_PROBLEM : DOCTOR_WARNING, doctor->cure, "%s",
		    message);
}

/* Who may replace it says what root does. */
static void
check_configuration(struct doctor *doctor)
{
	const char *file = doctor->admin->config != NULL ?
	    doctor->admin->config : conf_system_file;
	struct trust_doubt doubt;

	conf_warn();
	if (!trust_path(file, geteuid(), &doubt)) {
		doctor_find(doctor, DOCTOR_PROBLEM, doubt.cure, "others could "
		    "replace %s: %s", file, doubt.text);
		if (geteuid() == 0)
			return;
	}
	if (conf_load(&doctor->conf, doctor->admin->config) == -1)
		return;
	doctor->store_conf = app_store_conf(&doctor->conf);
	doctor->has |= HAS_CONF;
	/* A server's files are not looked at. */
	doctor->has |= conf_is_url(doctor->conf.database) ? HAS_FILES :
	    HAS_FILE;
}

static void
check_clock(struct doctor *doctor)
{
	enum { YEAR_2024 = 1704067200 };
	char now[IDENT_TIME_LEN + 1];
	int64_t now_us = ident_now_us();

	ident_time(now, now_us);
	if (now_us < YEAR_2024 * INT64_C(1000000))
		doctor_find(doctor, DOCTOR_PROBLEM, "set it, or API keys that "
		    "have expired open again", "the clock says %s", now);
}

static void
check_open_files(struct doctor *doctor)
{
	uint64_t wanted = doctor->conf.max_connections;
	uint64_t allowed = descriptors_allow(wanted);

	if (allowed < wanted)
		doctor_find(doctor, DOCTOR_WARNING, "raise it (ulimit -Hn, "
		    "LimitNOFILE), or lower max_connections",
		    "the limit of open files leaves room for %llu of %llu "
		    "connections here", (unsigned long long)allowed,
		    (unsigned long long)wanted);
}

static void
check_core_dumps(struct doctor *doctor)
{
	struct rlimit limit;

	if (secret_init() == -1)
		return;
	doctor->has |= HAS_SECRETS;
	if (getrlimit(RLIMIT_CORE, &limit) == -1 || limit.rlim_max != 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "see what forbids it",
		    "core files, which would hold keys, stay on");
#if !defined(__SANITIZE_ADDRESS__)	/* as secret_init */
	if (prctl(PR_GET_DUMPABLE) == 1)
		doctor_find(doctor, DOCTOR_PROBLEM, "see what forbids it",
		    "the process stays dumpable");
#endif
}

static void
check_sqlite(struct doctor *doctor)
{
	int n = store_library_version();

	if ((doctor->has & (HAS_CONF | HAS_FILE)) == HAS_CONF)
		return;
	doctor_find(doctor, DOCTOR_OK, NULL, "SQLite %d.%d.%d%s", n / 1000000,
	    n / 1000 % 1000, n % 1000, n >= SQLITE_WITHOUT_RESET_BUG ? "" :
	    ": its WAL-reset bug (before 3.51.3) does no harm here, because "
	    "commits and checkpoints are under one lock");
}

/* Root goes on as the service's user, as every other command does. */
static void
check_rights(struct doctor *doctor)
{
	char mine[DOCTOR_NAME_MAX], theirs[DOCTOR_NAME_MAX];

	if (geteuid() != 0 && geteuid() != doctor->owner)
		doctor_find(doctor, DOCTOR_WARNING, "run doctor as root",
		    "user %s cannot look into what belongs to %s",
		    doctor_user(geteuid(), mine),
		    doctor_user(doctor->owner, theirs));
	else if (admin_become_owner(conf_home(&doctor->conf)))
		doctor->has |= HAS_RIGHTS;
}

static void
check_key_file(struct doctor *doctor)
{
	doctor->keeper = keeper_open(doctor->conf.master_key_file);
	if (doctor->keeper != NULL)
		doctor->has |= HAS_KEY;
}

static void
check_database(struct doctor *doctor)
{
	if (store_open(&doctor->store, &doctor->store_conf, STORE_READ) ==
	    STORE_OK && store_ping(doctor->store) == STORE_OK)
		doctor->has |= conf_is_url(doctor->conf.database) ?
		    HAS_STORE | HAS_SERVER : HAS_STORE;
}

static void
check_key_fits(struct doctor *doctor)
{
	(void)!keyfit_check(doctor->store, doctor->keeper,
	    doctor->conf.master_key_file, doctor->conf.database);
}

struct later {
	char now[IDENT_TIME_LEN + 1];
	char newest[IDENT_TIME_LEN + 1];
	long rows;
};

static void
note_moment(struct later *later, const char *at)
{
	if (at == NULL || strcmp(at, later->now) <= 0)
		return;
	later->rows++;
	if (strcmp(at, later->newest) > 0)
		snprintf(later->newest, sizeof later->newest, "%s", at);
}

static int
note_integration(void *cookie, const struct integration *row)
{
	note_moment(cookie, row->updated_at);
	return (0);
}

static int
note_key(void *cookie, const struct store_key *key)
{
	note_moment(cookie, key->created_at);
	return (0);
}

/* A row may come while this reads, and a minute back harms nobody. */
static void
check_moments(struct doctor *doctor)
{
	const struct store_query all = { 0 };
	struct later later = { .rows = 0 };

	ident_time(later.now, ident_now_us() + INT64_C(60000000));
	if (admin_rows(doctor->store, all, note_integration, &later) ==
	    STORE_OK && admin_rows_of_keys(doctor->store, note_key, &later) ==
	    STORE_OK && later.rows > 0)
		doctor_find(doctor, DOCTOR_PROBLEM, doctor->cure, "%ld rows "
		    "are of the future, the newest of %s: the clock was set "
		    "back", later.rows, later.newest);
}

/* In this order: those from rights on are made as the service's user. */
static const struct {
	const char *name;
	unsigned needs;
	void (*run)(struct doctor *);
	const char *healthy;		/* NULL: it says that itself */
	const char *cure;		/* of what is logged meanwhile */
} checks[] = {
	{ "configuration", 0, check_configuration,
	    "it can be read, and is its owner's alone",
	    "correct it as strongroom.conf(5) says, and run doctor again" },
	{ "clock", 0, check_clock, "it is set", NULL },
	{ "core dumps", 0, check_core_dumps, "the service turns them off",
	    "see what the system forbids" },
	{ "sqlite", 0, check_sqlite, NULL, NULL },
	{ "open files", HAS_CONF, check_open_files, "the limit is high enough",
	    NULL },
	{ "data directory", HAS_CONF, doctor_data_directory,
	    "only the service's user can change it", NULL },
	{ "database files", HAS_OWNER | HAS_FILE, doctor_database_files,
	    "only the service's user can read them", NULL },
	{ "key directory", HAS_OWNER, doctor_key_directory,
	    "only the service's user can change it", NULL },
	{ "document root", HAS_OWNER, doctor_document_root,
	    "keys and database lie outside", NULL },
	{ "file system", HAS_FILES | HAS_FILE, doctor_file_system,
	    "it is local", NULL },
	{ "disk space", HAS_OWNER | HAS_FILE, doctor_disk_space,
	    "there is room", NULL },
	{ "socket", 0, doctor_socket, NULL, NULL },
	{ "rights", HAS_OWNER, check_rights,
	    "the rest is seen with the service's rights",
	    "run doctor as root" },
	{ "key file", HAS_RIGHTS | HAS_SECRETS, check_key_file,
	    "it can be loaded",
	    "the service does not start without it" },
	{ "database", HAS_RIGHTS | HAS_FILES, check_database,
	    "it can be opened, and its schema is that of this program",
	    "the service does not start without it" },
	{ "server", HAS_SERVER, doctor_server, NULL, NULL },
	{ "key of the database", HAS_KEY | HAS_STORE, check_key_fits,
	    "the key file is the one that it was sealed with",
	    "the service does not start with another" },
	{ "moments", HAS_STORE, check_moments, "no row is of the future",
	    "set the clock right, or API keys expire too late" },
};

static void
run_checks(struct doctor *doctor)
{
	size_t i;

	for (i = 0; i < sizeof checks / sizeof checks[0]; i++) {
		if ((checks[i].needs & ~doctor->has) != 0)
			continue;
		doctor->check = checks[i].name;
		doctor->cure = checks[i].cure;
		doctor->is_silent = true;
		checks[i].run(doctor);
		if (doctor->is_silent && checks[i].healthy != NULL)
			doctor_find(doctor, DOCTOR_OK, NULL, "%s",
			    checks[i].healthy);
	}
}

static int
print_end(const struct doctor *doctor, struct json_out *out)
{
	if (out == NULL)
		return (printf("%ld problems, %ld warnings\n",
		    doctor->problems, doctor->warnings) < 0 ? -1 : 0);
	json_out_number(out, "problems", doctor->problems);
	json_out_number(out, "warnings", doctor->warnings);
	return (json_out_print(out));
}

enum admin_rc
admin_doctor(const struct admin *admin)
{
	struct doctor doctor = { .admin = admin };
	struct json_out *out = NULL;
	enum admin_rc result = ADMIN_FAILED;

	if (admin->is_json) {
		out = json_out_object();
		doctor.findings = json_out_array();
		json_out_member(out, "findings", doctor.findings);
	}
	log_divert(find_logged, &doctor);
	run_checks(&doctor);
	log_divert(NULL, NULL);
	if (print_end(&doctor, out) == 0 && doctor.problems == 0)
		result = ADMIN_DONE;
	json_out_free(out);
	store_close(doctor.store);
	keeper_close(doctor.keeper);
	free(doctor.directory);
	conf_fini(&doctor.conf);
	return (result);
}
