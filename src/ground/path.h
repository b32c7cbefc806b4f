#ifndef PATH_H
#define PATH_H

#include <stdbool.h>

/* Whether path lies in the directory dir. Neither is resolved. */
bool path_is_inside(const char *path, const char *dir);

#endif
