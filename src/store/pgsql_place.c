/*
 * Where the servers of a URL are, as numbers: in the sandbox no name can be
 * looked up. A host that has several addresses stands there as often.
 */
#include "config.h"

#include <netdb.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ground/log.h"
#include "store/pgsql.h"

/* What was found first by this process, which has one database. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static char *known_url;
static struct pgsql_place known;

/* One more behind a comma; len bytes of it. */
static bool
append(char **list, const char *text, size_t len)
{
	char *longer;

	if (asprintf(&longer, "%s%s%.*s", *list != NULL ? *list : "",
	    *list != NULL ? "," : "", (int)len, text) == -1)
		return (false);
	free(*list);
	*list = longer;
	return (true);
}

/* A part of a list that is parted by commas; its last one goes for the rest. */
struct part {
	const char *text;
	size_t len;
};

static void
next_part(struct part *part)
{
	if (part->text[part->len] == ',')
		part->text += part->len + 1;
	part->len = strcspn(part->text, ",");
}

static bool
add_one(struct pgsql_place *place, const struct part *host,
    const struct part *port, const char *address)
{
	return (append(&place->hosts, host->text, host->len) &&
	    append(&place->ports, port->text, port->len) &&
	    append(&place->addresses, address, strlen(address)));
}

/* All addresses of a name. One that is not found is left to the library. */
static bool
add_named(struct pgsql_place *place, const struct part *host,
    const struct part *port)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	char name[NI_MAXHOST] = "", address[NI_MAXHOST];
	struct addrinfo *found = NULL, *each;
	bool is_good = true;

	if (host->len < sizeof name)
		memcpy(name, host->text, host->len);
	if (getaddrinfo(name, NULL, &hints, &found) != 0)
		return (add_one(place, host, port, ""));
	for (each = found; is_good && each != NULL; each = each->ai_next)
		is_good = getnameinfo(each->ai_addr, each->ai_addrlen, address,
		    sizeof address, NULL, 0, NI_NUMERICHOST) == 0 &&
		    add_one(place, host, port, address);
	freeaddrinfo(found);
	return (is_good);
}

static bool
is_socket(const struct part *host)
{
	return (host->len == 0 || host->text[0] == '/' ||
	    host->text[0] == '@');
}

static bool
add_hosts(struct pgsql_place *place, const char *hosts, const char *ports)
{
	struct part host = { hosts, strcspn(hosts, ",") };
	struct part port = { ports, strcspn(ports, ",") };
	bool is_good = true, is_last = false;

	while (is_good && !is_last) {
		is_good = is_socket(&host) ?
		    add_one(place, &host, &port, "") :
		    add_named(place, &host, &port);
		is_last = host.text[host.len] == '\0';
		next_part(&host);
		next_part(&port);
	}
	return (is_good);
}

static bool
look_up(struct pgsql_place *place, const struct pgsql *db)
{
	const char *hosts = pgsql_option(db, "host");
	const char *ports = pgsql_option(db, "port");
	const struct passwd *passwd = getpwuid(geteuid());

	if (passwd != NULL &&
	    (place->user = strdup(passwd->pw_name)) == NULL)
		return (false);
	if (hosts == NULL || pgsql_option(db, "hostaddr") != NULL)
		return (true);
	return (add_hosts(place, hosts, ports != NULL ? ports : ""));
}

static bool
copy_text(char **to, const char *text)
{
	*to = text != NULL ? strdup(text) : NULL;
	return (text == NULL || *to != NULL);
}

static bool
copy(struct pgsql_place *to, const struct pgsql_place *from)
{
	return (copy_text(&to->hosts, from->hosts) &&
	    copy_text(&to->addresses, from->addresses) &&
	    copy_text(&to->ports, from->ports) &&
	    copy_text(&to->user, from->user));
}

void
pgsql_place_fini(struct pgsql_place *place)
{
	free(place->hosts);
	free(place->addresses);
	free(place->ports);
	free(place->user);
	*place = (struct pgsql_place){ NULL };
}

int
pgsql_place_find(struct pgsql *db)
{
	bool is_good = true;

	pthread_mutex_lock(&mutex);
	if (known_url == NULL || strcmp(known_url, db->url) != 0) {
		pgsql_place_fini(&known);
		free(known_url);
		is_good = copy_text(&known_url, db->url) &&
		    look_up(&known, db);
	}
	is_good = is_good && copy(&db->place, &known);
	if (!is_good) {
		free(known_url);
		known_url = NULL;
	}
	pthread_mutex_unlock(&mutex);
	if (is_good)
		return (0);
	log_error("the hosts of the database cannot be looked up: memory is "
	    "short");
	return (-1);
}
