/*
 * What lies below a document root, told by the directories above our files.
 * Knows no request, and remembers no root: a link may lead elsewhere by the
 * next one.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ground/log.h"
#include "ground/path.h"
#include "service/guard.h"

enum { FILES = 2, NAMES = 2 * FILES };	/* each as named, and really */

struct place {
	dev_t dev;
	ino_t ino;
};

struct guard {
	char *names[NAMES];		/* database really, named; key file */
	struct place *places;
	size_t count;
};

static int
note(struct guard *guard, const char *dir)
{
	struct place *places;
	struct stat st;

	if (stat(dir, &st) == -1)
		return (-1);
	places = realloc(guard->places, (guard->count + 1) * sizeof *places);
	if (places == NULL)
		return (-1);
	guard->places = places;
	places[guard->count++] = (struct place){ st.st_dev, st.st_ino };
	return (0);
}

/* Every directory above path, which begins at / or here. */
static int
note_above(struct guard *guard, const char *path)
{
	char *copy = strdup(path), *slash;
	int rc = copy == NULL ? -1 : note(guard, path[0] == '/' ? "/" : ".");

	while (rc == 0 && (slash = strrchr(copy, '/')) != NULL) {
		*slash = '\0';
		if (*copy != '\0')
			rc = note(guard, copy);
	}
	free(copy);
	return (rc);
}

struct guard *
guard_new(const char *key_file, const char *database)
{
	const char *const files[FILES] = { database, key_file };
	struct guard *guard = calloc(1, sizeof *guard);
	size_t i;
	int rc = guard == NULL ? -1 : 0;

	for (i = 0; rc == 0 && i < FILES; i++) {
		guard->names[2 * i] = realpath(files[i], NULL);
		guard->names[2 * i + 1] = strdup(files[i]);
		rc = guard->names[2 * i] == NULL ||
		    guard->names[2 * i + 1] == NULL ? -1 : 0;
	}
	for (i = 0; rc == 0 && i < NAMES; i++)
		rc = note_above(guard, guard->names[i]);
	if (rc == 0)
		return (guard);
	log_error("the directories above database %s and key file %s cannot "
	    "be looked at: %s", database, key_file, strerror(errno));
	guard_free(guard);
	return (NULL);
}

void
guard_free(struct guard *guard)
{
	size_t i;

	if (guard == NULL)
		return;
	for (i = 0; i < NAMES; i++)
		free(guard->names[i]);
	free(guard->places);
	free(guard);
}

static bool
look_at(const struct guard *guard, const char *root)
{
	struct stat st;
	size_t i;

	/* By name too, for one that cannot be looked at from here. */
	for (i = 0; i < NAMES; i++)
		if (path_is_inside(guard->names[i], root))
			return (false);
	if (stat(root, &st) == -1)
		return (true);
	for (i = 0; i < guard->count; i++)
		if (st.st_dev == guard->places[i].dev &&
		    st.st_ino == guard->places[i].ino)
			return (false);
	return (true);
}

bool
guard_permits(const struct guard *guard, const char *root,
    struct guard_seen *seen)
{
	size_t size = strlen(root) + 1;
	bool is_permitted;

	if (seen->is_known && strcmp(seen->root, root) == 0)
		return (seen->is_permitted);
	is_permitted = look_at(guard, root);
	seen->is_known = size <= sizeof seen->root;
	if (seen->is_known) {
		memcpy(seen->root, root, size);
		seen->is_permitted = is_permitted;
	}
	return (is_permitted);
}

const char *
guard_database(const struct guard *guard)
{
	return (guard->names[0]);
}
