#ifndef JSON_LENIENT_H
#define JSON_LENIENT_H

#include <stddef.h>

/*
 * What json-c makes of a text, in memory for the caller to free; NULL when it
 * refuses it. A file of its own: json-c's names and ours are the same.
 */
char *json_lenient(const char *text, size_t len);

#endif
