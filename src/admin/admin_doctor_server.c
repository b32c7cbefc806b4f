/*
 * What strongroom doctor says of a server that has the database. That its
 * commits are durable is seen at each connection already.
 */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "admin/admin_doctor.h"
#include "store/store_upkeep.h"

enum {
	WORKER_CONNECTIONS = 5,		/* of one process that serves */
	ROOM_MIN = 4 * WORKER_CONNECTIONS
};

/* Whether the URL names more hosts than one. */
static bool
has_several_hosts(const char *url)
{
	return (strchr(url, ',') != NULL);
}

static void
check_way(struct doctor *doctor, const struct store_server *server)
{
	const char *url = doctor->conf.database;

	if (server->is_local)
		return;
	if (!server->is_encrypted)
		doctor_find(doctor, DOCTOR_PROBLEM, "add sslmode=verify-full "
		    "and sslrootcert= to the URL", "names, metadata and hashes "
		    "of keys go over the network in clear");
	else if (strstr(url, "sslmode=verify-full") == NULL)
		doctor_find(doctor, DOCTOR_WARNING, "add sslmode=verify-full "
		    "and sslrootcert= to the URL", "nothing proves that the "
		    "server is the one that is meant");
}

static void
check_rights(struct doctor *doctor, const struct store_server *server)
{
	if (server->is_superuser)
		doctor_find(doctor, DOCTOR_WARNING, "make a role of its own: "
		    "createuser strongroom", "the role may do anything on the "
		    "server");
}

static void
check_room(struct doctor *doctor, const struct store_server *server)
{
	int64_t room = server->connections_max - server->connections;

	if (room < ROOM_MIN)
		doctor_find(doctor, DOCTOR_WARNING, "raise max_connections",
		    "the server has room for %" PRId64 " more connections, and "
		    "each process that serves takes %d", room,
		    WORKER_CONNECTIONS);
}

static void
check_standby(struct doctor *doctor, const struct store_server *server)
{
	if (has_several_hosts(doctor->conf.database) &&
	    !server->waits_for_standby)
		doctor_find(doctor, DOCTOR_WARNING, "set "
		    "synchronous_standby_names, or know that you lose them",
		    "commits do not wait for a standby, so that the last of "
		    "them are lost with the primary");
}

void
doctor_server(struct doctor *doctor)
{
	struct store_server server;

	if (store_server(doctor->store, &server) != STORE_OK) {
		doctor_find(doctor, DOCTOR_PROBLEM, "see the server's log",
		    "it says nothing of itself");
		return;
	}
	check_way(doctor, &server);
	check_rights(doctor, &server);
	check_room(doctor, &server);
	check_standby(doctor, &server);
	if (doctor->is_silent)
		doctor_find(doctor, DOCTOR_OK, NULL, "PostgreSQL %s%s",
		    server.version, server.waits_for_standby ?
		    "; each commit waits for a standby" : "");
}
