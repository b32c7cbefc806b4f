/*
 * strongroom backup and restore: a copy of the database that is whole, and a
 * database from such a copy. Refuses to replace anything.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_table.h"
#include "ground/log.h"
#include "store/keyfit.h"
#include "store/store_upkeep.h"

static const char *const head[] = { "MASTER KEY", "BOXES" };
enum { COLUMNS = sizeof head / sizeof head[0], PIECE_LEN = 65536 };

/* The master keys that the boxes of a database need. */
static struct json_out *
needs_json(const struct store_box_counts *counts)
{
	struct json_out *keys = json_out_array(), *item;
	char id[16];
	size_t i;

	for (i = 0; i < counts->count; i++) {
		snprintf(id, sizeof id, "%08x", (unsigned)counts->of[i].key_id);
		item = json_out_object();
		json_out_text(item, "key_id", id);
		json_out_number(item, "boxes", (long)counts->of[i].boxes);
		json_out_append(keys, item);
	}
	return (keys);
}

static int
print_needs(const struct store_box_counts *counts)
{
	struct table table;
	char text[32];
	size_t i;
	int rc;

	table_init(&table, head, COLUMNS);
	for (i = 0; i < counts->count; i++) {
		snprintf(text, sizeof text, "%08x",
		    (unsigned)counts->of[i].key_id);
		table_add(&table, text);
		snprintf(text, sizeof text, "%lld",
		    (long long)counts->of[i].boxes);
		table_add(&table, text);
	}
	rc = counts->count > 0 ? table_print(&table) : 0;
	table_fini(&table);
	return (rc);
}

