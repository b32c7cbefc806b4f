/*
 * What the files of the store do alike. Knows no table.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include "ground/log.h"
#include "store/rows.h"

enum store_rc
rows_finish(struct db_query *query)
{
	enum store_rc rc = db_step(query);

	db_done(query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

enum store_rc
rows_as_read(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_NOT_FOUND ? rc :
	    STORE_UNAVAILABLE);
}

void *
rows_array(struct arena *arena, size_t count, size_t size)
{
	void *array = NULL;

	if (count <= SIZE_MAX / size)
		array = arena_alloc(arena, count * size);
	if (array == NULL)
		log_error("out of memory while reading the database");
	return (array);
}

const char *
rows_text(struct db_query *query, int column, struct arena *arena)
{
	const char *text = db_text(query, column);

	return (text == NULL ? NULL :
	    arena_copy(arena, text, db_size(query, column)));
}

int
rows_copy(char *to, size_t size, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len >= size)
		return (-1);
	memcpy(to, text == NULL ? "" : text, len + 1);
	return (0);
}
