/*
 * strongroom doctor: files, directories, and the file system below them.
 */
#include "config.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "admin/admin_doctor.h"
#include "ground/path.h"
#include "store/store_upkeep.h"

enum { MIB = 1 << 20, SPACE_MIN_MIB = 32, SPACE_LOW_MIB = 256,
    INODES_MIN = 64 };

/* The cure of what is missing, if it is not just out of sight. */
static const char *
unless_hidden(const char *cure)
{
	return (errno == EACCES ? "run doctor as root" : cure);
}

/* The real path of the directory of path, to free(3); NULL: errno says. */
static char *
directory_of(const char *path)
{
	char *copy = strdup(path);
	char *real = copy == NULL ? NULL : realpath(dirname(copy), NULL);

	free(copy);
	return (real);
}

/* One directory on the way to a file that nobody else may replace. */
static void
check_directory(struct doctor *doctor, const char *dir)
{
	char name[DOCTOR_NAME_MAX];
	struct stat st;

	if (stat(dir, &st) == -1)
		return;
	if (st.st_uid != 0 && st.st_uid != doctor->owner)
		doctor_find(doctor, DOCTOR_PROBLEM, "chown it to root, or to "
		    "the service's user", "directory %s belongs to %s", dir,
		    doctor_user(st.st_uid, name));
	/* Where the sticky bit is, nobody removes what is another's. */
	if ((st.st_mode & S_ISVTX) == 0 && (st.st_mode & 022) != 0)
		doctor_find(doctor, st.st_mode & 02 ? DOCTOR_PROBLEM :
		    DOCTOR_WARNING, "chmod go-w it",
		    "directory %s may be changed by %s (mode %04o)", dir,
		    st.st_mode & 02 ? "everybody" : "its group",
		    (unsigned)st.st_mode & 07777);
}

/* The real directory dir, and all above it. */
static void
check_directories(struct doctor *doctor, const char *dir)
{
	char copy[PATH_MAX];
	char *slash;

	snprintf(copy, sizeof copy, "%s", dir);
	check_directory(doctor, copy);
	while ((slash = strrchr(copy, '/')) != NULL && slash != copy) {
		*slash = '\0';
		check_directory(doctor, copy);
	}
}

void
doctor_data_directory(struct doctor *doctor)
{
	const char *database = conf_home(&doctor->conf);
	struct stat st;

	doctor->directory = directory_of(database);
	if (doctor->directory == NULL || stat(doctor->directory, &st) == -1) {
		doctor_find(doctor, DOCTOR_PROBLEM, unless_hidden("run "
		    "strongroom init for a new service, or strongroom "
		    "restore"), "the directory of %s: %s", database,
		    strerror(errno));
		return;
	}
	doctor->owner = st.st_uid;
	doctor->has |= HAS_OWNER;
	check_directories(doctor, doctor->directory);
}

/*
 * To open a database gives its mode to the empty log, so one of which
 * anything is wrong is not opened.
 */
static bool
is_his(struct doctor *doctor, const char *path, const struct stat *st)
{
	char name[DOCTOR_NAME_MAX], his[DOCTOR_NAME_MAX];
	bool is_good = true;

	if (!S_ISREG(st->st_mode)) {
		doctor_find(doctor, DOCTOR_PROBLEM, "move it away",
		    "%s is no regular file", path);
		return (false);
	}
	if (st->st_uid != doctor->owner) {
		doctor_find(doctor, DOCTOR_PROBLEM, "chown it to him",
		    "%s belongs to %s, its directory to %s", path,
		    doctor_user(st->st_uid, name),
		    doctor_user(doctor->owner, his));
		is_good = false;
	}
	if ((st->st_mode & 0777) == 0600)
		return (is_good);
	doctor_find(doctor, DOCTOR_PROBLEM, "chmod it to 0600", "%s %s "
	    "(mode %04o)", path, (st->st_mode & 077) != 0 ?
	    "is open to others" : "cannot be read and written by its owner",
	    (unsigned)st->st_mode & 07777);
	return (false);
}

/* A file of the database; what is not there need not be. */
static int
check_file(void *cookie, const char *path)
{
	struct doctor *doctor = cookie;
	struct stat st;

	if (lstat(path, &st) == 0 && !is_his(doctor, path, &st))
		doctor->has &= ~(unsigned)HAS_FILES;
	return (0);
}

