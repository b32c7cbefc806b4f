#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "ground/buf.h"
#include "store/writer.h"

/*
 * What has been served, counted in a mapped file beside the database by all
 * processes together, so that nothing is lost with one of them. Any thread.
 */
struct metrics;

/* One for each line of the table of routes, and one for what has none. */
enum { METRICS_ROUTES_MAX = 64 };

/*
 * Map the file of a database, and make it where it is missing or another
 * version's. layout says which counter is whose: where it differs from the
 * file's, all begin at 0. NULL: logged.
 */
struct metrics *metrics_open(const char *database, uint64_t layout)
    __attribute__((warn_unused_result));

/* Takes NULL, as all below do. */
void metrics_close(struct metrics *metrics);

/* A request of a route was answered. */
void metrics_request(struct metrics *metrics, size_t route, int status,
    int64_t duration_us);

/* How many more jobs of requests are under way in this process, or fewer. */
void metrics_jobs(struct metrics *metrics, int64_t more);

/* What the writer of this process has done, as often as one likes. */
void metrics_commits(struct metrics *metrics, struct writer_counts counts);

/* What is counted of a route, as metrics_write tells it. */
struct metrics_route {
	const char *method;
	const char *path;
};

/*
 * Append all as Prometheus reads it (text format 0.0.4); routes are the names
 * of the counters, in their order.
 */
void metrics_write(const struct metrics *metrics,
    const struct metrics_route *routes, size_t count, struct buf *out);

/*
 * Append one figure and what it is, for what is no counter; labels, with their
 * braces, or empty.
 */
void metrics_put(struct buf *out, const char *name, const char *kind,
    const char *help);
void metrics_put_value(struct buf *out, const char *name, const char *labels,
    uint64_t value);

#endif
