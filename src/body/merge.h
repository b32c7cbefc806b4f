#ifndef MERGE_H
#define MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "body/json_check.h"
#include "ground/buf.h"

/*
 * Merge patches (RFC 7396) on spans of bytes. What a patch does not name
 * stays as it is written, white space and all; an object in which nothing
 * changes does so as a whole. What is new or replaced is "name":value, the
 * value's bytes as the patch has them, in an object without other space. Names
 * are compared decoded; of several in the patch the last counts, and of
 * several in the target no earlier one is kept, for it could be a secret that
 * was to be replaced.
 *
 * Append what node i of patch makes of the outermost value of target; target
 * NULL: there is none. That is no longer than both texts together. Returns
 * whether it is anything else than the bytes that were there.
 */
bool merge_patch(const struct json_doc *target, const struct json_doc *patch,
    uint32_t i, struct buf *out);

#endif
