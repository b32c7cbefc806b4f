/*
 * JSON output by json-c, which is good at writing what it was told.
 */
#include "config.h"

#include <stdio.h>

#include <json-c/json.h>
#include <json-c/printbuf.h>

#include "admin_json.h"

/* The library's objects under a name of ours. */
static struct json_object *
of(struct json_out *out)
{
	return ((struct json_object *)(void *)out);
}

static struct json_out *
as(struct json_object *object)
{
	return ((struct json_out *)(void *)object);
}

struct json_out *
json_out_object(void)
{
	return (as(json_object_new_object()));
}

struct json_out *
json_out_array(void)
{
	return (as(json_object_new_array()));
}

void
json_out_free(struct json_out *out)
{
	(void)json_object_put(of(out));
}

static void
add(struct json_out *object, const char *name, struct json_object *value)
{
	if (object == NULL ||
	    json_object_object_add(of(object), name, value) != 0)
		(void)json_object_put(value);
}

void
json_out_text(struct json_out *object, const char *name, const char *text)
{
	add(object, name, text == NULL ? NULL : json_object_new_string(text));
}

void
json_out_bool(struct json_out *object, const char *name, bool value)
{
	add(object, name, json_object_new_boolean(value));
}

void
json_out_number(struct json_out *object, const char *name, long value)
{
	add(object, name, json_object_new_int64(value));
}

/* The object is a string; print it without quotes and escapes. */
static int
print_raw(struct json_object *object, struct printbuf *to, int level,
    int flags)
{
	(void)level;
	(void)flags;
	return (printbuf_memappend(to, json_object_get_string(object),
	    json_object_get_string_len(object)));
}

void
json_out_raw(struct json_out *object, const char *name, const char *raw,
    size_t len)
{
	struct json_object *value = json_object_new_string_len(raw, (int)len);

	if (value != NULL)
		json_object_set_serializer(value, print_raw, NULL, NULL);
	add(object, name, value);
}

void
json_out_append(struct json_out *array, struct json_out *item)
{
	if (array == NULL || item == NULL ||
	    json_object_array_add(of(array), of(item)) != 0)
		json_out_free(item);
}

void
json_out_member(struct json_out *object, const char *name,
    struct json_out *item)
{
	add(object, name, of(item));
}

int
json_out_print(struct json_out *out)
{
	const char *text;

	if (out == NULL)
		return (-1);
	text = json_object_to_json_string_ext(of(out),
	    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text == NULL || puts(text) == EOF || fflush(stdout) != 0)
		return (-1);
	return (0);
}
