/*
 * Moving all that is stored from a file to a server's database, in passes. The
 * first copies every range of rows, and each after it those that have changed
 * since; the last is under the lock of all who change something, and leaves the
 * file closed to changes. So whoever was told that his change is stored finds
 * it in the other database.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "ground/arena.h"
#include "ground/log.h"
#include "store/move_table.h"
#include "store/rows.h"
#include "store/store_move.h"

enum {
	PASSES_MAX = 8,			/* before the last */
	FEW = 16			/* ranges that the last may have left */
};

/* The ranges of a table, in the order of their keys. */
struct ranges {
	struct known {
		struct move_range range;
		struct known *next;
	} *first, *last;
};

struct move {
	struct db *from;
	struct db *to;
	int timeout_ms;
	bool is_locked;			/* nobody changes anything now */
	size_t copied;			/* ranges of this pass */
	struct ranges tables[MOVE_TABLES];
	struct arena arena;		/* of these */
};

static enum store_rc
add_range(struct move *move, size_t table, const struct move_range *range)
{
	struct known *known = arena_alloc(&move->arena, sizeof *known);
	struct ranges *ranges = &move->tables[table];

	if (known == NULL) {
		log_error("out of memory for what is moved");
		return (STORE_UNAVAILABLE);
	}
	*known = (struct known){ .range = *range };
	if (ranges->last == NULL)
		ranges->first = known;
	else
		ranges->last->next = known;
	ranges->last = known;
	return (STORE_OK);
}

static bool
is_same(const struct move_range *one, const struct move_range *other)
{
	return (one->rows == other->rows &&
	    memcmp(one->hash, other->hash, sizeof one->hash) == 0);
}

/* Let the other database have a range, and see that it has it. */
static enum store_rc
copy(struct move *move, size_t table, struct move_range *range)
{
	struct move_range there = *range;
	enum store_rc rc;

	move->copied++;
	rc = db_begin(move->to, move->timeout_ms, NULL, NULL);
	if (rc != STORE_OK)
		return (rc);
	if ((rc = move_copy(move->from, move->to, table, range)) != STORE_OK) {
		db_rollback(move->to);
		return (rc);
	}
	if ((rc = db_commit(move->to)) != STORE_OK ||
	    (rc = move_read(move->to, table, &there, false)) != STORE_OK)
		return (rc);
	if (is_same(range, &there))
		return (STORE_OK);
	if (move->is_locked) {
		log_error("rows of %s are not as they were when they have been "
		    "moved: run strongroom check here",
		    move_tables[table].name);
		return (STORE_WRITE_FAILED);
	}
	/* One has changed its place meanwhile: the next pass has it. */
	range->rows = -1;
	return (STORE_OK);
}

/* A range that was copied before, and may have changed. */
static enum store_rc
copy_again(struct move *move, size_t table, struct move_range *range)
{
	struct move_range now = *range;
	enum store_rc rc = move_read(move->from, table, &now, false);

	if (rc != STORE_OK || is_same(range, &now))
		return (rc);
	return (copy(move, table, range));
}

/* One that is new; it may be there from a move that was broken off. */
static enum store_rc
copy_first(struct move *move, size_t table, struct move_range *range)
{
	struct move_range there = *range;
	enum store_rc rc = move_read(move->to, table, &there, false);

	if (rc == STORE_OK && !is_same(range, &there))
		rc = copy(move, table, range);
	return (rc);
}

/* What lies behind the ranges that are known, until there is no more. */
static enum store_rc
copy_rest(struct move *move, size_t table)
{
	const struct ranges *ranges = &move->tables[table];
	struct move_range range;
	enum store_rc rc;

	do {
		range = (struct move_range){ .after = ranges->last != NULL ?
		    ranges->last->range.last : INT64_MIN, .last = INT64_MAX };
		rc = move_read(move->from, table, &range, true);
		if (rc == STORE_OK)
			rc = copy_first(move, table, &range);
		if (rc == STORE_OK && range.rows != 0)
			rc = add_range(move, table, &range);
	} while (rc == STORE_OK && range.rows != 0);
	return (rc);
}

static enum store_rc
copy_table(struct move *move, size_t table)
{
	const struct move_range whole = { .rows = -1 };
	struct known *known;
	enum store_rc rc = STORE_OK;

	if (!move_tables[table].has_ranges &&
	    move->tables[table].first == NULL)
		rc = add_range(move, table, &whole);
	for (known = move->tables[table].first; rc == STORE_OK &&
	    known != NULL; known = known->next)
		rc = copy_again(move, table, &known->range);
	if (rc == STORE_OK && move_tables[table].has_ranges)
		rc = copy_rest(move, table);
	return (rc);
}

static enum store_rc
pass(struct move *move)
{
	enum store_rc rc = STORE_OK;
	size_t i;

	move->copied = 0;
	for (i = 0; rc == STORE_OK && i < MOVE_TABLES; i++)
		rc = copy_table(move, i);
	if (rc == STORE_OK)
		log_info("%zu ranges of rows copied%s", move->copied,
		    move->is_locked ? ", the last of them" : "");
	return (rc);
}

