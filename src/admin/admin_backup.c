/*
 * strongroom backup and restore: a copy of the database that is whole, and a
 * database from such a copy. Refuses to replace anything.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_table.h"
#include "store/lockfile.h"
#include "ground/log.h"

static const char *const head[] = { "MASTER KEY", "BOXES" };
enum { COLUMNS = sizeof head / sizeof head[0] };

/* Which master keys the boxes of a database need. */
struct needs {
	const struct keyring *keyring;	/* NULL: not asked for */
	struct json_out *keys;		/* NULL: into the table */
	struct table table;
	int64_t boxes;
	int64_t strange;		/* boxes of no key, or not of keyring */
};

static int
add_need(void *cookie, uint32_t key_id, int64_t boxes)
{
	struct needs *needs = cookie;
	char id[16], count[32];
	struct json_out *item;

	needs->boxes += boxes;
	if (needs->keyring != NULL &&
	    keyring_seal_key(needs->keyring, key_id) == NULL)
		needs->strange += boxes;
	snprintf(id, sizeof id, "%08x", (unsigned)key_id);
	snprintf(count, sizeof count, "%lld", (long long)boxes);
	if (needs->keys == NULL) {
		table_add(&needs->table, id);
		table_add(&needs->table, count);
		return (0);
	}
	item = json_out_object();
	json_out_text(item, "key_id", id);
	json_out_number(item, "boxes", (long)boxes);
	json_out_append(needs->keys, item);
	return (0);
}

/* Say what is in the database that is now at path; role is what it is. */
static enum admin_rc
report(const struct admin *admin, struct store *store, const char *role,
    const char *path)
{
	struct json_out *out = NULL;
	struct needs needs = { .boxes = 0 };
	enum admin_rc result = ADMIN_FAILED;

	table_init(&needs.table, head, COLUMNS);
	if (admin->is_json) {
		out = json_out_object();
		needs.keys = json_out_array();
		json_out_text(out, role, path);
		json_out_member(out, "master_keys", needs.keys);
	}
	if (store_box_count(store, add_need, &needs) != STORE_OK)
		goto done;
	if (admin->is_json) {
		json_out_number(out, "boxes", (long)needs.boxes);
		result = json_out_print(out) == 0 ? ADMIN_DONE : ADMIN_FAILED;
	} else if (printf("%s %s: %lld boxes\n", role, path,
	    (long long)needs.boxes) > 0 && (needs.boxes == 0 ||
	    table_print(&needs.table) == 0)) {
		result = ADMIN_DONE;
	}
done:
	json_out_free(out);
	table_fini(&needs.table);
	return (result);
}

struct judgement {
	const char *path;
	bool is_damaged;
};

static int
tell_complaint(void *cookie, const char *complaint)
{
	struct judgement *judgement = cookie;

	log_error("%s is damaged: %s", judgement->path, complaint);
	judgement->is_damaged = true;
	return (1);		/* one is enough to know */
}

/* Open the backup in path, for reading, and see that it is whole. */
static bool
open_backup(const struct admin *admin, const char *path, struct store **store)
{
	struct store_conf conf = admin->store;
	struct judgement judgement = { path, false };
	enum store_rc rc;

	conf.path = path;
	rc = store_open(store, &conf, STORE_READ);
	/* The backup itself is not to be changed. */
	if (rc == STORE_OLDER)
		log_error("copy %s, say STRONGROOM_DATABASE=COPY strongroom "
		    "migrate, and restore the copy", path);
	return (rc == STORE_OK &&
	    store_check(*store, tell_complaint, &judgement) == STORE_OK &&
	    !judgement.is_damaged);
}

enum admin_rc
admin_backup(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct store *store = NULL, *copy = NULL;
	enum admin_rc opened;

	opened = admin_open(admin, STORE_READ, &store, NULL);
	if (opened != ADMIN_DONE)
		return (opened);
	if (store_backup(store, admin->file) != STORE_OK)
		goto done;
	if (open_backup(admin, admin->file, &copy))
		result = report(admin, copy, "backup", admin->file);
	else
		log_error("backup %s was made, but not of a whole database: "
		    "keep the older ones, and see strongroom check",
		    admin->file);
done:
	store_close(copy);
	store_close(store);
	return (result);
}

