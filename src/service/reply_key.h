#ifndef REPLY_KEY_H
#define REPLY_KEY_H

#include "service/reply.h"

/* 200 with an API key; text is the key itself, once, or NULL. */
void reply_key(struct reply *reply, const struct store_key *key,
    const char *text);

/* Append the members of a key without braces, 8 KiB at most. */
enum { REPLY_KEY_MAX = 8192 };
void reply_put_key(struct buf *out, const struct store_key *key);

#endif
