#ifndef ADMIN_TABLE_H
#define ADMIN_TABLE_H

#include <stddef.h>

/*
 * A table for people. Its columns are as wide as their widest cell among those
 * that are printed first; a long table is printed in parts, and a later cell
 * that is wider pushes what is behind it to the right.
 */
enum { TABLE_COLUMNS = 9 };

struct table {
	size_t columns;
	size_t widths[TABLE_COLUMNS];
	int has_widths;
	char **cells;		/* row by row; the first row is the head */
	size_t count;
	size_t cap;
	int failed;		/* memory was short */
};

/* Begin with a head of that many columns. table_fini takes any state. */
void table_init(struct table *table, const char *const *head, size_t columns);
void table_fini(struct table *table);

/* Append a cell; NULL is shown as "-", what would steer the terminal as "?". */
void table_add(struct table *table, const char *text);

/* The same of a set of words (ground/words.h); all of them are "all". */
void table_add_words(struct table *table, const char *const *list,
    unsigned set);

/*
 * Print to standard output what was appended, and let it go. Returns 0, or -1,
 * logged, when that or memory has failed.
 */
int table_print(struct table *table) __attribute__((warn_unused_result));

/* At the end of a row: the same, once many rows were appended. */
int table_print_much(struct table *table) __attribute__((warn_unused_result));

#endif