/*
 * Whether nothing is where the database is to be. The log of one that is gone
 * would be read as the new one's.
 */
static bool
is_free(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };
	size_t size = strlen(path) + sizeof "-journal", i;
	char *name = malloc(size);
	bool is_empty = name != NULL;
	struct stat st;

	for (i = 0; is_empty && i < sizeof ends / sizeof ends[0]; i++) {
		snprintf(name, size, "%s%s", path, ends[i]);
		if (lstat(name, &st) == -1 && errno == ENOENT)
			continue;
		is_empty = false;
		if (lstat(name, &st) == -1)
			log_error("%s: %s", name, strerror(errno));
		else
			log_error("%s is there already: stop the service, and "
			    "move the database away with its -wal, -shm and "
			    "-journal, or say --to another path", name);
	}
	free(name);
	return (is_empty);
}

/* What SQLite would say of this is less clear. */
static bool
can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1) {
		log_error("backup %s cannot be read by user %u, the owner of "
		    "the data directory: %s", path, (unsigned)geteuid(),
		    strerror(errno));
		return (false);
	}
	close(fd);
	return (true);
}

/* Whether keyring is the one that the backup's keys and boxes need. */
static enum admin_rc
check_keys(const struct admin *admin, struct store *store,
    const struct keyring *keyring)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct needs needs = { .keyring = keyring };
	enum store_rc rc;

	rc = store_keys_check(store, prints, keyring_prints(keyring, prints));
	table_init(&needs.table, head, COLUMNS);
	if (rc == STORE_OK)
		rc = store_box_count(store, add_need, &needs);
	table_fini(&needs.table);
	if (rc == STORE_OK && needs.strange > 0)
		log_error("%lld boxes of the backup are under no key of key "
		    "file %s", (long long)needs.strange,
		    admin->conf.master_key_file);
	if (rc == STORE_OK && needs.strange == 0)
		return (ADMIN_DONE);
	if (rc != STORE_OK && rc != STORE_OTHER_KEY)
		return (ADMIN_FAILED);
	log_error("key file %s is not the one that backup %s was sealed with: "
	    "nothing was restored; put the right one in place",
	    admin->conf.master_key_file, admin->file);
	return (ADMIN_OTHER_KEY);
}

/* Open what was restored as the service will, and say what is in it. */
static enum admin_rc
open_restored(const struct admin *admin, const char *to)
{
	struct store_conf conf = admin->store;
	struct store *store = NULL;
	enum admin_rc result = ADMIN_FAILED;

	conf.path = to;
	if (store_open(&store, &conf, STORE_WRITE) == STORE_OK)
		result = report(admin, store, "database", to);
	store_close(store);
	return (result);
}

/* Copy it to where nothing is, while nobody commits there. */
static enum admin_rc
put_in_place(const struct admin *admin, struct store *store, const char *to)
{
	struct lockfile *lock = lockfile_open(to);
	enum store_rc rc;

	if (lock == NULL)
		return (ADMIN_FAILED);
	rc = lockfile_take(lock, admin->store.busy_timeout_ms);
	if (rc == STORE_BUSY)
		log_error("another process works on %s: stop the service "
		    "first", to);
	if (rc == STORE_OK)
		rc = is_free(to) ? store_backup(store, to) : STORE_CONFLICT;
	lockfile_close(lock);
	return (rc == STORE_OK ? ADMIN_DONE : ADMIN_FAILED);
}

enum admin_rc
admin_restore(const struct admin *admin)
{
	const char *to = admin->to != NULL ? admin->to : admin->conf.database;
	enum admin_rc result = ADMIN_FAILED;
	struct keyring *keyring = NULL;
	struct store *store = NULL;

	if (!is_free(to) || !can_read(admin->file))
		return (ADMIN_FAILED);
	if ((keyring = keyring_load(admin->conf.master_key_file)) == NULL)
		return (ADMIN_KEY_FILE);
	if (!open_backup(admin, admin->file, &store))
		goto done;
	if ((result = check_keys(admin, store, keyring)) != ADMIN_DONE)
		goto done;
	result = ADMIN_FAILED;
	if (admin_make_directory(to))
		result = put_in_place(admin, store, to);
	if (result == ADMIN_DONE)
		result = open_restored(admin, to);
done:
	store_close(store);
	keyring_free(keyring);
	return (result);
}
