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
void json_out_bool(struct json_out *object, const char *name, bool value);
void json_out_number(struct json_out *object, const char *name, long value);
void json_out_raw(struct json_out *object, const char *name, const char *raw,
    size_t len);

/* Append item to array, or make it a member; both take item over. */
void json_out_append(struct json_out *array, struct json_out *item);
void json_out_member(struct json_out *object, const char *name,
    struct json_out *item);

/*
 * Print out and a line's end. Returns 0, or -1, logged, when anything has
 * failed, be it a member that was added before.
 */
int json_out_print(struct json_out *out) __attribute__((warn_unused_result));

#endif
