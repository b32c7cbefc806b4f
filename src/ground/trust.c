/*
 * Who could put something else in a file's place. Walks the way to it as the
 * kernel does, name by name and link by link, and opens nothing.
 */
#include "config.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground/trust.h"

enum { LINKS_MAX = 40 };	/* as the kernel follows */

/* Both end without a slash; at is real, and empty for the root. */
struct walk {
	char at[PATH_MAX];
	char left[PATH_MAX];
	int links;
};

static bool
judge(const char *path, const struct stat *st, uid_t uid,
    struct trust_doubt *doubt)
{
	const char *kind = S_ISDIR(st->st_mode) ? "directory " :
	    S_ISLNK(st->st_mode) ? "link " : "";

	if (st->st_uid != 0 && st->st_uid != uid) {
		snprintf(doubt->text, sizeof doubt->text,
		    "%s%s belongs to user %u", kind, path,
		    (unsigned)st->st_uid);
		doubt->cure = "chown it to root, or run this as that user";
		return (false);
	}
	if (S_ISLNK(st->st_mode) || (st->st_mode & 022) == 0 ||
	    (S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX) != 0))
		return (true);
	snprintf(doubt->text, sizeof doubt->text,
	    "%s%s may be changed by %s (mode %04o)", kind, path,
	    (st->st_mode & 02) != 0 ? "others" : "its group",
	    (unsigned)st->st_mode & 07777);
	doubt->cure = "chmod go-w it";
	return (false);
}

/* Take the first name of what is left, and go there; false: too long. */
static bool
step(struct walk *walk)
{
	size_t at = strlen(walk->at), len = strcspn(walk->left, "/");
	char *slash;

	if (len == 2 && memcmp(walk->left, "..", 2) == 0) {
		if ((slash = strrchr(walk->at, '/')) != NULL)
			*slash = '\0';
	} else if (len > 1 || (len == 1 && walk->left[0] != '.')) {
		if (at + 1 + len >= sizeof walk->at)
			return (false);
		walk->at[at] = '/';
		memcpy(walk->at + at + 1, walk->left, len);
		walk->at[at + 1 + len] = '\0';
	}
	len += walk->left[len] == '/';
	memmove(walk->left, walk->left + len, strlen(walk->left + len) + 1);
	return (true);
}

/* At a link: go back to where it is, its target before what is left. */
static bool
follow(struct walk *walk)
{
	char target[PATH_MAX];
	ssize_t n = readlink(walk->at, target, sizeof target);
	size_t len = strlen(walk->left);

	if (n <= 0 || (size_t)n + 1 + len >= sizeof walk->left ||
	    ++walk->links > LINKS_MAX)
		return (false);
	memmove(walk->left + n + 1, walk->left, len + 1);
	memcpy(walk->left, target, (size_t)n);
	walk->left[n] = '/';
	*(target[0] == '/' ? walk->at : strrchr(walk->at, '/')) = '\0';
	return (true);
}

static bool
begin(struct walk *walk, const char *path)
{
	size_t len = 0;

	*walk = (struct walk){ .links = 0 };
	if (path[0] != '/') {
		if (getcwd(walk->left, sizeof walk->left - 1) == NULL)
			return (false);
		len = strlen(walk->left);
		walk->left[len++] = '/';
	}
	if (strlen(path) >= sizeof walk->left - len)
		return (false);
	memcpy(walk->left + len, path, strlen(path) + 1);
	return (true);
}

bool
trust_path(const char *path, uid_t uid, struct trust_doubt *doubt)
{
	struct walk walk;
	struct stat st;

	*doubt = (struct trust_doubt){ .cure = NULL };
	/* What cannot be walked to the end cannot be opened either. */
	if (!begin(&walk, path))
		return (true);
	while (lstat(walk.at[0] != '\0' ? walk.at : "/", &st) == 0) {
		if (!judge(walk.at[0] != '\0' ? walk.at : "/", &st, uid,
		    doubt))
			return (false);
		if (S_ISLNK(st.st_mode) ? !follow(&walk) :
		    walk.left[0] == '\0' || !step(&walk))
			break;
	}
	return (true);
}
