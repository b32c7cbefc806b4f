/*
 * Making and knowing the listening socket. Accepts nothing.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#ifdef STATIC_BINARY
#include <nss.h>
#endif
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/listen.h"
#include "ground/log.h"
#include "ground/number.h"

enum { BACKLOG = 4096 };

enum listen_kind
listen_kind(int fd)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof address;
	int is_listening = 0;
	socklen_t flag_len = sizeof is_listening;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening,
	    &flag_len) == -1 || !is_listening)
		return (LISTEN_NONE);
	if (getsockname(fd, (struct sockaddr *)&address, &len) == -1)
		return (LISTEN_OTHER);
	return (address.ss_family == AF_UNIX ? LISTEN_UNIX : LISTEN_OTHER);
}

/* Remove a socket that a process left behind; false when one listens. */
static bool
clear_way(const struct sockaddr_un *address)
{
	struct stat st;
	bool is_refused;
	int fd;

	if (lstat(address->sun_path, &st) == -1)
		return (errno == ENOENT);
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return (false);
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1)
		return (false);
	is_refused = connect(fd, (const struct sockaddr *)address,
	    sizeof *address) == -1 && errno == ECONNREFUSED;
	close(fd);
	if (!is_refused) {
		errno = EADDRINUSE;
		return (false);
	}
	return (unlink(address->sun_path) == 0);
}

/*
 * The id of group, (gid_t)-1 for none; false: it is not known. A static
 * program cannot load the machine's name services, which are of another libc
 * than its own, so it looks into /etc/group alone.
 */
static bool
find_group(const char *group, gid_t *gid)
{
	const struct group *entry;
	uint64_t number;

	*gid = (gid_t)-1;
	if (group == NULL)
		return (true);
	if (number_parse(group, 0, (gid_t)-2, &number) == 0) {
		*gid = (gid_t)number;
		return (true);
	}
#ifdef STATIC_BINARY
	(void)__nss_configure_lookup("group", "files");
#endif
	if ((entry = getgrnam(group)) == NULL) {
		log_error("socket group %s is not known", group);
		return (false);
	}
	*gid = entry->gr_gid;
	return (true);
}

int
listen_open(const char *path, const char *group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	gid_t gid;
	int fd, rc;

	if (strlen(path) >= sizeof address.sun_path) {
		log_error("socket %s: a path has at most %zu bytes", path,
		    sizeof address.sun_path - 1);
		return (-1);
	}
	if (!find_group(group, &gid))
		return (-1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd == -1 || !clear_way(&address))
		goto fail;
	mask = umask(0117);
	rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
	(void)umask(mask);
	if (rc == -1)
		goto fail;
	if (chown(path, (uid_t)-1, gid) == 0 && listen(fd, BACKLOG) == 0)
		return (fd);
	(void)unlink(path);
fail:
	log_error("socket %s cannot be made: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	return (-1);
}
