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

enum { METRICS_ROUTES_MAX = 64 };

/* What requests are counted by: texts that last. */
struct metrics_routes {
	struct {
		const char *method;
		const char *path;
	} names[METRICS_ROUTES_MAX];
	size_t count;
};

/*
 * Map the file of a database, and make it where it is missing or another
 * version's; where it has counted other routes, all begins at 0. NULL: logged.
 */
struct metrics *metrics_open(const char *database,
    const struct metrics_routes *routes) __attribute__((warn_unused_result));

/* Takes NULL, as the three below do. */
void metrics_close(struct metrics *metrics);

/* A request of a route, by its place among them, was answered. */
void metrics_request(struct metrics *metrics, size_t route, int status,
    int64_t duration_us);

/* How many more jobs of requests are under way in this process, or fewer. */
void metrics_jobs(struct metrics *metrics, int64_t more);

/* What the writer of this process has done, as often as one likes. */
void metrics_commits(struct metrics *metrics, struct writer_counts counts);

/* Append all as Prometheus reads it (text format 0.0.4). */
void metrics_write(const struct metrics *metrics, struct buf *out);

/*
 * Append one figure and what it is, for what is no counter; labels, with their
 * braces, or empty.
 */
void metrics_put(struct buf *out, const char *name, const char *kind,
    const char *help);
void metrics_put_value(struct buf *out, const char *name, const char *labels,
    uint64_t value);

#endif
