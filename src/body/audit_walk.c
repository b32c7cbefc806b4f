/*
 * The proof of the audit, row by row. Refuses to know where rows come from and
 * what becomes of a finding.
 */
#include "config.h"

#include <string.h>

#include "body/audit_walk.h"
#include "body/field.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/buf.h"
#include "ground/log.h"

enum { TEXT_ROOM = 8192 };

/* The members of an anchor's and of an erasure's subject. */
static const char member_pruned_to[] = "pruned_to";
static const char member_hash[] = "hash";
static const char member_cover[] = "cover";

void
audit_walk_init(struct audit_walk *walk, const struct chain *chain)
{
	*walk = (struct audit_walk){ .chain = chain };
}

void
audit_walk_fini(struct audit_walk *walk)
{
	json_doc_fini(&walk->doc);
}

void
audit_walk_tell(struct audit_walk *walk, int64_t seq, int64_t last,
    const char *what)
{
	const struct audit_finding finding = { seq, last, what };

	walk->findings++;
	if (walk->tell != NULL)
		walk->tell(walk->cookie, &finding);
}

static void
tell(struct audit_walk *walk, const struct store_audit_row *row,
    const char *what)
{
	audit_walk_tell(walk, row->seq, row->seq, what);
}

/* Read a subject; false: it is no object. */
static bool
read_subject(struct audit_walk *walk, const char *subject)
{
	switch (json_check(&walk->doc, subject, strlen(subject))) {
	case JSON_OK:
		return (walk->doc.node[0].type == JSON_OBJECT);
	case JSON_NOMEM:
		if (!walk->failed)
			log_error("out of memory while reading the audit");
		walk->failed = true;
		return (false);
	default:
		return (false);
	}
}

/* Read a hash out of the subject that was read. */
static bool
read_hash(const struct audit_walk *walk, const char *member,
    unsigned char hash[CHAIN_HASH_LEN])
{
	uint32_t i = json_member(&walk->doc, 0, member);
	const struct json_node *node = &walk->doc.node[i];

	/* Between the quotes. */
	return (i != 0 && node->type == JSON_STRING &&
	    chain_read(hash, walk->doc.text + node->span.start + 1,
	    node->span.end - node->span.start - 2));
}

bool
audit_walk_from(struct audit_walk *walk, const struct store_audit_row *anchor)
{
	struct audit_point point;
	uint32_t i;

	if (anchor->subject == NULL || !read_subject(walk, anchor->subject))
		return (false);
	i = json_member(&walk->doc, 0, member_pruned_to);
	if (i == 0 || !field_read_integer(&walk->doc, i, &point.seq) ||
	    !read_hash(walk, member_hash, point.hash) ||
	    !read_hash(walk, member_cover, point.cover))
		return (false);
	walk->at = point;
	return (true);
}

/* Whose row it is, by its subject: 0 where it is nobody's. */
static int64_t
owner_of(struct audit_walk *walk)
{
	uint32_t i = json_member(&walk->doc, 0, "user");
	int64_t owner = 0;
	struct buf user;

	if (i == 0 || walk->doc.node[i].type != JSON_STRING)
		return (0);
	buf_init(&user, TEXT_ROOM);
	json_decode(&walk->doc, i, &user);
	if (buf_text(&user) != NULL)
		owner = chain_owner(walk->chain, user.data);
	buf_fini(&user);
	return (owner);
}

/* A row whose subject was emptied waits for an erasure that covers it. */
static void
take_emptied(struct audit_walk *walk, const struct store_audit_row *row)
{
	walk->emptied++;
	chain_cover(walk->chain, walk->at.cover, row->chain_id, row->seq,
	    row->hash);
	if (row->salt != NULL || row->has_owner)
		tell(walk, row, "its subject is empty, and the rest of what "
		    "is erased with it is not");
}

/* What an erasure covers is no longer wanting. */
static bool
take_erasure(struct audit_walk *walk)
{
	unsigned char cover[CHAIN_HASH_LEN];

	if (!read_hash(walk, member_cover, cover))
		return (false);
	walk->erasures++;
	chain_cover_add(walk->at.cover, cover);
	return (true);
}

