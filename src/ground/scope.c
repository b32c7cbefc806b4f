/*
 * The names of what an API key may do.
 */
#include "config.h"

#include <stddef.h>

#include "ground/scope.h"

const char *const scope_words[] = {
	"save", "read", "reveal", "verify", "admin", "metrics", NULL
};

const char *const scope_grants[] = {
	"save", "read", "reveal", "verify", "admin", NULL
};
