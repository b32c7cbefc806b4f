/*
 * strongroom audit verify: whether the audit is what was written. While others
 * write it goes on: each page of rows is a read of its own.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_audit.h"
#include "admin/admin_json.h"
#include "body/audit_walk.h"
#include "ground/log.h"
#include "ground/number.h"

enum { PASSES_MAX = 8, SEQ_DIGITS = 18 };

struct verify {
	const struct admin *admin;
	struct store *store;
	struct chain *chain;
	struct audit_point head;	/* of --from */
	struct audit_walk walk;
	struct audit_walk before;	/* what the pass before came to */
	struct json_list findings;
	int64_t bare;			/* a row that no erasure covers, or 0 */
	int64_t first;			/* row that there is; 0: none */
	int64_t pruned_to;
	int64_t count;			/* of findings that were told */
};

/* Read SEQ:HASH. */
static bool
read_head(const char *text, struct audit_point *head)
{
	const char *colon = strchr(text, ':');
	char digits[SEQ_DIGITS + 1];
	uint64_t seq;
	size_t len;

	if (colon == NULL || (len = (size_t)(colon - text)) >= sizeof digits)
		return (false);
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (number_parse(digits, 1, INT64_MAX, &seq) == -1 ||
	    !chain_read(head->hash, colon + 1, strlen(colon + 1)))
		return (false);
	head->seq = (int64_t)seq;
	return (true);
}

static void
tell(void *cookie, const struct audit_finding *finding)
{
	struct verify *verify = cookie;
	struct json_out *item;

	verify->count++;
	if (!verify->admin->is_json) {
		if (finding->seq == 0)
			printf("%s\n", finding->what);
		else if (finding->seq == finding->last)
			printf("row %" PRId64 ": %s\n", finding->seq,
			    finding->what);
		else
			printf("rows %" PRId64 " to %" PRId64 ": %s\n",
			    finding->seq, finding->last, finding->what);
		return;
	}
	item = json_out_object();
	json_out_number(item, "seq", (long)finding->seq);
	json_out_number(item, "last", (long)finding->last);
	json_out_text(item, "finding", finding->what);
	/* Should that fail, the end of the list does too. */
	(void)!json_list_put(&verify->findings, item);
}

/* Go on where the chain begins, by its last anchor, if it has one. */
static enum store_rc
find_begin(struct verify *verify)
{
	struct store_audit_row anchor;
	struct arena arena = { 0 };
	enum store_rc rc = store_chain_anchor(verify->store, &arena, &anchor);

	if (rc == STORE_OK && audit_walk_from(&verify->walk, &anchor))
		verify->pruned_to = verify->walk.at.seq;
	else if (rc == STORE_OK)
		audit_walk_tell(&verify->walk, anchor.seq, anchor.seq,
		    "it does not say where the chain begins");
	arena_fini(&arena);
	return (rc == STORE_NOT_FOUND ? STORE_OK : rc);
}

/*
 * The rows up to this one may have been pruned just now: then the walk goes on
 * behind them.
 */
static void
catch_up(struct verify *verify, int64_t seq)
{
	struct audit_point at = verify->walk.at;

	if (find_begin(verify) != STORE_OK || verify->pruned_to != seq - 1)
		verify->walk.at = at;
}

static int
walk_row(void *cookie, const struct store_audit_row *row)
{
	struct verify *verify = cookie;
	struct audit_walk *walk = &verify->walk;

	if (row->seq > walk->at.seq + 1)
		catch_up(verify, row->seq);
	if (verify->first == 0)
		verify->first = row->seq;
	audit_walk_row(walk, row);
	if (audit_walk_is_bare(&verify->before, row))
		verify->bare = row->seq;
	return (walk->failed ? -1 : 0);
}

/* From the beginning to the end; findings are told the first time. */
static bool
pass(struct verify *verify, bool is_first)
{
	struct audit_walk *walk = &verify->walk;
	enum store_rc rc;

	audit_walk_init(walk, verify->chain);
	walk->head = verify->head;
	walk->tell = is_first ? tell : NULL;
	walk->cookie = verify;
	verify->first = verify->pruned_to = verify->bare = 0;
	if ((rc = find_begin(verify)) == STORE_OK)
		rc = admin_audit_rows(verify->store, STORE_CHAIN_BEGIN, 0,
		    walk_row, verify);
	audit_walk_end(walk);
	audit_walk_fini(walk);
	return (rc == STORE_OK && !walk->failed);
}

/*
 * Go through all, and again while an erasure may have come between: what it has
 * emptied behind the walk it covers before it.
 */
static bool
verify_all(struct verify *verify)
{
	static const struct audit_finding uncovered = { .what =
	    "subjects are empty that no erasure covers, or an erasure covers "
	    "what is not empty" };
	struct audit_finding bare = { .what =
	    "its subject is empty, and no erasure covers it" };
	int i;

	for (i = 0; i < PASSES_MAX; i++) {
		if (!pass(verify, i == 0))
			return (false);
		if (audit_walk_is_covered(&verify->walk))
			return (true);
		if (i > 0 && verify->walk.erasures == verify->before.erasures &&
		    verify->walk.emptied == verify->before.emptied)
			break;
		verify->before = verify->walk;
	}
	bare.seq = bare.last = verify->bare;
	tell(verify, bare.seq != 0 ? &bare : &uncovered);
	return (true);
}

static int
print_end(struct verify *verify)
{
	const struct audit_point *at = &verify->walk.at;
	char head[AUDIT_HEAD_LEN + 1];
	struct json_out *rest;

	admin_audit_show(head, at->seq, at->hash);
	if (!verify->admin->is_json) {
		if (verify->pruned_to > 0)
			printf("rows up to %" PRId64 " were pruned\n",
			    verify->pruned_to);
		return (printf("%" PRId64 " rows, %" PRId64 " erased, %" PRId64
		    " findings; head %s\n", verify->walk.rows,
		    verify->walk.emptied, verify->count, head) < 0 ? -1 : 0);
	}
	rest = json_out_object();
	json_out_number(rest, "rows", (long)verify->walk.rows);
	json_out_number(rest, "first", (long)verify->first);
	json_out_number(rest, "pruned_to", (long)verify->pruned_to);
	json_out_number(rest, "erased", (long)verify->walk.emptied);
	json_out_text(rest, "head", head);
	return (json_list_end(&verify->findings, rest));
}

enum admin_rc
admin_audit_verify(const struct admin *admin)
{
	struct verify verify = { .admin = admin,
	    .findings = { .name = "findings" } };
	enum admin_rc result = ADMIN_FAILED;
	struct keeper *keeper = NULL;
	enum admin_rc opened;

	if (admin->from != NULL && !read_head(admin->from, &verify.head)) {
		log_error("--from must be SEQ:HASH, as audit head prints it");
		return (ADMIN_USAGE);
	}
	opened = admin_open(admin, STORE_READ, &verify.store, &keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	if ((verify.chain = chain_new(keeper)) == NULL)
		goto done;
	audit_walk_init(&verify.before, verify.chain);
	if (!verify_all(&verify) || print_end(&verify) != 0)
		goto done;
	if (verify.head.seq != 0 && verify.head.seq <= verify.pruned_to)
		log_info("the row of --from was pruned; what is there goes on "
		    "behind it");
	if (verify.count == 0)
		result = ADMIN_DONE;
done:
	chain_free(verify.chain);
	store_close(verify.store);
	keeper_close(keeper);
	return (result);
}
