/*
 * Refresh leases: of several who find a token expired, one refreshes it.
 * Refuses to know how long a lease holds.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "ground/log.h"
#include "service/audit.h"
#include "service/find.h"
#include "service/h_lease.h"
#include "service/read_form.h"
#include "store/store_change.h"

enum { SECONDS = 0, FIELDS = 1, SECONDS_PRESET = 60 };

static const struct form_field fields[FIELDS] = {
	[SECONDS] = { "seconds", FORM_BODY, .low = 1, .high = 300 },
};
static const struct form_spec spec = { .fields = fields, .count = FIELDS };

struct work {
	struct writer_job job;
	struct store_lease lease;
	struct trail trail;
	char id[IDENT_UUID_LEN + 1];
	char lease_id[IDENT_UUID_LEN + 1];
};

static enum store_rc
add_trail(struct store *store, struct work *work, enum store_rc rc)
{
	return (rc == STORE_OK ? store_audit_add(store, &work->trail.entry) :
	    rc);
}

static enum store_rc
run_grant(struct store *store, void *cookie)
{
	struct work *work = cookie;

	return (add_trail(store, work,
	    store_lease_grant(store, &work->lease)));
}

static enum store_rc
run_release(struct store *store, void *cookie)
{
	struct work *work = cookie;

	return (add_trail(store, work,
	    store_lease_release(store, &work->lease)));
}

static void
work_free(struct work *work)
{
	trail_fini(&work->trail);
	free(work);
}

/* Work with a job for the writer; NULL: memory is short, which is logged. */
static struct work *
work_new(struct call *call, const char *action,
    enum store_rc (*run)(struct store *, void *))
{
	struct work *work = calloc(1, sizeof *work);

	if (work == NULL) {
		log_error("out of memory for a lease");
		return (NULL);
	}
	work->job = (struct writer_job){ .run = run, .cookie = work };
	find_id(call, work->id);
	work->lease = (struct store_lease){ .asker = find_asker(call),
	    .integration_id = work->id, .lease_id = work->lease_id };
	audit_begin(&work->trail, call, action);
	work->trail.entry.integration_id = work->id;
	if (trail_end(&work->trail) == 0)
		return (work);
	work_free(work);
	return (NULL);
}

static enum call_rc
hand_over(struct call *call, struct work *work)
{
	call->work = work;
	call->job = &work->job;
	return (CALL_WAITS);
}

/* How long, by the body; none is as good as {}. */
static enum call_rc
read_seconds(struct call *call, int *seconds)
{
	enum call_rc rc;
	struct form form;

	*seconds = SECONDS_PRESET;
	if (call->http.received == 0 && http_body_status(&call->http) == 0)
		return (CALL_GOES_ON);
	rc = read_form(call, &spec, &form);
	if (rc == CALL_GOES_ON && form_has(&form, SECONDS))
		*seconds = (int)form_integer(&form, SECONDS);
	return (rc);
}

enum call_rc
h_lease_begin(struct call *call)
{
	struct work *work;
	enum call_rc rc;
	int seconds;

	if ((rc = read_seconds(call, &seconds)) != CALL_GOES_ON ||
	    (rc = find_whether(call)) != CALL_GOES_ON)
		return (rc);
	if ((work = work_new(call, "lease", run_grant)) == NULL)
		return (CALL_FAILED);
	work->lease.seconds = seconds;
	if (ident_uuid4(work->lease_id) == 0)
		return (hand_over(call, work));
	log_error("the system gives no random bytes");
	work_free(work);
	return (CALL_FAILED);
}

/* The lease that the header names; empty, which none is, where it is no id. */
static enum call_rc
read_lease(struct call *call, char lease_id[IDENT_UUID_LEN + 1])
{
	const struct field_lines *lines = &call->http.refresh_lease;
	const char *line = lines->line[0];
	size_t len;

	if (lines->count == 0)
		return (read_form_refuse(call, (struct fault){
		    .kind = FAULT_MISSING, .in = "header",
		    .member = "refresh-lease", .index = -1 }));
	len = http_trim(&line);
	if (lines->count > 1 || !ident_read_uuid(lease_id, line, len))
		lease_id[0] = '\0';
	return (CALL_GOES_ON);
}

enum call_rc
h_lease_release_begin(struct call *call)
{
	char lease_id[IDENT_UUID_LEN + 1];
	struct work *work;
	enum call_rc rc;

	if ((rc = read_lease(call, lease_id)) != CALL_GOES_ON ||
	    (rc = find_whether(call)) != CALL_GOES_ON)
		return (rc);
	if ((work = work_new(call, "release", run_release)) == NULL)
		return (CALL_FAILED);
	memcpy(work->lease_id, lease_id, sizeof lease_id);
	return (hand_over(call, work));
}

/* The job is done. */
static enum call_rc
settle(struct call *call, bool is_granted)
{
	struct work *work = call->work;
	const struct store_lease *lease = &work->lease;
	enum call_rc rc = CALL_ANSWERED;

	switch (work->job.rc) {
	case STORE_OK:
		reply_lease(&call->reply, is_granted ? lease->lease_id : NULL,
		    lease->expires_at, lease->revision);
		break;
	case STORE_NOT_FOUND:
		rc = find_nothing(call);
		break;
	case STORE_HELD:
		reply_held(&call->reply, lease->retry_after,
		    lease->expires_at);
		break;
	case STORE_LOST:
		reply_error(&call->reply, 409, "Refresh lease is lost");
		break;
	default:
		if (!reply_store_failure(&call->reply, work->job.rc))
			rc = CALL_FAILED;
		break;
	}
	call->work = NULL;
	work_free(work);
	return (rc);
}

enum call_rc
h_lease_end(struct call *call)
{
	return (settle(call, true));
}

enum call_rc
h_lease_release_end(struct call *call)
{
	return (settle(call, false));
}
