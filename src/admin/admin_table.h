#ifndef ADMIN_TABLE_H
#define ADMIN_TABLE_H

#include <stddef.h>

/* A table for people: columns as wide as their widest cell. */
enum { TABLE_COLUMNS = 8 };

struct table {
	size_t columns;
	char **cells;		/* row by row; the first row is the head */
	size_t count;
	size_t cap;
	int failed;		/* memory was short */
};

/* Begin with a head of that many columns. table_fini takes any state. */
void table_init(struct table *table, const char *const *head, size_t columns);
void table_fini(struct table *table);

/* How many bytes a control character at text takes (C0, DEL, C1), or 0. */
size_t table_control(const char *text);

/* Append a cell; NULL is shown as "-", what would steer the terminal as "?". */
void table_add(struct table *table, const char *text);

/* Print to standard output. Returns 0, or -1 when that or memory failed. */
int table_print(const struct table *table)
    __attribute__((warn_unused_result));

#endif
