/*
 * Counters in a mapped file. Refuses to know what a route is and who may read.
 *
 * Each counter is one atomic word, and only ever added to, whichever process
 * does so. The file is no part of what is stored: it is not synced, and where
 * it is lost or damaged counting begins again.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ground/log.h"
#include "ground/mapping.h"
#include "service/http.h"
#include "service/metrics.h"

enum { BUCKETS = 12, COMMITS = 4 };

static const uint64_t magic = UINT64_C(0x73726d6574726963);	/* "srmetric" */

/* Upper bounds, in microseconds; what takes longer is in none of them. */
static const int64_t bounds_us[BUCKETS] = {
	250, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000,
	1000000, 5000000
};

static const struct {
	const char *name;
	const char *help;
} commit_names[COMMITS] = {
	{ "strongroom_commits_total", "Transactions on the disk." },
	{ "strongroom_committed_jobs_total", "Changes in them." },
	{ "strongroom_split_batches_total",
	    "Transactions that one change has failed." },
	{ "strongroom_busy_jobs_total",
	    "Changes refused because the lock was not had." }
};

struct page {
	uint64_t magic;
	uint64_t layout;
	atomic_uint_least64_t requests[METRICS_ROUTES_MAX][HTTP_STATUSES];
	atomic_uint_least64_t buckets[BUCKETS];
	atomic_uint_least64_t count;
	atomic_uint_least64_t sum_us;
	atomic_uint_least64_t commits[COMMITS];
};

struct metrics {
	struct page *page;
	struct metrics_routes routes;
	uint64_t told[COMMITS];		/* of our writer; the loop's */
	atomic_int_least64_t jobs;	/* of this process, under way */
};

/* A file that holds one page, ours; -1: it is not to be had. */
static int
open_file(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd == -1)
		return (-1);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_uid == geteuid() &&
	    (st.st_size == (off_t)sizeof(struct page) ||
	    ftruncate(fd, (off_t)sizeof(struct page)) == 0))
		return (fd);
	close(fd);
	return (-1);
}

/* Another number where the routes are others: FNV-1a over all their texts. */
static uint64_t
layout_of(const struct metrics_routes *routes)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	const char *texts[2], *p;
	size_t i, k;

	for (i = 0; i < routes->count; i++) {
		texts[0] = routes->names[i].method;
		texts[1] = routes->names[i].path;
		for (k = 0; k < 2; k++)
			for (p = texts[k]; *p != '\0'; p++)
				hash = (hash ^ (unsigned char)*p) *
				    UINT64_C(0x100000001b3);
	}
	return (hash);
}

/* Two that begin at once both clear what the other has hardly counted yet. */
static void
begin(struct page *page, uint64_t layout)
{
	if (page->magic == magic && page->layout == layout)
		return;
	memset(page, 0, sizeof *page);
	page->layout = layout;
	page->magic = magic;
}

struct metrics *
metrics_open(const char *database, const struct metrics_routes *routes)
{
	struct metrics *metrics = calloc(1, sizeof *metrics);
	char *path = NULL;
	void *page;
	int fd;

	if (metrics == NULL || asprintf(&path, "%s.metrics", database) == -1) {
		log_error("out of memory for metrics");
		free(metrics);
		return (NULL);
	}
	if ((fd = open_file(path)) == -1)
		goto fail;
	page = mapping_open(fd, sizeof(struct page));
	close(fd);
	if (page == NULL)
		goto fail;
	metrics->page = page;
	metrics->routes = *routes;
	begin(metrics->page, layout_of(routes));
	free(path);
	return (metrics);
fail:
	log_error("the file for metrics, %s, cannot be used: %s; remove it if "
	    "it is another user's", path, strerror(errno));
	free(path);
	free(metrics);
	return (NULL);
}

void
metrics_close(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	mapping_close();
	free(metrics);
}

void
metrics_request(struct metrics *metrics, size_t route, int status,
    int64_t duration_us)
{
	struct page *page;
	size_t i;

	if (metrics == NULL || route >= METRICS_ROUTES_MAX)
		return;
	page = metrics->page;
	atomic_fetch_add(&page->requests[route][http_status_index(status)], 1);
	for (i = 0; i < BUCKETS && duration_us > bounds_us[i]; i++)
		;
	if (i < BUCKETS)
		atomic_fetch_add(&page->buckets[i], 1);
	atomic_fetch_add(&page->count, 1);
	atomic_fetch_add(&page->sum_us, (uint64_t)duration_us);
}