void
doctor_database_files(struct doctor *doctor)
{
	doctor->has |= HAS_FILES;
	if (store_files(&doctor->store_conf, check_file, doctor) == 0)
		return;
	doctor->has &= ~(unsigned)HAS_FILES;
	doctor_find(doctor, DOCTOR_PROBLEM, unless_hidden("run strongroom "
	    "init for a new service, or strongroom restore"),
	    "database %s: %s", doctor->conf.database, strerror(errno));
}

void
doctor_key_directory(struct doctor *doctor)
{
	char *dir = directory_of(doctor->conf.master_key_file);

	if (dir == NULL)
		doctor_find(doctor, DOCTOR_PROBLEM, unless_hidden("correct "
		    "master_key_file, or make it"), "the directory of %s: %s",
		    doctor->conf.master_key_file, strerror(errno));
	else
		check_directories(doctor, dir);
	free(dir);
}

static void
find_served(struct doctor *doctor, const char *what, const char *path,
    const char *root)
{
	doctor_find(doctor, DOCTOR_PROBLEM, "move it out of there",
	    "%s %s lies in %s, which a web server serves to everybody", what,
	    path, root);
}

static bool
is_served(const char *path, const char *root)
{
	char *real = realpath(path, NULL), *real_root = realpath(root, NULL);
	bool is_in = real_root != NULL && (path_is_inside(path, root) ||
	    (real != NULL && path_is_inside(real, real_root)));

	free(real);
	free(real_root);
	return (is_in);
}

static void
check_root(struct doctor *doctor, const char *root)
{
	if (is_served(conf_home(&doctor->conf), root))
		find_served(doctor, "database", conf_home(&doctor->conf), root);
	if (is_served(doctor->conf.master_key_file, root))
		find_served(doctor, "key file", doctor->conf.master_key_file,
		    root);
}

/* Shared hosts serve directories of these names in every home. */
static void
check_name(struct doctor *doctor, const char *what, const char *path,
    const char *name)
{
	if (strstr(path, name) != NULL)
		find_served(doctor, what, path, name);
}

void
doctor_document_root(struct doctor *doctor)
{
	static const char *const usual[] = { "/var/www", "/srv/www",
	    "/srv/http", "/usr/share/nginx/html", "/usr/local/www" };
	static const char *const names[] = { "/public_html/", "/htdocs/",
	    "/httpdocs/" };
	const char *given = doctor->admin->document_root;
	size_t i;

	if (given != NULL) {
		check_root(doctor, given);
		return;
	}
	for (i = 0; i < sizeof usual / sizeof usual[0]; i++)
		check_root(doctor, usual[i]);
	for (i = 0; i < sizeof names / sizeof names[0]; i++) {
		check_name(doctor, "database", conf_home(&doctor->conf),
		    names[i]);
		check_name(doctor, "key file", doctor->conf.master_key_file,
		    names[i]);
	}
}

void
doctor_file_system(struct doctor *doctor)
{
	if (!store_is_on_network(&doctor->store_conf))
		return;
	if (doctor->conf.journal_mode == CONF_JOURNAL_WAL)
		doctor_find(doctor, DOCTOR_PROBLEM,
		    "set journal_mode to auto, or move the database",
		    "%s is on a network file system, where "
		    "journal_mode=wal has no shared memory",
		    doctor->conf.database);
	else
		doctor_find(doctor, DOCTOR_WARNING,
		    "move the database to a local disk, if there is one",
		    "%s is on a network file system: "
		    "journal_mode=truncate is used, which is slower",
		    doctor->conf.database);
}

void
doctor_disk_space(struct doctor *doctor)
{
	struct statvfs fs;
	unsigned long long mib;

	if (statvfs(doctor->directory, &fs) == -1)
		return;
	mib = (unsigned long long)fs.f_bavail * fs.f_frsize / MIB;
	if (mib < SPACE_LOW_MIB)
		doctor_find(doctor, mib < SPACE_MIN_MIB ? DOCTOR_PROBLEM :
		    DOCTOR_WARNING, "make room: without any, saves are "
		    "answered 507", "%s has %llu MiB left",
		    doctor->directory, mib);
	/* Some file systems count none. */
	if (fs.f_files > 0 && fs.f_favail < INODES_MIN)
		doctor_find(doctor, DOCTOR_PROBLEM, "remove files there",
		    "%s has room for %llu more files", doctor->directory,
		    (unsigned long long)fs.f_favail);
}
