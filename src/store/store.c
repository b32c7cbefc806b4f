/*
 * The store: picks the back end, of which there is one, and hands every call
 * on to it. store_ops.h has the list of what is handed on.
 */
#include "config.h"

#include "store/sqlite.h"

enum store_rc
store_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
{
	return (sqlite_store_create(conf, prints, count));
}

enum store_rc
store_open(struct store **store, const struct store_conf *conf,
    enum store_mode mode)
{
	return (sqlite_store_open(store, conf, mode));
}

void
store_close(struct store *store)
{
	if (store != NULL)
		store->ops->close(store);
}

void
store_complain_busy(void (*say)(const char *, ...), int waited_ms)
{
	say("the database's lock was not had in %d ms: another process holds "
	    "it", waited_ms);
}

int64_t
store_boxes_under(const struct store_box_counts *counts, uint32_t key_id)
{
	size_t i;

	for (i = 0; i < counts->count; i++)
		if (counts->of[i].key_id == key_id)
			return (counts->of[i].boxes);
	return (0);
}

#define HAND_ON(type, name, parameters, arguments) \
	type \
	store_##name parameters \
	{ \
		return (store->ops->name arguments); \
	}
#define HAND_ON_PROC(name, parameters, arguments) \
	void \
	store_##name parameters \
	{ \
		store->ops->name arguments; \
	}

STORE_OPS(HAND_ON, HAND_ON_PROC)
STORE_UPKEEP_OPS(HAND_ON, HAND_ON_PROC)

int
store_library_version(void)
{
	return (sqlite_library_version());
}

int
store_files(const struct store_conf *conf,
    int (*each)(void *, const char *), void *cookie)
{
	return (sqlite_files(conf, each, cookie));
}

bool
store_is_on_network(const struct store_conf *conf)
{
	return (sqlite_is_on_network(conf));
}

bool
store_is_free(const char *path)
{
	return (sqlite_is_free(path));
}
