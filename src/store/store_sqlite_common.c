/*
 * What the files of the SQLite back end do alike. Knows no table.
 */
#include "config.h"

#include <string.h>

#include "store/store_sqlite.h"

struct store_sqlite *
store_sqlite_of(struct store *store)
{
	return ((void *)store);
}

struct db *
store_sqlite_db(struct store *store)
{
	return (store_sqlite_of(store)->db);
}

enum store_rc
store_sqlite_finish(struct db_query *query)
{
	enum store_rc rc = db_step(query);

	db_done(query);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

enum store_rc
store_sqlite_as_read(enum store_rc rc)
{
	return (rc == STORE_OK || rc == STORE_NOT_FOUND ? rc :
	    STORE_UNAVAILABLE);
}

int
store_sqlite_copy(char *to, size_t size, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	if (len >= size)
		return (-1);
	memcpy(to, text == NULL ? "" : text, len + 1);
	return (0);
}
