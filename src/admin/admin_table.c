/*
 * Tables on a terminal. Knows nothing of what is in them, and lets no control
 * character through.
 */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_table.h"
#include "ground/log.h"
#include "ground/words.h"

enum { MUCH_ROWS = 1000 };

void
table_init(struct table *table, const char *const *head, size_t columns)
{
	size_t i;

	*table = (struct table){ .columns = columns };
	for (i = 0; i < columns; i++)
		table_add(table, head[i]);
}

static void
let_go(struct table *table)
{
	size_t i;

	for (i = 0; i < table->count; i++)
		free(table->cells[i]);
	table->count = 0;
}

void
table_fini(struct table *table)
{
	let_go(table);
	free(table->cells);
	*table = (struct table){ 0 };
}

static int
make_room(struct table *table)
{
	size_t cap = table->cap == 0 ? 64 : table->cap * 2;
	char **cells;

	if (table->count < table->cap)
		return (0);
	cells = realloc(table->cells, cap * sizeof *cells);
	if (cells == NULL)
		return (-1);
	table->cells = cells;
	table->cap = cap;
	return (0);
}

/* As admin_control, what turns the direction of writing, U+202A to U+2069. */
static size_t
direction_change(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
	    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)))
		return (3);
	return (0);
}

void
table_add(struct table *table, const char *text)
{
	char *cell = strdup(text != NULL ? text : "-");
	char *p;
	size_t len;

	if (cell == NULL || make_room(table) == -1) {
		free(cell);
		table->failed = 1;
		return;
	}
	for (p = cell; *p != '\0'; p++)
		if ((len = admin_control(p)) > 0 ||
		    (len = direction_change(p)) > 0)
			memset(p, '?', len);
	table->cells[table->count++] = cell;
}

void
table_add_words(struct table *table, const char *const *list, unsigned set)
{
	char text[WORDS_TEXT_MAX];

	words_write(text, list, set);
	table_add(table, set == WORDS_ALL ? "all" : text);
}

/* Columns on the screen, about: one for each code point. */
static size_t
width_of(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return (width);
}

static void
print_cell(const char *text, size_t width)
{
	size_t i;

	fputs(text, stdout);
	for (i = width_of(text); i < width; i++)
		putchar(' ');
}

static void
find_widths(struct table *table)
{
	size_t i, column, width;

	for (i = 0; i < table->count; i++) {
		column = i % table->columns;
		width = width_of(table->cells[i]);
		if (width > table->widths[column])
			table->widths[column] = width;
	}
	table->has_widths = 1;
}

int
table_print(struct table *table)
{
	size_t i, column;

	if (table->failed) {
		log_error("out of memory for a table");
		return (-1);
	}
	if (!table->has_widths)
		find_widths(table);
	for (i = 0; i < table->count; i++) {
		column = i % table->columns;
		if (column + 1 < table->columns) {
			print_cell(table->cells[i], table->widths[column]);
			fputs("  ", stdout);
		} else {
			puts(table->cells[i]);
		}
	}
	let_go(table);
	return (admin_flush() ? 0 : -1);
}

int
table_print_much(struct table *table)
{
	return (table->count < MUCH_ROWS * table->columns ? 0 :
	    table_print(table));
}
