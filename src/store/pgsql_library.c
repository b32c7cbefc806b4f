/*
 * libpq, loaded when a database asks for it: linked, it would make every start
 * of a program several times as long, be there PostgreSQL or not.
 */
#include "config.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "store/pgsql_library.h"

static const char library_name[] = "libpq.so.5";

static struct pgsql_library library;
static bool is_there;

/* Let a member be the function of that name; false: there is none. */
static bool
find(void *handle, const char *name, void *member)
{
	void *symbol = dlsym(handle, name);

	memcpy(member, &symbol, sizeof symbol);
	if (symbol == NULL)
		log_error("%s has no %s: it is too old; install libpq5 of "
		    "version 14 or newer", library_name, name);
	return (symbol != NULL);
}

/*
 * Under CGI the environment is a stranger's in part, and nobody would look for
 * the address of a database there.
 */
static void
forget_environment(void)
{
	static const char *const others[] = { "PGSERVICEFILE", "PGSYSCONFDIR",
	    "PGLOCALEDIR" };
	PQconninfoOption *options = library.conndefaults(), *option;
	size_t i;

	for (option = options; option != NULL && option->keyword != NULL;
	    option++)
		if (option->envvar != NULL)
			(void)unsetenv(option->envvar);
	library.conninfoFree(options);
	for (i = 0; i < sizeof others / sizeof others[0]; i++)
		(void)unsetenv(others[i]);
}

#define FIND(type, name, parameters) \
	is_whole &= find(handle, "PQ" #name, &library.name);

static void
load(void)
{
	void *handle = dlopen(library_name, RTLD_NOW | RTLD_LOCAL);
	bool is_whole = true;

	if (handle == NULL) {
		log_error("PostgreSQL's library cannot be loaded: %s; install "
		    "the package libpq5", dlerror());
		return;
	}
	PGSQL_CALLS(FIND)
	if (!is_whole)
		return;
	forget_environment();
	is_there = true;
}

const struct pgsql_library *
pgsql_library(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load);
	return (is_there ? &library : NULL);
}
