/*
 * Merge patches by spans. Refuses to know what a member is for. Both texts
 * have passed json_check, whose limit of levels bounds the recursion.
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "body/json.h"
#include "body/json_member.h"
#include "body/merge.h"

/* As a target's node: there is none. Node 0 is the outermost value. */
static const uint32_t absent = UINT32_MAX;

struct merge {
	const struct json_doc *target;
	const struct json_doc *patch;
	struct buf *out;
};

/* An object that is being written. */
struct object {
	uint32_t t;			/* of the target, or absent */
	uint32_t p;			/* of the patch */
	const char *comma;
	bool is_changed;
};

static bool merge_value(const struct merge *, uint32_t, uint32_t);

static void
put_span(const struct merge *m, const struct json_doc *doc, uint32_t start,
    uint32_t end)
{
	buf_put(m->out, doc->text + start, end - start);
}

static bool
is_object(const struct json_doc *doc, uint32_t i)
{
	return (i != absent && doc->node[i].type == JSON_OBJECT);
}

/* Whether member i of object is the last of its name there. */
static bool
is_last(const struct json_doc *doc, uint32_t object, uint32_t i)
{
	return (json_member_like(doc, object, doc, i) == i);
}

static bool
is_null(const struct json_doc *doc, uint32_t i)
{
	return (doc->node[i].type == JSON_NULL);
}

/* "name":value, with the name as member i of doc spells it. */
static void
put_member(const struct merge *m, struct object *object,
    const struct json_doc *doc, uint32_t i, uint32_t t, uint32_t p)
{
	const struct json_span *name = &doc->node[i].name;

	buf_puts(m->out, object->comma);
	object->comma = ",";
	put_span(m, doc, name->start, name->end);
	buf_putc(m->out, ':');
	object->is_changed |= merge_value(m, t, p);
}

/* The target's members, as far as they stay. */
static void
put_old(const struct merge *m, struct object *object)
{
	const struct json_node *node = m->target->node;
	uint32_t i, p;

	for (i = json_first(m->target, object->t); i != 0; i = node[i].next) {
		p = json_member_like(m->patch, object->p, m->target, i);
		if (p == 0) {
			buf_puts(m->out, object->comma);
			object->comma = ",";
			put_span(m, m->target, node[i].name.start,
			    node[i].span.end);
		} else if (is_null(m->patch, p) ||
		    !is_last(m->target, object->t, i)) {
			object->is_changed = true;
		} else {
			put_member(m, object, m->target, i, i, p);
		}
	}
}

/* The patch's members that the target does not have. */
static void
put_new(const struct merge *m, struct object *object)
{
	const struct json_node *node = m->patch->node;
	uint32_t p;

	for (p = json_first(m->patch, object->p); p != 0; p = node[p].next) {
		if (is_null(m->patch, p) || !is_last(m->patch, object->p, p) ||
		    (is_object(m->target, object->t) && json_member_like(
		    m->target, object->t, m->patch, p) != 0))
			continue;
		put_member(m, object, m->patch, p, absent, p);
		object->is_changed = true;
	}
}

static bool
merge_object(const struct merge *m, uint32_t t, uint32_t p)
{
	struct object object = { .t = t, .p = p, .comma = "" };
	size_t start = m->out->len;

	buf_putc(m->out, '{');
	if (is_object(m->target, t))
		put_old(m, &object);
	else
		object.is_changed = true;
	put_new(m, &object);
	buf_putc(m->out, '}');
	if (!object.is_changed) {
		buf_cut(m->out, start);
		put_span(m, m->target, m->target->node[t].span.start,
		    m->target->node[t].span.end);
	}
	return (object.is_changed);
}

/* What node p of the patch makes of node t of the target. */
static bool
merge_value(const struct merge *m, uint32_t t, uint32_t p)
{
	const struct json_span *new = &m->patch->node[p].span, *old;

	if (m->patch->node[p].type == JSON_OBJECT)
		return (merge_object(m, t, p));
	put_span(m, m->patch, new->start, new->end);
	if (t == absent)
		return (true);
	old = &m->target->node[t].span;
	return (new->end - new->start != old->end - old->start ||
	    memcmp(m->patch->text + new->start, m->target->text + old->start,
	    new->end - new->start) != 0);
}

bool
merge_patch(const struct json_doc *target, const struct json_doc *patch,
    uint32_t i, struct buf *out)
{
	const struct merge m = { target, patch, out };

	return (merge_value(&m, target == NULL ? absent : 0, i));
}
