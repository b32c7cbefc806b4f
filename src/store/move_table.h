#ifndef MOVE_TABLE_H
#define MOVE_TABLE_H

#include "secrets/digest.h"
#include "store/db.h"

/*
 * The tables that are moved from one database to another, range by range of
 * their keys: what store_move.c copies, and does not look at.
 */
struct move_table {
	const char *name;
	const char *key;	/* its order; of a table of ranges an integer */
	bool has_ranges;	/* else it is one, of all its rows */
	const char *columns;
	const char *kinds;	/* of the columns: integer, text or blob */
};

enum { MOVE_TABLES = 9 };
extern const struct move_table move_tables[MOVE_TABLES];

/* The rows of a range: keys behind after, up to last; their hash and number. */
struct move_range {
	int64_t after;
	int64_t last;
	int64_t rows;
	unsigned char hash[DIGEST_LEN];
};

/* The statements for both sides, made when they are first asked for. */
const struct db_sql *move_sql(void);

/*
 * Read a range and fill in hash and rows. is_part: no more rows than are copied
 * at a time, and last is filled in, where there are any.
 */
enum store_rc move_read(struct db *db, size_t table, struct move_range *range,
    bool is_part) __attribute__((warn_unused_result));

/*
 * In a transaction of to: let it have what from has in the range, and fill in
 * hash and rows. A row that clashes with one of another range is left out.
 */
enum store_rc move_copy(struct db *from, struct db *to, size_t table,
    struct move_range *range) __attribute__((warn_unused_result));

/* How many rows a table has. */
enum store_rc move_count(struct db *db, size_t table, int64_t *rows)
    __attribute__((warn_unused_result));

#endif
