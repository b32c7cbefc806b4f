/*
 * What the subcommands share: whose rights they use, and how they come to the
 * database.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "body/json.h"
#include "ground/log.h"
#include "ground/newfile.h"
#include "ground/trust.h"
#include "store/keyfit.h"

enum { NAME_MAX_CHARS = 255, QUOTED_MAX = 8192 };

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
 * cannot be.
 */
static enum admin_rc
open_keeper(const struct admin *admin, struct store *store,
    struct keeper **to)
{
	struct keeper *keeper = keeper_open(admin->conf.master_key_file);
	enum store_rc rc;

	if (keeper == NULL)
		return (ADMIN_KEY_FILE);
	rc = keyfit_check(store, keeper, admin->conf.master_key_file,
	    admin->conf.database);
	if (rc == STORE_OK) {
		*to = keeper;
		return (ADMIN_DONE);
	}
	keeper_close(keeper);
	return (rc == STORE_OTHER_KEY ? ADMIN_OTHER_KEY : ADMIN_FAILED);
}

/*
 * One directory of a way, and its name on the disk; the last one is for owner,
 * if there is one.
 */
static int
make_one(const char *dir, bool is_last, const struct stat *owner)
{
	if (mkdir(dir, is_last ? 0700 : 0755) == -1)
		return (errno == EEXIST ? 0 : -1);
	if (newfile_settle(dir) == -1)
		return (-1);
	if (owner == NULL)
		return (0);
	return (is_last ? lchown(dir, owner->st_uid, owner->st_gid) :
	    chmod(dir, 0755));
}

static bool
make_directories(const char *path, const struct stat *owner)
{
	char *copy = strdup(path), *dir, *slash;
	int rc = 0;

	if (copy == NULL) {
		log_error("out of memory");
		return (false);
	}
	dir = dirname(copy);
	for (slash = dir; slash != NULL && rc == 0; ) {
		if ((slash = strchr(slash + 1, '/')) != NULL)
			*slash = '\0';
		if ((rc = make_one(dir, slash == NULL, owner)) == -1)
			log_error("directory %s cannot be made: %s", dir,
			    strerror(errno));
		if (slash != NULL)
			*slash = '/';
	}
	free(copy);
	return (rc == 0);
}

bool
admin_make_directory(const char *path)
{
	return (make_directories(path, NULL));
}

bool
admin_give_directory(const char *path, const char *database)
{
	struct trust_doubt doubt;
	struct stat owner;
	char *copy;
	bool is_ours;

	if (geteuid() != 0 || !find_owner(database, &owner) ||
	    owner.st_uid == 0)
		return (true);
	if ((copy = strdup(path)) == NULL) {
		log_error("out of memory");
		return (false);
	}
	is_ours = trust_path(dirname(copy), 0, &doubt);
	free(copy);
	return (!is_ours || make_directories(path, &owner));
}

enum admin_rc
admin_open(const struct admin *admin, enum store_mode mode,
    struct store **store, struct keeper **keeper)
{
	enum admin_rc rc;

	if (store_open(store, &admin->store, mode) != STORE_OK) {
		*store = NULL;
		return (ADMIN_FAILED);
	}
	if (keeper == NULL ||
	    (rc = open_keeper(admin, *store, keeper)) == ADMIN_DONE)
		return (ADMIN_DONE);
	store_close(*store);
	*store = NULL;
	return (rc);
}

size_t
admin_control(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (p[0] < 0x20 || p[0] == 0x7f)
		return (1);
	return (p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0 ? 2 : 0);
}

bool
admin_is_name(const char *name)
{
	struct json_measure m;
	struct json_doc doc = { 0 };
	struct buf quoted;
	bool good = false;

	buf_init(&quoted, QUOTED_MAX);
	json_put_string(&quoted, name, strlen(name));
	/* The strict scan knows UTF-8; escapes show control characters. */
	if (!quoted.failed &&
	    json_check(&doc, quoted.data, quoted.len) == JSON_OK) {
		m = json_measure(&doc, 0, NAME_MAX_CHARS);
		good = m.code_points >= 1 && m.code_points <= NAME_MAX_CHARS;
	}
	for (; good && *name != '\0'; name++)
		good = admin_control(name) == 0;
	json_doc_fini(&doc);
	buf_fini(&quoted);
	return (good);
}

bool
admin_flush(void)
{
	bool is_whole = !ferror(stdout);
	int fd;

	/* What has failed before has just now, and errno is of that. */
	if (is_whole)
		errno = 0;
	is_whole &= fflush(stdout) == 0;
	/* What a file server has to say it says at a close. */
	if (is_whole && (fd = dup(STDOUT_FILENO)) != -1)
		is_whole = close(fd) == 0;
	if (is_whole)
		return (true);
	log_error("standard output cannot be written whole%s%s",
	    errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
	__fpurge(stdout);
	clearerr(stdout);
	return (false);
}

enum store_rc
admin_begin(const struct admin *admin, struct store *store)
{
	return (admin_begin_patiently(admin, store, 1));
}

enum store_rc
admin_begin_patiently(const struct admin *admin, struct store *store,
    int times)
{
	int timeout_ms = times * admin->store.busy_timeout_ms;
	enum store_rc rc = store_begin(store, timeout_ms);

	if (rc == STORE_BUSY)
		store_complain_busy(log_error, timeout_ms);
	return (rc);
}

int
admin_print_bytes(const char *bytes, size_t len)
{
	if (fwrite(bytes, 1, len, stdout) == len && isatty(STDOUT_FILENO))
		putchar('\n');
	return (admin_flush() ? 0 : -1);
}
