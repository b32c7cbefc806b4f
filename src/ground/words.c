/*
 * Sets of words as bits and as text. Refuses to know what the words mean.
 */
#include "config.h"

#include <assert.h>
#include <string.h>

#include "ground/words.h"

/* The bit of the word that is len characters of text. */
static unsigned
bit_of(const char *const *list, const char *text, size_t len)
{
	unsigned bit = 1;

	for (; *list != NULL; list++, bit <<= 1)
		if (strlen(*list) == len && memcmp(*list, text, len) == 0)
			return (bit);
	return (0);
}

unsigned
words_bit(const char *const *list, const char *word)
{
	return (bit_of(list, word, strlen(word)));
}

unsigned
words_known(const char *const *list)
{
	unsigned set = 0;

	for (; *list != NULL; list++)
		set = set << 1 | 1;
	return (set);
}

bool
words_read(unsigned *set, const char *const *list, const char *text)
{
	unsigned bit;
	size_t len;

	*set = 0;
	for (;; text += len + 1) {
		len = strcspn(text, ",");
		if ((bit = bit_of(list, text, len)) == 0)
			return (false);
		*set |= bit;
		if (text[len] == '\0')
			return (true);
	}
}

void
words_write(char out[WORDS_TEXT_MAX], const char *const *list, unsigned set)
{
	size_t len = 0, more;

	for (; *list != NULL; list++, set >>= 1) {
		if ((set & 1) == 0)
			continue;
		more = strlen(*list);
		assert(len + 1 + more < WORDS_TEXT_MAX);
		if (len > 0)
			out[len++] = ',';
		memcpy(out + len, *list, more);
		len += more;
	}
	out[len] = '\0';
}
