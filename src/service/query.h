#ifndef QUERY_H
#define QUERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground/buf.h"
#include "service/call.h"

/*
 * The query of a request, read by a table of its parameters as a body is by
 * body/form.h.
 *
 * It is split at &, empty pieces count for nothing. A piece is split at its
 * first =; without one its value is empty, and an empty value is a value. + is
 * a space, %XX a byte; a % without two digits stands for itself. Names and
 * values are UTF-8 without U+0000. Of several under one name the last counts.
 */
enum { QUERY_PARAMS_MAX = 16 };

struct query {
	struct buf text;		/* what is decoded lies in it */
	const char *value[QUERY_PARAMS_MAX];	/* NULL: absent */
};

/*
 * A parameter: judged by choices (NULL ends them), or as a number from low to
 * high, where high is not 0, or by check, which may look at the others' values;
 * where it has none of them, any text will do.
 */
struct query_param {
	const char *name;
	const char *const *choices;
	int64_t low, high;
	enum fault_kind (*check)(const struct query *query, const char *value);
};

/* Those of a route, in the order in which their faults are told. */
struct query_spec {
	const struct query_param *params;
	size_t count;
};

/*
 * Read text into query; every fault goes to faults, those of names that are
 * not in the table last, in the order of the names' bytes, each once. What they
 * point to lasts as long as query, which query_fini releases in any state.
 */
void query_read(struct query *query, const struct query_spec *spec,
    const char *text, struct faults *faults);
void query_fini(struct query *query);

/*
 * The same of a request, whose faults query_refuse tells: GOES_ON, or 422 is
 * answered.
 */
enum call_rc query_take(struct query *query, const struct query_spec *spec,
    struct call *call) __attribute__((warn_unused_result));

/* Checks: a word for true or false; a moment; 1 to 255 characters. */
enum fault_kind query_check_bool(const struct query *query,
    const char *value);
enum fault_kind query_check_moment(const struct query *query,
    const char *value);
enum fault_kind query_check_part(const struct query *query,
    const char *value);

/* Of a query without faults. An absent number is otherwise. */
int64_t query_number(const struct query *query, size_t param,
    int64_t otherwise);
bool query_is_true(const struct query *query, size_t param);
int64_t query_moment(const struct query *query, size_t param);

#endif
