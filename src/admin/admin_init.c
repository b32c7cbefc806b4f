/*
 * strongroom init: key file first and safely on the disk, then the database
 * that is sealed with it.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "ground/log.h"
#include "store/store_upkeep.h"

static bool
is_free(const char *key_file)
{
	struct stat st;

	if (lstat(key_file, &st) == -1 && errno == ENOENT)
		return (true);
	log_error("key file %s exists and is left alone: move it away first "
	    "if a new one is wanted", key_file);
	return (false);
}

enum admin_rc
admin_init(const struct admin *admin)
{
	const char *key_file = admin->conf.master_key_file;
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring;
	enum store_rc rc;

	/* A log that was left may be all there is of the last saves. */
	if (!is_free(key_file) || !store_is_free(admin->conf.database) ||
	    !admin_give_directory(key_file, conf_home(&admin->conf)) ||
	    !admin_become_owner(conf_home(&admin->conf)) ||
	    !admin_make_directory(key_file) ||
	    !admin_make_directory(conf_home(&admin->conf)) ||
	    keyring_create(key_file) == -1)
		return (ADMIN_FAILED);
	if ((keyring = keyring_load(key_file)) == NULL)
		return (ADMIN_FAILED);
	rc = store_create(&admin->store, prints,
	    keyring_prints(keyring, prints));
	keyring_free(keyring);
	if (rc != STORE_OK) {
		/* Nothing can have been sealed with it. */
		(void)unlink(key_file);
		return (ADMIN_FAILED);
	}
	log_info("key file %s made: keep a copy where the database's copies "
	    "are not", key_file);
	log_info("database %s made", admin->conf.database);
	return (ADMIN_DONE);
}
