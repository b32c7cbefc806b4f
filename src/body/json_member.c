/*
 * The members of all objects of a text in one table, by object and name: an
 * open hash with linear probing, half empty at least. Refuses to know what a
 * member is for.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "body/json.h"
#include "body/json_char.h"
#include "body/json_member.h"

/* The first member of its name in an object; 0: nothing. */
struct json_member_slot {
	uint32_t object;
	uint32_t first;
};

/*
 * Whoever does not know the seed cannot choose names whose hashes are equal.
 */
uint64_t
json_member_mix(uint64_t mixed, uint32_t code)
{
	mixed = (mixed ^ code) * 0x9e3779b97f4a7c15U;
	mixed = (mixed ^ mixed >> 32) * 0xd6e8feb86659fd93U;
	return (mixed ^ mixed >> 29);
}

uint32_t
json_member_hash(uint64_t mixed)
{
	return ((uint32_t)(mixed >> 32));
}

static struct json_char_reader
read_name(const struct json_doc *doc, uint32_t i)
{
	struct json_span name = doc->node[i].name;

	return ((struct json_char_reader){
	    .text = doc->text, .at = name.start + 1, .end = name.end
	});
}

/* Whether two members, of two texts, have one name, however it is spelled. */
static bool
is_same(const struct json_doc *doc, uint32_t i, const struct json_doc *other,
    uint32_t k)
{
	struct json_char_reader a = read_name(doc, i);
	struct json_char_reader b = read_name(other, k);
	uint32_t code_a, code_b;
	bool more_a, more_b;

	if (a.end - a.at == b.end - b.at &&
	    memcmp(a.text + a.at, b.text + b.at, a.end - a.at) == 0)
		return (true);
	do {
		more_a = json_char_next(&a, &code_a);
		more_b = json_char_next(&b, &code_b);
		if (more_a != more_b || code_a != code_b)
			return (false);
	} while (more_a);
	return (true);
}

/* Where to begin, for a name of that hash. */
static size_t
home_of(const struct json_doc *doc, uint32_t object, uint32_t hash)
{
	/* Odd, so that one name in many objects begins at many places. */
	return ((hash + object * 0x9e3779b1U) & (doc->slots - 1));
}

static size_t
next_slot(const struct json_doc *doc, size_t at)
{
	return ((at + 1) & (doc->slots - 1));
}

static bool
may_be(const struct json_doc *doc, const struct json_member_slot *slot,
    uint32_t object, uint32_t hash)
{
	return (slot->object == object &&
	    doc->node[slot->first].name_hash == hash);
}

static void
enter(struct json_doc *doc, uint32_t object, uint32_t i)
{
	uint32_t hash = doc->node[i].name_hash;
	size_t at = home_of(doc, object, hash);
	struct json_member_slot *slot;

	for (; (slot = &doc->slot[at])->first != 0; at = next_slot(doc, at)) {
		if (!may_be(doc, slot, object, hash) ||
		    !is_same(doc, slot->first, doc, i))
			continue;
		doc->node[slot->first].last = i;
		return;
	}
	*slot = (struct json_member_slot){ object, i };
	doc->node[i].last = i;
}

/* An empty table for so many members. */
static int
make_room(struct json_doc *doc, size_t members)
{
	size_t slots = 2;

	while (slots < 2 * members)
		slots *= 2;
	if (slots > doc->slot_cap) {
		free(doc->slot);
		doc->slot_cap = 0;
		doc->slot = malloc(slots * sizeof *doc->slot);
		if (doc->slot == NULL)
			return (-1);
		doc->slot_cap = slots;
	}
	doc->slots = slots;
	memset(doc->slot, 0, slots * sizeof *doc->slot);
	return (0);
}

int
json_member_index(struct json_doc *doc)
{
	size_t members = 0;
	uint32_t i, member;

	for (i = 0; i < doc->count; i++)
		members += doc->node[i].name.end > 0;
	if (make_room(doc, members) == -1)
		return (-1);
	for (i = 0; i < doc->count; i++) {
		if (doc->node[i].type != JSON_OBJECT)
			continue;
		for (member = json_first(doc, i); member != 0;
		    member = doc->node[member].next)
			enter(doc, i, member);
	}
	return (0);
}

uint32_t
json_member(const struct json_doc *doc, uint32_t i, const char *name)
{
	const struct json_member_slot *slot;
	uint64_t mixed = doc->seed;
	const char *p;
	uint32_t hash;
	size_t at;

	for (p = name; *p != '\0'; p++)
		mixed = json_member_mix(mixed, (unsigned char)*p);
	hash = json_member_hash(mixed);
	for (at = home_of(doc, i, hash); (slot = &doc->slot[at])->first != 0;
	    at = next_slot(doc, at))
		if (may_be(doc, slot, i, hash) &&
		    json_char_equals(read_name(doc, slot->first), name))
			return (doc->node[slot->first].last);
	return (0);
}

uint32_t
json_member_like(const struct json_doc *doc, uint32_t i,
    const struct json_doc *other, uint32_t k)
{
	struct json_char_reader name = read_name(other, k);
	const struct json_member_slot *slot;
	uint64_t mixed = doc->seed;
	uint32_t code, hash;
	size_t at;

	while (json_char_next(&name, &code))
		mixed = json_member_mix(mixed, code);
	hash = json_member_hash(mixed);
	for (at = home_of(doc, i, hash); (slot = &doc->slot[at])->first != 0;
	    at = next_slot(doc, at))
		if (may_be(doc, slot, i, hash) &&
		    is_same(doc, slot->first, other, k))
			return (doc->node[slot->first].last);
	return (0);
}
