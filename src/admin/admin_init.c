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

static bool
is_free(const char *path, const char *what)
{
	struct stat st;

	if (lstat(path, &st) == -1 && errno == ENOENT)
		return (true);
	log_error("%s %s exists and is left alone: move it away first if a "
	    "new one is wanted", what, path);
	return (false);
}

enum admin_rc
admin_init(const struct admin *admin)
{
	const char *key_file = admin->conf.master_key_file;
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring;
	enum store_rc rc;

	if (!is_free(key_file, "key file") ||
	    !is_free(admin->conf.database, "database") ||
	    !admin_make_directory(key_file) ||
	    !admin_make_directory(admin->conf.database) ||
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
