/*
 * JSON output by json-c, which is good at writing what it was told.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>
#include <json-c/printbuf.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "ground/log.h"
#include "ground/words.h"

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
json_out_words(struct json_out *object, const char *name,
    const char *const *list, unsigned set)
{
	struct json_object *array;

	if (set == WORDS_ALL) {
		json_out_text(object, name, NULL);
		return;
	}
	if ((array = json_object_new_array()) == NULL) {
		spoil(object);
		return;
	}
	for (; *list != NULL; list++, set >>= 1)
		if ((set & 1) != 0 && json_object_array_add(array,
		    json_object_new_string(*list)) != 0)
			spoil(object);
	add(object, name, array);
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

/* The text of out, lent by it; NULL: memory was short, errno says so. */
static const char *
text_of(struct json_out *out)
{
	const char *text = NULL;

	/* Of memory that is short while it writes the library does not tell. */
	errno = 0;
	if (out != NULL)
		text = json_object_to_json_string_ext(of(out),
		    JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text == NULL)
		errno = ENOMEM;
	return (errno != ENOMEM ? text : NULL);
}

/* Of the failure just now: memory, or standard output. */
static int
complain(void)
{
	if (errno == ENOMEM)
		log_error("out of memory for the output: it cannot be "
		    "written whole");
	else
		(void)!admin_flush();
	return (-1);
}

int
json_out_line(struct json_out *out)
{
	const char *text = text_of(out);

	return (text == NULL || puts(text) == EOF ? complain() : 0);
}

int
json_out_print(struct json_out *out)
{
	if (json_out_line(out) == -1)
		return (-1);
	return (admin_flush() ? 0 : -1);
}

/* Print what stands before an item, or before the end. */
static bool
begin(struct json_list *list, const char *between)
{
	if (list->is_begun)
		return (fputs(between, stdout) != EOF);
	list->is_begun = true;
	return (list->name == NULL ? putchar('[') != EOF :
	    printf("{\"%s\":[", list->name) > 0);
}

int
json_list_put(struct json_list *list, struct json_out *item)
{
	const char *text = list->has_failed ? NULL : text_of(item);

	if (!list->has_failed && (text == NULL || !begin(list, ",") ||
	    fputs(text, stdout) == EOF)) {
		list->has_failed = true;
		(void)complain();
	}
	json_out_free(item);
	return (list->has_failed ? -1 : 0);
}

int
json_list_end(struct json_list *list, struct json_out *rest)
{
	const char *text = "";
	int rc = -1;

	if (list->has_failed)
		goto done;
	/* The object is open already: all but its first brace. */
	if (list->name != NULL && (text = text_of(rest)) != NULL)
		text++;
	if (text != NULL && begin(list, "") &&
	    printf("]%s%s\n", *text != '\0' ? "," : "", text) > 0)
		rc = admin_flush() ? 0 : -1;
	else
		(void)complain();
done:
	json_out_free(rest);
	return (rc);
}