void
metrics_jobs(struct metrics *metrics, int64_t more)
{
	if (metrics != NULL)
		atomic_fetch_add(&metrics->jobs, more);
}

void
metrics_commits(struct metrics *metrics, struct writer_counts counts)
{
	const uint64_t now[COMMITS] = {
		counts.commits, counts.jobs, counts.split, counts.busy
	};
	size_t i;

	if (metrics == NULL)
		return;
	for (i = 0; i < COMMITS; i++) {
		atomic_fetch_add(&metrics->page->commits[i],
		    now[i] - metrics->told[i]);
		metrics->told[i] = now[i];
	}
}

void
metrics_put(struct buf *out, const char *name, const char *kind,
    const char *help)
{
	buf_puts(out, "# HELP ");
	buf_puts(out, name);
	buf_putc(out, ' ');
	buf_puts(out, help);
	buf_puts(out, "\n# TYPE ");
	buf_puts(out, name);
	buf_putc(out, ' ');
	buf_puts(out, kind);
	buf_putc(out, '\n');
}

void
metrics_put_value(struct buf *out, const char *name, const char *labels,
    uint64_t value)
{
	buf_puts(out, name);
	buf_puts(out, labels);
	buf_putc(out, ' ');
	buf_put_u64(out, value);
	buf_putc(out, '\n');
}

static void
put_requests(const struct metrics *metrics, size_t at, struct buf *out)
{
	const struct page *page = metrics->page;
	char labels[256];
	uint64_t n;
	size_t i;

	for (i = 0; i < HTTP_STATUSES; i++) {
		if ((n = atomic_load(&page->requests[at][i])) == 0)
			continue;
		snprintf(labels, sizeof labels,
		    "{method=\"%s\",route=\"%s\",status=\"%d\"}",
		    metrics->routes.names[at].method,
		    metrics->routes.names[at].path, http_status_at(i));
		metrics_put_value(out, "strongroom_requests_total", labels, n);
	}
}

/* Each bucket has what is in those below it, too. */
static void
put_durations(const struct page *page, struct buf *out)
{
	static const char name[] = "strongroom_request_duration_seconds";
	uint64_t sum = 0, us = atomic_load(&page->sum_us);
	char labels[64], text[64];
	size_t i;

	metrics_put(out, name, "histogram", "From the last byte of a request's "
	    "head to its answer.");
	for (i = 0; i < BUCKETS; i++) {
		sum += atomic_load(&page->buckets[i]);
		snprintf(labels, sizeof labels, "_bucket{le=\"%g\"}",
		    (double)bounds_us[i] / 1e6);
		metrics_put_value(out, name, labels, sum);
	}
	metrics_put_value(out, name, "_bucket{le=\"+Inf\"}",
	    atomic_load(&page->count));
	snprintf(text, sizeof text, "_sum %llu.%06llu\n",
	    (unsigned long long)(us / 1000000),
	    (unsigned long long)(us % 1000000));
	buf_puts(out, name);
	buf_puts(out, text);
	metrics_put_value(out, name, "_count", atomic_load(&page->count));
}

void
metrics_write(const struct metrics *metrics, struct buf *out)
{
	const struct page *page = metrics->page;
	size_t i;

	if (mapping_is_lost())
		log_warning("the file for metrics was cut off: this process "
		    "counts alone until the service is started again");
	metrics_put(out, "strongroom_requests_total", "counter",
	    "Requests answered.");
	for (i = 0; i < metrics->routes.count; i++)
		put_requests(metrics, i, out);
	put_durations(page, out);
	for (i = 0; i < COMMITS; i++) {
		metrics_put(out, commit_names[i].name, "counter",
		    commit_names[i].help);
		metrics_put_value(out, commit_names[i].name, "",
		    atomic_load(&page->commits[i]));
	}
	metrics_put(out, "strongroom_jobs_under_way", "gauge",
	    "Requests of this process that wait for a commit or a read.");
	metrics_put_value(out, "strongroom_jobs_under_way", "",
	    (uint64_t)atomic_load(&metrics->jobs));
}
