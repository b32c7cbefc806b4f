/*
 * What the subcommands share: whose rights they use, and how they come to the
 * database.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "ground/log.h"

/* The owner of the nearest directory of path that exists. */
static bool
find_owner(const char *path, struct stat *st)
{
	char *copy = strdup(path), *dir = copy;
	bool is_found = false;

	while (dir != NULL && !is_found) {
		dir = dirname(dir);
		is_found = stat(dir, st) == 0;
		if (!is_found && (errno != ENOENT || strcmp(dir, "/") == 0))
			break;
	}
	free(copy);
	return (is_found);
}

bool
admin_become_owner(const char *database)
{
	struct stat st;

	if (geteuid() != 0)
		return (true);
	if (!find_owner(database, &st)) {
		log_error("the directory of %s cannot be looked at: %s",
		    database, strerror(errno));
		return (false);
	}
	if (st.st_uid == 0)
		return (true);
	if (setgroups(0, NULL) == -1 || setgid(st.st_gid) == -1 ||
	    setuid(st.st_uid) == -1) {
		log_error("user %u, the owner of the data directory, cannot "
		    "be taken on: %s", (unsigned)st.st_uid, strerror(errno));
		return (false);
	}
	return (true);
}

/*
 * Load the key file that fits the database, or say by which exit code it
 * cannot be. It is read after the database is opened; a key that comes in
 * between is a reason to look again.
 */
static enum admin_rc
load_keyring(const struct admin *admin, struct store *store,
    struct keyring **to)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct keyring *keyring;
	enum store_rc rc;
	int tries = 0;

	do {
		keyring = keyring_load(admin->conf.master_key_file);
		if (keyring == NULL)
			return (ADMIN_KEY_FILE);
		rc = store_keys_check(store, prints,
		    keyring_prints(keyring, prints));
		if (rc == STORE_OK) {
			*to = keyring;
			return (ADMIN_DONE);
		}
		keyring_free(keyring);
	} while (rc == STORE_OTHER_KEY && ++tries < 2);
	if (rc != STORE_OTHER_KEY)
		return (ADMIN_FAILED);
	log_error("key file %s is not the one that database %s was sealed "
	    "with", admin->conf.master_key_file, admin->conf.database);
	return (ADMIN_OTHER_KEY);
}

bool
admin_make_directory(const char *path)
{
	char *copy = strdup(path), *dir, *slash;
	bool is_made = false;

	if (copy == NULL) {
		log_error("out of memory");
		return (false);
	}
	dir = dirname(copy);
	for (slash = strchr(dir + 1, '/'); ; slash = strchr(slash + 1, '/')) {
		if (slash != NULL)
			*slash = '\0';
		if (mkdir(dir, 0700) == -1 && errno != EEXIST) {
			log_error("directory %s cannot be made: %s", dir,
			    strerror(errno));
			goto done;
		}
		if (slash == NULL)
			break;
		*slash = '/';
	}
	is_made = true;
done:
	free(copy);
	return (is_made);
}

enum admin_rc
admin_open(const struct admin *admin, enum store_mode mode,
    struct store **store, struct keyring **keyring)
{
	enum admin_rc rc;

	if (store_open(store, &admin->store, mode) != STORE_OK) {
		*store = NULL;
		return (ADMIN_FAILED);
	}
	if (keyring == NULL)
		return (ADMIN_DONE);
	if ((rc = load_keyring(admin, *store, keyring)) != ADMIN_DONE) {
		store_close(*store);
		*store = NULL;
		return (rc);
	}
	/* Not the newest one, if the database does not know that yet. */
	(void)!keyring_activate(*keyring, store_active_key(*store));
	return (ADMIN_DONE);
}

enum store_rc
admin_begin(const struct admin *admin, struct store *store)
{
	enum store_rc rc = store_begin(store, admin->store.busy_timeout_ms);

	if (rc == STORE_BUSY)
		log_error("the database's lock was not had in %d ms: another "
		    "process holds it", admin->store.busy_timeout_ms);
	return (rc);
}
