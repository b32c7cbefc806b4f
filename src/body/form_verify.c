/*
 * The body of a verification. Its names are the client's own, so there is no
 * table of them. Refuses to know what they are compared with.
 */
#include "config.h"

#include "body/field.h"
#include "body/form_verify.h"
#include "body/json.h"

/* The first of its name, this one or behind it. */
static uint32_t
first_of_name(const struct json_doc *doc, uint32_t node)
{
	while (node != 0 && doc->node[node].last == 0)
		node = doc->node[node].next;
	return (node);
}

uint32_t
form_verify_first(const struct json_doc *doc)
{
	return (first_of_name(doc, json_first(doc, 0)));
}

uint32_t
form_verify_next(const struct json_doc *doc, uint32_t node)
{
	return (first_of_name(doc, doc->node[node].next));
}

static enum fault_kind
judge(const struct json_doc *doc, uint32_t node)
{
	return (doc->node[node].type == JSON_NULL ? FAULT_NULL :
	    field_string(doc, node));
}

void
form_verify_read(const struct json_doc *doc, struct faults *faults)
{
	enum fault_kind kind;
	size_t members = 0;
	uint32_t node;

	for (node = form_verify_first(doc); node != 0;
	    node = form_verify_next(doc, node))
		members++;
	if (members == 0 || members > VERIFY_MEMBERS_MAX)
		faults_add(faults, (struct fault){ .kind = FAULT_MEMBERS,
		    .index = -1 });
	for (node = form_verify_first(doc); node != 0;
	    node = form_verify_next(doc, node)) {
		kind = judge(doc, doc->node[node].last);
		if (kind != FAULT_NONE)
			faults_add(faults, (struct fault){ .kind = kind,
			    .index = -1, .doc = doc, .node = node });
	}
}
