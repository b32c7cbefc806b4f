#ifndef JSON_MEMBER_H
#define JSON_MEMBER_H

#include <stdint.h>

#include "body/json_check.h"

/* Members by their names, in a time that does not grow with their number. */

/*
 * The member of object i that is called name; of several the last. 0: none.
 * name is plain ASCII.
 */
uint32_t json_member(const struct json_doc *doc, uint32_t i, const char *name);

/*
 * The member of object i that has the name of member k of other, a text of its
 * own or the same, however either spells it; of several the last. 0: none.
 */
uint32_t json_member_like(const struct json_doc *doc, uint32_t i,
    const struct json_doc *other, uint32_t k);

/*
 * The hash of a name: doc's seed, mixed with each of its characters, and what
 * is kept of that.
 */
uint64_t json_member_mix(uint64_t mixed, uint32_t code);
uint32_t json_member_hash(uint64_t mixed);

/*
 * Enter the members of a text that was scanned: json_member finds them, and
 * each node has its last. Returns 0, or -1 when memory is short.
 */
int json_member_index(struct json_doc *doc)
    __attribute__((warn_unused_result));

#endif
