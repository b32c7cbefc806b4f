#ifndef FIND_H
#define FIND_H

#include "ground/arena.h"
#include "ground/buf.h"
#include "service/call.h"

/* For whom a request is. */
struct store_asker find_asker(const struct call *call);

/*
 * The id in the path, in lower case; empty, which no row has, where it is no
 * UUID: so it is looked up like any other.
 */
void find_id(const struct call *call, char id[IDENT_UUID_LEN + 1]);

/*
 * Read the integration of the path, and those of enum store_columns, into
 * arena. GOES_ON, or the answer: 404, or that the database is away; or HELD.
 */
enum call_rc find_integration(struct call *call, unsigned columns,
    struct arena *arena, struct integration *row)
    __attribute__((warn_unused_result));

/*
 * The same without reading it, for who gives the writer a job about it: for
 * what is not there it gets none.
 */
enum call_rc find_whether(struct call *call)
    __attribute__((warn_unused_result));

/*
 * As find_integration with auth_data, which is opened: plain is begun, and
 * becomes what was sent, or null. FAILED: it does not open, or memory is short;
 * logged.
 */
enum call_rc find_opened(struct call *call, struct arena *arena,
    struct integration *row, struct buf *plain)
    __attribute__((warn_unused_result));

/* Answer 404 as for an integration that is not there. */
enum call_rc find_nothing(struct call *call);

/* Answer a read that has failed. */
enum call_rc find_failed(struct call *call);

#endif
