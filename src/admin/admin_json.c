/*
 * JSON output by json-c, which is good at writing what it was told.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <json-c/printbuf.h>

#include "admin/admin_json.h"
#include "ground/log.h"

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

static int
print_nothing(struct json_object *object, struct printbuf *to, int level,
    int flags)
{
	(void)object;
	(void)to;
	(void)level;
	(void)flags;
	return (-1);
}

/* What lacks a part for want of memory, and what it is in, does not print. */
static void
spoil(struct json_out *out)
{
	if (out != NULL)
		json_object_set_serializer(of(out), print_nothing, NULL, NULL);
}

/* value NULL: there was no memory for it. */
static void
add(struct json_out *object, const char *name, struct json_object *value)
{
	if (object != NULL && value != NULL &&
	    json_object_object_add(of(object), name, value) == 0)
		return;
	(void)json_object_put(value);
	spoil(object);
}

void
json_out_text(struct json_out *object, const char *name, const char *text)
{
	if (text != NULL)
		add(object, name, json_object_new_string(text));
	else if (object != NULL &&
	    json_object_object_add(of(object), name, NULL) != 0)
		spoil(object);
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
	if (array != NULL && item != NULL &&
	    json_object_array_add(of(array), of(item)) == 0)
		return;
	json_out_free(item);
	spoil(array);
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
	const char *text = NULL;

	/* Of memory that is short while it writes the library does not tell. */
	errno = 0;
	if (out != NULL)
		text = json_object_to_json_string_ext(of(out),
		    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text == NULL)
		errno = ENOMEM;
	if (errno != ENOMEM && puts(text) != EOF && fflush(stdout) == 0)
		return (0);
	log_error("the output cannot be written: %s", strerror(errno));
	return (-1);
}
