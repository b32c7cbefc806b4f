/*
 * The census: when it is taken, and what it says. Refuses to know how rows are
 * counted.
 */
#include "config.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "ground/ident.h"
#include "ground/integration.h"
#include "ground/log.h"
#include "ground/token_state.h"
#include "service/census.h"
#include "service/metrics.h"
#include "store/store_census.h"

enum { PAUSE_MS = 60 * 1000, IDLE_MS = 1000 };

struct census {
	struct store_census count;	/* under way; who counts has it alone */
	struct reader reader;
	bool is_under_way;
	int64_t due_ms;			/* by the clock that nobody sets */
	pthread_mutex_t mutex;		/* guards all below */
	struct store_census told;
	bool is_told;			/* there is a result */
	bool is_wanted;
};

struct census *
census_new(void)
{
	struct census *census = calloc(1, sizeof *census);

	if (census == NULL) {
		log_error("out of memory for a census");
		return (NULL);
	}
	census->is_wanted = true;
	pthread_mutex_init(&census->mutex, NULL);
	return (census);
}

void
census_free(struct census *census)
{
	if (census == NULL)
		return;
	if (census->is_under_way)
		reader_fini(&census->reader);
	pthread_mutex_destroy(&census->mutex);
	free(census);
}

/* Whether one is to begin now; if so, it is no longer wanted. */
static bool
is_due(struct census *census, int64_t now_ms)
{
	bool is_wanted;

	if (now_ms < census->due_ms)
		return (false);
	pthread_mutex_lock(&census->mutex);
	is_wanted = census->is_wanted;
	census->is_wanted = false;
	pthread_mutex_unlock(&census->mutex);
	return (is_wanted);
}

static void
begin(struct census *census, const struct app *app)
{
	reader_init(&census->reader, app, NULL);
	census->count = (struct store_census){ .now_us = ident_now_us(),
	    .expiring_days = (unsigned)app->conf.expiring_days };
	census->is_under_way = true;
}

/* What could not be counted is counted the next time; the reason is logged. */
static void
end(struct census *census, bool is_good)
{
	reader_fini(&census->reader);
	census->is_under_way = false;
	census->due_ms = ident_monotonic_ms() + PAUSE_MS;
	pthread_mutex_lock(&census->mutex);
	if (is_good) {
		census->told = census->count;
		census->is_told = true;
	} else {
		census->is_wanted = true;
	}
	pthread_mutex_unlock(&census->mutex);
}

static void
count(struct census *census)
{
	struct store *store;
	enum store_rc rc = STORE_UNAVAILABLE;

	reader_turn(&census->reader);
	if ((store = reader_store(&census->reader)) != NULL)
		rc = store_census(store, &census->count);
	if (rc != STORE_OK || census->count.is_over)
		end(census, rc == STORE_OK);
}

int64_t
census_run(struct census *census, const struct app *app)
{
	int64_t began_ms = ident_monotonic_ms();

	if (!census->is_under_way) {
		if (!is_due(census, began_ms))
			return (IDLE_MS);
		begin(census, app);
	}
	count(census);
	return (census->is_under_way ? ident_monotonic_ms() - began_ms + 1 :
	    IDLE_MS);
}

static void
put_integrations(const struct store_census *told, struct buf *out)
{
	static const char name[] = "strongroom_integrations";
	char labels[96];
	size_t type, state;

	metrics_put(out, name, "gauge",
	    "Integrations of all users, a minute ago or so.");
	for (type = 0; integration_types[type] != NULL; type++)
		for (state = 0; token_states[state] != NULL; state++) {
			snprintf(labels, sizeof labels,
			    "{type=\"%s\",token_state=\"%s\"}",
			    integration_types[type], token_states[state]);
			metrics_put_value(out, name, labels,
			    (uint64_t)told->integrations[type][state]);
		}
}

static void
put_boxes(const struct store_box_counts *boxes, struct buf *out)
{
	static const char name[] = "strongroom_boxes";
	char labels[48];
	size_t i;

	metrics_put(out, name, "gauge",
	    "Boxes under each master key, a minute ago or so.");
	for (i = 0; i < boxes->count; i++) {
		/* What is no box is told by check. */
		if (boxes->of[i].key_id == 0)
			continue;
		snprintf(labels, sizeof labels, "{master_key=\"%08x\"}",
		    (unsigned)boxes->of[i].key_id);
		metrics_put_value(out, name, labels,
		    (uint64_t)boxes->of[i].boxes);
	}
}

void
census_put(struct census *census, struct buf *out)
{
	struct store_census told;
	bool is_told;

	pthread_mutex_lock(&census->mutex);
	told = census->told;
	is_told = census->is_told;
	census->is_wanted = true;
	pthread_mutex_unlock(&census->mutex);
	if (!is_told)
		return;
	put_integrations(&told, out);
	put_boxes(&told.boxes, out);
}
