#ifndef SCHEMA_H
#define SCHEMA_H

/* One numbered, append-only step of the schema; the last has no sql. */
struct schema_step {
	int version;
	const char *sql;
};

/* The steps of schema/sqlite and schema/pgsql, in order. */
extern const struct schema_step schema_sqlite[];
extern const struct schema_step schema_pgsql[];

#endif
