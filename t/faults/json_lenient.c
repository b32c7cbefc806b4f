/* The control of json_verdict: a parser that takes too much. */
#include "config.h"

#include <string.h>

#include <json-c/json.h>

#include "json_lenient.h"

char *
json_lenient(const char *text, size_t len)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *value = json_tokener_parse_ex(tokener, text,
	    (int)len);
	char *out = NULL;

	if (json_tokener_get_error(tokener) == json_tokener_success)
		out = strdup(json_object_to_json_string(value));
	json_object_put(value);
	json_tokener_free(tokener);
	return (out);
}
