#ifndef H_READ_H
#define H_READ_H

#include "service/call.h"

/* GET /api/v2/integrations/{integration_id}. */
enum call_rc h_read(struct call *call);

/*
 * Answer 200 with all that is known of an integration but its auth_data, and
 * its ETag; how the read of that has gone.
 */
enum call_rc h_read_reply(struct call *call, const struct integration *row);

/*
 * Append all that is known of an integration in pieces, of which a key may see
 * some (reply_pieces).
 */
void h_read_put(const struct call *call, const struct integration *row,
    const struct store_use *use, struct buf *out);

#endif
