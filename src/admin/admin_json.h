#ifndef ADMIN_JSON_H
#define ADMIN_JSON_H

#include <stdbool.h>
#include <stddef.h>

/*
 * JSON for programs, on standard output. A value is built and printed at
 * once; that memory is short shows when it is printed.
 */
struct json_out;

/* An object, or an array. NULL when memory is short; all else takes NULL. */
struct json_out *json_out_object(void);
struct json_out *json_out_array(void);
void json_out_free(struct json_out *out);

/* Add a member. text NULL: null. raw is JSON that is printed as it stands. */
void json_out_text(struct json_out *object, const char *name,
    const char *text);
/* Of a set of words (ground/words.h) an array; of all of them null. */
void json_out_words(struct json_out *object, const char *name,
    const char *const *list, unsigned set);
void json_out_bool(struct json_out *object, const char *name, bool value);
void json_out_number(struct json_out *object, const char *name, long value);
void json_out_raw(struct json_out *object, const char *name, const char *raw,
    size_t len);

/* Append item to array, or make it a member; both take item over. */
void json_out_append(struct json_out *array, struct json_out *item);
void json_out_member(struct json_out *object, const char *name,
    struct json_out *item);

/*
 * An array that is printed item by item, so that no more than one is held.
 * With a name it is the first member of an object. Nothing is printed before
 * the first item or the end. All-zero but for the name: nothing yet.
 */
struct json_list {
	const char *name;
	bool is_begun;
	bool has_failed;
};

/*
 * Print item, and take it over. Returns 0, or -1, logged; the list is then as
 * good as over.
 */
int json_list_put(struct json_list *list, struct json_out *item)
    __attribute__((warn_unused_result));

/*
 * Print the end of the list, of its object with the members of rest, which is
 * taken over (NULL without a name), and of the line. Returns 0, or -1, logged
 * here or before, when anything has failed.
 */
int json_list_end(struct json_list *list, struct json_out *rest)
    __attribute__((warn_unused_result));

/*
 * Print out and a line's end. Returns 0, or -1, logged, when anything has
 * failed, be it a member that was added before.
 */
int json_out_print(struct json_out *out) __attribute__((warn_unused_result));

/* The same, not flushed: a line of many. */
int json_out_line(struct json_out *out) __attribute__((warn_unused_result));

#endif