/* Say what is in the database that is now at path; role is what it is. */
static enum admin_rc
report(const struct admin *admin, struct store *store, const char *role,
    const char *path)
{
	struct store_box_counts counts;
	struct json_out *out;
	int64_t boxes = 0;
	size_t i;
	int rc;

	if (store_box_count(store, &counts) != STORE_OK)
		return (ADMIN_FAILED);
	for (i = 0; i < counts.count; i++)
		boxes += counts.of[i].boxes;
	if (!admin->is_json)
		return (printf("%s %s: %lld boxes\n", role, path,
		    (long long)boxes) > 0 && print_needs(&counts) == 0 ?
		    ADMIN_DONE : ADMIN_FAILED);
	out = json_out_object();
	json_out_text(out, role, path);
	json_out_member(out, "master_keys", needs_json(&counts));
	json_out_number(out, "boxes", (long)boxes);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

/* Whether the database at path passes its own check; else that is told. */
static bool
is_whole(struct store *store, const char *path)
{
	struct store_complaint *complaint = NULL;
	struct arena arena = { 0 };
	bool is_good;

	is_good = store_check(store, &arena, &complaint) == STORE_OK &&
	    complaint == NULL;
	/* One is enough to know. */
	if (complaint != NULL)
		log_error("%s is damaged: %s", path, complaint->text);
	arena_fini(&arena);
	return (is_good);
}

/* Open the backup in path, for reading, and see that it is whole. */
static bool
open_backup(const struct admin *admin, const char *path, struct store **store)
{
	struct store_conf conf = admin->store;
	enum store_rc rc;

	conf.path = path;
	rc = store_open(store, &conf, STORE_READ);
	/* The backup itself is not to be changed. */
	if (rc == STORE_OLDER)
		log_error("copy %s, say STRONGROOM_DATABASE=COPY strongroom "
		    "migrate, and restore the copy", path);
	return (rc == STORE_OK && is_whole(*store, path));
}

/* Write all that is to be read from fd to standard output. */
static bool
pour(int fd)
{
	static const char what[] = "standard output cannot be written whole";
	char piece[PIECE_LEN];
	ssize_t len, n, done;

	while ((len = read(fd, piece, sizeof piece)) > 0)
		for (done = 0; done < len; done += n)
			if ((n = write(STDOUT_FILENO, piece + done,
			    (size_t)(len - done))) == -1) {
				log_error("%s: %s", what, strerror(errno));
				return (false);
			}
	if (len == -1) {
		log_error("the copy cannot be read: %s", strerror(errno));
		return (false);
	}
	/* A file is to be on the disk; what is none cannot be synced. */
	if (fsync(STDOUT_FILENO) == -1 && errno != EINVAL && errno != EROFS) {
		log_error("%s: %s", what, strerror(errno));
		return (false);
	}
	return (true);
}

/*
 * The whole database. It is looked at before, for nothing can be taken back of
 * what is on its way.
 */
static enum admin_rc
back_up_to_output(const struct admin *admin)
{
	struct store *store = NULL;
	enum admin_rc result;
	int fd = -1;

	if (admin->is_json || isatty(STDOUT_FILENO)) {
		log_error("standard output is to be a database: %s",
		    admin->is_json ? "there is no room for --json" :
		    "send it to a file or a program, not to a terminal");
		return (ADMIN_USAGE);
	}
	result = admin_open(admin, STORE_READ, &store, NULL);
	if (result == ADMIN_DONE && (!is_whole(store, admin->conf.database) ||
	    store_backup_open(store, &fd) != STORE_OK || !pour(fd)))
		result = ADMIN_FAILED;
	if (fd != -1)
		close(fd);
	store_close(store);
	return (result);
}

/* A user that root has become may not write where root may. */
static bool
can_write(const char *path)
{
	char *copy = strdup(path);
	bool is_refused = copy != NULL &&
	    access(dirname(copy), W_OK | X_OK) == -1 && errno == EACCES;

	if (is_refused)
		log_error("%s cannot be made by user %u, the owner of the data "
		    "directory: %s; name a place of that user's, or say "
		    "strongroom backup - > %s", path, (unsigned)geteuid(),
		    strerror(EACCES), path);
	free(copy);
	return (!is_refused);
}

enum admin_rc
admin_backup(const struct admin *admin)
{
	enum admin_rc result = ADMIN_FAILED;
	struct store *store = NULL, *copy = NULL;
	enum admin_rc opened;

	if (strcmp(admin->file, "-") == 0)
		return (back_up_to_output(admin));
	if (!can_write(admin->file))
		return (ADMIN_FAILED);
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

/* What SQLite would say of this is less clear. */
static bool
can_read(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd == -1) {
		log_error("backup %s cannot be read by user %u, the owner of "
		    "the data directory: %s%s", path, (unsigned)geteuid(),
		    strerror(errno), errno == EACCES ? "; copy it to where "
		    "that user may read it" : "");
		return (false);
	}
	close(fd);
	return (true);
}

/* How many boxes are under no key of keyring. */
static int64_t
count_strange(const struct store_box_counts *counts,
    const struct keyring *keyring)
{
	int64_t strange = 0;
	size_t i;

	for (i = 0; i < counts->count; i++)
		if (keyring_seal_key(keyring, counts->of[i].key_id) == NULL)
			strange += counts->of[i].boxes;
	return (strange);
}

/* Whether keyring is the one that the backup's keys and boxes need. */
static enum admin_rc
check_keys(const struct admin *admin, struct store *store,
    const struct keyring *keyring)
{
	struct keyring_print prints[KEYRING_MAX + 1];
	struct store_box_counts counts;
	int64_t strange = 0;
	enum store_rc rc;

	rc = store_keys_check(store, prints, keyring_prints(keyring, prints));
	if (rc == STORE_OK && (rc = store_box_count(store, &counts)) ==
	    STORE_OK)
		strange = count_strange(&counts, keyring);
	if (strange > 0)
		log_error("%lld boxes of the backup are under no key of key "
		    "file %s", (long long)strange,
		    admin->conf.master_key_file);
	if (rc == STORE_OK && strange == 0)
		return (ADMIN_DONE);
	if (rc != STORE_OK && rc != STORE_OTHER_KEY)
		return (ADMIN_FAILED);
	keyfit_complain(admin->conf.master_key_file, "backup", admin->file);
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

enum admin_rc
admin_restore(const struct admin *admin)
{
	const char *to = admin->to != NULL ? admin->to : admin->conf.database;
	enum admin_rc result = ADMIN_FAILED;
	struct keyring *keyring = NULL;
	struct store *store = NULL;

	if (!store_is_free(to) || !can_read(admin->file))
		return (ADMIN_FAILED);
	if ((keyring = keyring_load(admin->conf.master_key_file)) == NULL)
		return (ADMIN_KEY_FILE);
	if (!open_backup(admin, admin->file, &store))
		goto done;
	if ((result = check_keys(admin, store, keyring)) != ADMIN_DONE)
		goto done;
	result = ADMIN_FAILED;
	if (admin_make_directory(to) && store_restore(store, to,
	    admin->store.busy_timeout_ms) == STORE_OK)
		result = open_restored(admin, to);
done:
	store_close(store);
	keyring_free(keyring);
	return (result);
}