static enum store_rc
compare_counts(struct move *move)
{
	int64_t here = 0, there = 0;
	enum store_rc rc = STORE_OK;
	size_t i;

	for (i = 0; rc == STORE_OK && i < MOVE_TABLES; i++) {
		if ((rc = move_count(move->from, i, &here)) != STORE_OK ||
		    (rc = move_count(move->to, i, &there)) != STORE_OK)
			break;
		if (here != there) {
			log_error("%s has %" PRId64 " rows here, and %" PRId64
			    " there", move_tables[i].name, here, there);
			rc = STORE_WRITE_FAILED;
		}
	}
	return (rc);
}

/* The last pass; behind it the file is closed to changes. */
static enum store_rc
close_here(struct move *move)
{
	enum store_rc rc;

	rc = db_begin(move->from, move->timeout_ms, NULL, NULL);
	if (rc != STORE_OK)
		return (rc);
	move->is_locked = true;
	if ((rc = pass(move)) == STORE_OK &&
	    (rc = compare_counts(move)) == STORE_OK)
		rc = db_exec(move->from, "PRAGMA user_version = 1000");
	if (rc == STORE_OK)
		return (db_commit(move->from));
	db_rollback(move->from);
	return (rc);
}

/* The numbers of new rows go on behind those of the old. */
static enum store_rc
open_there(struct move *move)
{
	static const char numbers[] =
	    "SELECT setval(pg_get_serial_sequence('integrations', 'id'), "
	    "greatest(max(id), 1)) FROM integrations;"
	    "SELECT setval(pg_get_serial_sequence('idempotency', 'id'), "
	    "greatest(max(id), 1)) FROM idempotency;"
	    "UPDATE meta SET schema_version = 1, "
	    "data_version = data_version + 1";
	enum store_rc rc;

	rc = db_begin(move->to, move->timeout_ms, NULL, NULL);
	if (rc != STORE_OK)
		return (rc);
	if ((rc = db_exec(move->to, numbers)) == STORE_OK)
		return (db_commit(move->to));
	db_rollback(move->to);
	return (rc);
}

static enum store_rc
move_all(struct move *move)
{
	enum store_rc rc;
	int passes = 0;

	do {
		rc = pass(move);
	} while (rc == STORE_OK && move->copied > FEW &&
	    ++passes < PASSES_MAX);
	if (rc == STORE_OK)
		rc = close_here(move);
	return (rc == STORE_OK ? open_there(move) : rc);
}

/* A schema of its own, marked as one that has not all rows yet. */
static enum store_rc
make_schema(struct db *db, int timeout_ms)
{
	enum store_rc rc;

	if ((rc = db_begin(db, timeout_ms, NULL, NULL)) != STORE_OK)
		return (rc);
	if ((rc = rows_apply_all(db)) == STORE_OK && (rc = db_exec(db,
	    "UPDATE meta SET schema_version = 1001")) == STORE_OK)
		return (db_commit(db));
	db_rollback(db);
	return (rc);
}

/* Whether there is something to move, and somewhere to. */
static enum store_rc
prepare(struct db *from, struct db *to, int timeout_ms)
{
	int64_t here = 0, there = 0;
	enum store_rc rc;

	if ((rc = rows_schema_version(from, &here)) != STORE_OK ||
	    (rc = rows_schema_version(to, &there)) != STORE_OK)
		return (rc);
	if (here != ROWS_MOVED_AWAY &&
	    (rc = rows_check_schema(from)) != STORE_OK)
		return (rc);
	if (there == 0)
		return (make_schema(to, timeout_ms));
	if (there == ROWS_MOVING_IN)
		return (STORE_OK);
	if (here == ROWS_MOVED_AWAY && there == rows_newest_version(to))
		return (STORE_EXISTS);
	log_error("database %s is one of strongroom already: move to one that "
	    "is empty", db_path(to));
	return (STORE_CONFLICT);
}

/* With the store's statements. */
static enum store_rc
look(const struct store_conf *from, const struct store_conf *to)
{
	struct db *here = NULL, *there = NULL;
	enum store_rc rc;

	rc = db_open(&here, from, STORE_UPGRADE, &rows_sql);
	if (rc == STORE_OK)
		rc = db_open(&there, to, STORE_UPGRADE, &rows_sql);
	if (rc == STORE_OK)
		rc = prepare(here, there, to->busy_timeout_ms);
	db_close(here);
	db_close(there);
	return (rc);
}

enum store_rc
store_move(const struct store_conf *from, const struct store_conf *to)
{
	struct move move = { .timeout_ms = from->busy_timeout_ms };
	const struct db_sql *sql = move_sql();
	enum store_rc rc;

	if ((rc = look(from, to)) != STORE_OK)
		return (rc);
	rc = db_open(&move.from, from, STORE_WRITE, sql);
	if (rc == STORE_OK)
		rc = db_open(&move.to, to, STORE_WRITE, sql);
	if (rc == STORE_OK)
		rc = move_all(&move);
	arena_fini(&move.arena);
	db_close(move.from);
	db_close(move.to);
	if (rc == STORE_BUSY)
		store_complain_busy(log_error, from->busy_timeout_ms);
	return (rc);
}
