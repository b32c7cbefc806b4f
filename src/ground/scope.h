#ifndef SCOPE_H
#define SCOPE_H

/*
 * What an API key may do: a bit each, in the order of scope_words, which NULL
 * ends (ground/words.h).
 */
enum scope {
	SCOPE_SAVE = 1 << 0,
	SCOPE_READ = 1 << 1,
	SCOPE_REVEAL = 1 << 2,
	SCOPE_VERIFY = 1 << 3,
	SCOPE_ADMIN = 1 << 4,
	SCOPE_METRICS = 1 << 5
};

/* Of keys that were made without a word about it. */
enum { SCOPES_DEFAULT = SCOPE_SAVE | SCOPE_READ };

extern const char *const scope_words[];

/* Those that one key may give another, in the same order: all but metrics. */
extern const char *const scope_grants[];

#endif
