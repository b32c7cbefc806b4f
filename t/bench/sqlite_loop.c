/*
 * sqlite_loop DATABASE BATCH SECONDS SCHEMA...: how many rows a second SQLite
 * alone makes durable (WAL, synchronous=FULL), BATCH in a transaction, when
 * the rows are those of the documentation's example. Prints that number.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sqlite3.h>

#define METADATA "{\"instance_name\":\"Production Sentry\"," \
	"\"created_via\":\"api\",\"version\":null,\"description\":null," \
	"\"tags\":[\"production\",\"monitoring\"]}"

enum { BOX_LEN = 160 };		/* auth_data, sealed */

static sqlite3 *db;

static void
need(int is_ok)
{
	if (is_ok)
		return;
	fprintf(stderr, "sqlite_loop: %s\n", sqlite3_errmsg(db));
	exit(1);
}

static void
run(const char *sql)
{
	need(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK);
}

static void
run_file(const char *name)
{
	char sql[65536];
	FILE *file = fopen(name, "r");

	need(file != NULL);
	sql[fread(sql, 1, sizeof sql - 1, file)] = '\0';
	fclose(file);
	run(sql);
}

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

/* Time-ordered identifiers and moments, as the worker makes them. */
static void
insert(sqlite3_stmt *stmt)
{
	char id[40], identifier[48], moment[32];
	unsigned char box[BOX_LEN];
	uint64_t random;
	double at = now();
	uint64_t ms = (uint64_t)(at * 1e3);
	time_t seconds = (time_t)at;
	struct tm tm;
	int i;

	sqlite3_randomness(sizeof random, &random);
	sqlite3_randomness(sizeof box, box);
	snprintf(id, sizeof id, "%08x-%04x-7%03x-8%03x-%012llx",
	    (unsigned)(ms >> 16), (unsigned)(ms & 0xffff),
	    (unsigned)((uint64_t)(at * 1e6) % 1000 * 4),
	    (unsigned)(random & 0xfff), (unsigned long long)(random >> 16));
	snprintf(identifier, sizeof identifier, "sentry-%s", id);
	i = (int)strftime(moment, sizeof moment, "%FT%T",
	    gmtime_r(&seconds, &tm));
	snprintf(moment + i, sizeof moment - (size_t)i, ".%06u",
	    (unsigned)((uint64_t)(at * 1e6) % 1000000));
	sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 2, identifier, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 3, moment, -1, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, METADATA, -1, SQLITE_STATIC);
	sqlite3_bind_blob(stmt, 5, box, sizeof box, SQLITE_STATIC);
	need(sqlite3_step(stmt) == SQLITE_DONE);
	sqlite3_reset(stmt);
}

int
main(int argc, char **argv)
{
	sqlite3_stmt *stmt, *begin, *commit;
	double start, end;
	long rows = 0, batch, i;

	if (argc < 5)
		return (2);
	batch = strtol(argv[2], NULL, 10);
	need(sqlite3_open(argv[1], &db) == SQLITE_OK);
	run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
	for (i = 4; i < argc; i++)
		run_file(argv[i]);
	need(sqlite3_prepare_v2(db, "INSERT INTO integrations "
	    "(integration_id, created_by, unique_identifier, name, "
	    "integration_type, status, active, has_auth_data, has_scope_data, "
	    "created_at, updated_at, metadata, scope_data, auth_data) VALUES "
	    "(?1, 'bench', ?2, 'Production Sentry', 'sentry', 'active', 1, 1, "
	    "1, ?3, ?3, ?4, '{\"org_slug\": \"my-company\"}', ?5)", -1, &stmt,
	    NULL) == SQLITE_OK);
	need(sqlite3_prepare_v2(db, "BEGIN IMMEDIATE", -1, &begin, NULL) ==
	    SQLITE_OK);
	need(sqlite3_prepare_v2(db, "COMMIT", -1, &commit, NULL) == SQLITE_OK);
	start = now();
	end = start + strtod(argv[3], NULL);
	while (now() < end) {
		need(sqlite3_step(begin) == SQLITE_DONE);
		sqlite3_reset(begin);
		for (i = 0; i < batch; i++)
			insert(stmt);
		need(sqlite3_step(commit) == SQLITE_DONE);
		sqlite3_reset(commit);
		rows += batch;
	}
	printf("%.1f\n", (double)rows / (now() - start));
	sqlite3_finalize(stmt);
	sqlite3_finalize(begin);
	sqlite3_finalize(commit);
	return (sqlite3_close(db) == SQLITE_OK ? 0 : 1);
}
