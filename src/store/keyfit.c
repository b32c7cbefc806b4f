/*
 * Whether key file and database belong together. Refuses to know what either
 * is for.
 */
#include "config.h"

#include "ground/log.h"
#include "store/keyfit.h"

void
keyfit_complain(const char *key_file, const char *what, const char *path)
{
	log_error("key file %s is not the one that %s %s was sealed with: put "
	    "the right one in place", key_file, what, path);
}

static enum store_rc
compare(struct store *store, struct keeper *keeper)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	size_t count = keyring_prints(keeper_borrow(keeper), prints);

	keeper_return(keeper);
	return (store_keys_check(store, prints, count));
}

enum store_rc
keyfit_check(struct store *store, struct keeper *keeper,
    const char *key_file, const char *database)
{
	enum store_rc rc = compare(store, keeper);

	/* A key that came after the file was read is there the second time. */
	if (rc == STORE_OTHER_KEY && keeper_reload(keeper) == 0)
		rc = compare(store, keeper);
	if (rc == STORE_OTHER_KEY)
		keyfit_complain(key_file, "database", database);
	return (rc);
}
