#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Sets of words of a list, which NULL ends and which has no more words than an
 * unsigned has bits: a bit each, in the list's order. As text, the words have
 * commas between them.
 */
enum { WORDS_TEXT_MAX = 128 };

#define WORDS_ALL (~0U)

/* The bit of a word; 0: it is none of the list's. */
unsigned words_bit(const char *const *list, const char *word);

/* The set of all that the list has, where WORDS_ALL has those to come too. */
unsigned words_known(const char *const *list);

/*
 * Read a text of one word or more. False: it has one that is none of the
 * list's, or none at all.
 */
bool words_read(unsigned *set, const char *const *list, const char *text)
    __attribute__((warn_unused_result));

/* Write those of a set, in the order of the list, and a NUL. */
void words_write(char out[WORDS_TEXT_MAX], const char *const *list,
    unsigned set);

#endif
