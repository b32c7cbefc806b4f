/*
 * Paths as texts. Looks at no file.
 */
#include "config.h"

#include <string.h>

#include "ground/path.h"

bool
path_is_inside(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	if (len > 0 && dir[len - 1] == '/')
		len--;
	return (strncmp(path, dir, len) == 0 && path[len] == '/');
}
