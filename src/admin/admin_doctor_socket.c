/*
 * strongroom doctor: the socket, as the web server's user meets it. Does not
 * connect: that would start a service that waits for it.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/admin_doctor.h"

static const char usual_path[] = "/run/strongroom/strongroom.sock";
static const char *const usual_users[] = { "www-data", "nginx", "apache",
    "http", "wwwrun", "www" };

enum { GROUPS_MAX = 256, MAY_SEARCH = 1, MAY_CONNECT = 2 };

struct web_user {
	const char *name;
	uid_t uid;
	gid_t groups[GROUPS_MAX];
	int count;
};

/* --web-user, or the first of the usual ones that this system has. */
static bool
find_user(struct doctor *doctor, struct web_user *user)
{
	const struct passwd *entry = NULL;
	size_t i;

	*user = (struct web_user){ .name = doctor->admin->web_user };
	if (user->name != NULL) {
		entry = getpwnam(user->name);
	} else {
		for (i = 0; entry == NULL && i < sizeof usual_users /
		    sizeof usual_users[0]; i++)
			entry = getpwnam(user->name = usual_users[i]);
	}
	if (entry == NULL) {
		doctor_find(doctor, doctor->admin->web_user != NULL ?
		    DOCTOR_PROBLEM : DOCTOR_WARNING,
		    "name the web server's user: --web-user",
		    "there is no user %s", doctor->admin->web_user != NULL ?
		    doctor->admin->web_user : "that web servers usually have");
		return (false);
	}
	user->uid = entry->pw_uid;
	user->count = GROUPS_MAX;
	if (getgrouplist(user->name, entry->pw_gid, user->groups,
	    &user->count) == -1)
		user->count = GROUPS_MAX;
	return (true);
}

/* By the mode alone, as access(2) would say for that user. */
static bool
may(const struct web_user *user, const struct stat *st, unsigned bit)
{
	int i;

	if (user->uid == 0)
		return (true);
	if (st->st_uid == user->uid)
		return ((st->st_mode >> 6 & bit) != 0);
	for (i = 0; i < user->count; i++)
		if (user->groups[i] == st->st_gid)
			return ((st->st_mode >> 3 & bit) != 0);
	return ((st->st_mode & bit) != 0);
}

/* Every directory above the socket. */
static void
check_way(struct doctor *doctor, const struct web_user *user,
    const char *path)
{
	char dir[PATH_MAX];
	struct stat st;
	size_t len;

	for (len = 0; path[len] != '\0' && len + 1 < sizeof dir; len++) {
		if (path[len] != '/')
			continue;
		snprintf(dir, sizeof dir, "%.*s", len == 0 ? 1 : (int)len,
		    path);
		if (stat(dir, &st) == 0 && !may(user, &st, MAY_SEARCH))
			doctor_find(doctor, DOCTOR_PROBLEM, "chmod it to 0755, "
			    "or put the socket elsewhere",
			    "%s, the web server's user, may not search "
			    "directory %s (mode %04o)", user->name, dir,
			    (unsigned)st.st_mode & 07777);
	}
}

/* Whether both name one file, by whatever links; a relative name may. */
static bool
is_same_path(const char *bound, const char *real)
{
	const char *base = strrchr(bound, '/'), *wanted = strrchr(real, '/');
	char *way = realpath(bound, NULL);
	bool is_same = bound[0] != '/' ? strcmp(base != NULL ? base + 1 :
	    bound, wanted + 1) == 0 : way != NULL && strcmp(way, real) == 0;

	free(way);
	return (is_same);
}

/* Whether a process listens on the real path, as the kernel lists it. */
static bool
is_listening(const char *real)
{
	FILE *in = fopen("/proc/net/unix", "re");
	char line[PATH_MAX + 128], name[PATH_MAX + 1];
	bool is_found = in == NULL;	/* nobody can say */
	unsigned flags;

	while (!is_found && fgets(line, sizeof line, in) != NULL)
		is_found = sscanf(line, "%*s %*s %*s %x %*s %*s %*s %4096[^\n]",
		    &flags, name) == 2 && (flags & 0x10000) != 0 &&
		    is_same_path(name, real);
	if (in != NULL)
		fclose(in);
	return (is_found);
}

static void
check_socket(struct doctor *doctor, const struct web_user *user,
    const char *path, const char *real, const struct stat *st)
{
	char name[DOCTOR_NAME_MAX];
	const struct group *group = getgrgid(st->st_gid);

	if (!S_ISSOCK(st->st_mode)) {
		doctor_find(doctor, DOCTOR_PROBLEM, "move it away, or correct "
		    "--socket", "%s is no socket", path);
		return;
	}
	if (!is_listening(real))
		doctor_find(doctor, DOCTOR_PROBLEM, "start the service",
		    "nobody listens on %s", path);
	if ((st->st_mode & 007) != 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "chmod it to 0660: "
		    "FastCGI asks for no password",
		    "everybody on this machine may speak to %s (mode %04o)",
		    path, (unsigned)st->st_mode & 07777);
	if (!may(user, st, MAY_CONNECT))
		doctor_find(doctor, DOCTOR_PROBLEM, "give the socket the group "
		    "of that user: --socket-group",
		    "%s, the web server's user, may not speak to %s (user %s, "
		    "group %s, mode %04o)", user->name, path,
		    doctor_user(st->st_uid, name),
		    group != NULL ? group->gr_name : "?",
		    (unsigned)st->st_mode & 07777);
}

void
doctor_socket(struct doctor *doctor)
{
	const char *path = doctor->admin->socket;
	struct web_user user;
	char *real = NULL;
	struct stat st;

	if (path == NULL && stat(usual_path, &st) == -1 && errno == ENOENT) {
		doctor_find(doctor, DOCTOR_OK, NULL, "%s is not there, which "
		    "is right for CGI; another is named by --socket",
		    usual_path);
		return;
	}
	if (path == NULL)
		path = usual_path;
	if (!find_user(doctor, &user))
		return;
	if (stat(path, &st) == -1 || (real = realpath(path, NULL)) == NULL)
		doctor_find(doctor, DOCTOR_PROBLEM, errno == EACCES ?
		    "run doctor as root" : "start the service, or correct "
		    "--socket", "%s: %s", path, strerror(errno));
	else
		check_socket(doctor, &user, path, real, &st);
	check_way(doctor, &user, path);
	if (real != NULL && strcmp(path, real) != 0)
		check_way(doctor, &user, real);
	if (doctor->is_silent)
		doctor_find(doctor, DOCTOR_OK, NULL, "%s, the web server's "
		    "user, reaches %s", user.name, path);
	free(real);
}