/* The subject is there: whether it is what was written, and what it says. */
static void
take_subject(struct audit_walk *walk, const struct store_audit_row *row)
{
	unsigned char digest[CHAIN_HASH_LEN] = { 0 };
	int64_t owner;

	if (row->salt != NULL)
		chain_digest(digest, row->salt, row->subject);
	if (row->salt == NULL ||
	    memcmp(digest, row->digest, sizeof digest) != 0) {
		tell(walk, row, "its subject or salt was changed");
		return;
	}
	if (!read_subject(walk, row->subject)) {
		tell(walk, row, "its subject does not make sense");
		return;
	}
	owner = owner_of(walk);
	if (row->has_owner != (owner != 0) || row->owner != owner)
		tell(walk, row, "its owner was changed");
	if (strcmp(row->action, "erase") == 0 && !take_erasure(walk))
		tell(walk, row, "it does not say what it has erased");
}

/* Whether the row's place is the next one; else it is told. */
static bool
is_next(struct audit_walk *walk, const struct store_audit_row *row)
{
	if (row->seq == walk->at.seq + 1)
		return (true);
	if (row->seq <= walk->at.seq)
		tell(walk, row, "it stands before the beginning of the chain");
	else
		audit_walk_tell(walk, walk->at.seq + 1, row->seq - 1,
		    "missing");
	return (false);
}

/* The hash is of this row behind the one before. */
static bool
is_chained(const struct audit_walk *walk, const struct store_audit_row *row)
{
	unsigned char hash[CHAIN_HASH_LEN];

	chain_hash(walk->chain, hash, walk->at.hash, &(struct chain_row){
	    row->seq, row->at, row->action, row->integration_id,
	    row->request_id, row->digest });
	return (memcmp(hash, row->hash, sizeof hash) == 0);
}

static void
check_head(struct audit_walk *walk, const struct store_audit_row *row)
{
	if (row->seq != walk->head.seq)
		return;
	walk->has_met_head = true;
	if (memcmp(row->hash, walk->head.hash, CHAIN_HASH_LEN) != 0)
		tell(walk, row, "it is another row than the one that was "
		    "known here");
}

void
audit_walk_row(struct audit_walk *walk, const struct store_audit_row *row)
{
	bool is_placed = is_next(walk, row);

	walk->rows++;
	if (row->is_strange) {
		tell(walk, row, "it does not make sense");
	} else if (row->chain_id != STORE_CHAIN_ID) {
		tell(walk, row, "it is of another chain");
	} else if (is_placed && !is_chained(walk, row)) {
		tell(walk, row, "it was changed, or is not the one that was "
		    "written here");
	}
	if (row->hash != NULL)
		check_head(walk, row);
	if (!row->is_strange && row->subject == NULL)
		take_emptied(walk, row);
	else if (!row->is_strange)
		take_subject(walk, row);
	/* What follows is held against the row as it is. */
	if (row->seq <= walk->at.seq)
		return;
	walk->at.seq = row->seq;
	if (row->hash != NULL)
		memcpy(walk->at.hash, row->hash, CHAIN_HASH_LEN);
}

void
audit_walk_end(struct audit_walk *walk)
{
	if (walk->head.seq > walk->at.seq)
		audit_walk_tell(walk, walk->at.seq + 1, walk->head.seq,
		    "missing");
}

bool
audit_walk_is_covered(const struct audit_walk *walk)
{
	static const unsigned char none[CHAIN_HASH_LEN] = { 0 };

	return (memcmp(walk->at.cover, none, sizeof none) == 0);
}

bool
audit_walk_is_bare(const struct audit_walk *walk,
    const struct store_audit_row *row)
{
	unsigned char cover[CHAIN_HASH_LEN] = { 0 };

	if (row->subject != NULL || row->hash == NULL)
		return (false);
	chain_cover(walk->chain, cover, row->chain_id, row->seq, row->hash);
	return (memcmp(walk->at.cover, cover, sizeof cover) == 0);
}

void
audit_walk_trail(struct trail *trail, const struct audit_point *point)
{
	char text[CHAIN_TEXT_LEN + 1];

	trail_number(trail, member_pruned_to, point->seq);
	chain_show(text, point->hash);
	trail_text(trail, member_hash, text);
	chain_show(text, point->cover);
	trail_text(trail, member_cover, text);
}
