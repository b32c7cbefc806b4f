/*
 * The words of the contract. Knows nothing of how they arrive or are kept.
 */
#include "config.h"

#include <string.h>

#include "ground/integration.h"

const char *const integration_types[] = {
	"sentry", "jira", "linear", "confluence", "slack", "github", NULL
};

const char *const integration_statuses[] = {
	"active", "inactive", "pending", "error", NULL
};

const char *
integration_word(const char *const *list, const char *text)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, text) == 0)
			return (*list);
	return (NULL);
}
