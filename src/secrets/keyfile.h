#ifndef KEYFILE_H
#define KEYFILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * The bytes of a key file. Layout: magic (16), root (32), master keys of id
 * (4, big-endian) and key (32) each, BLAKE2b-256 over all before it (32).
 */
enum {
	KEYFILE_KEYS_MAX = 64,		/* master keys in a file */
	KEYFILE_KEY_LEN = 32,
	KEYFILE_MAX = 16 + KEYFILE_KEY_LEN + KEYFILE_KEYS_MAX *
	    (4 + KEYFILE_KEY_LEN) + 32
};

/* All of it is secret: it lives in memory of secret_alloc. */
struct keyfile {
	unsigned char bytes[KEYFILE_MAX];
	size_t len;
};

/* Begin one with a fresh root and no master key. */
void keyfile_begin(struct keyfile *file);

/*
 * Read a file: a regular one of ours, not a link, that no one else may read,
 * of the right size and undamaged. Returns NULL, or what is wrong, with its
 * cure.
 */
const char *keyfile_read(struct keyfile *file, const char *path)
    __attribute__((warn_unused_result));

/* The root, and the master keys from 0 on, lent. */
const unsigned char *keyfile_root(const struct keyfile *file);
size_t keyfile_count(const struct keyfile *file);
const unsigned char *keyfile_key(const struct keyfile *file, size_t i,
    uint32_t *key_id);

/* Append a fresh master key; -1: there is no room for one more. */
int keyfile_add(struct keyfile *file, uint32_t *key_id)
    __attribute__((warn_unused_result));

/* Take a master key out; -1: it is not there, or the only one. */
int keyfile_drop(struct keyfile *file, uint32_t key_id)
    __attribute__((warn_unused_result));

/*
 * Write a new file, mode 0600, and sync it and its directory; an existing one
 * is an error. Returns 0, or -1 with the reason logged and no file made.
 */
int keyfile_write(struct keyfile *file, const char *path)
    __attribute__((warn_unused_result));

/*
 * Put it in the place of the file at path, whose mode and group it takes on:
 * at every moment, also after a kill or a power cut, path names a whole file,
 * the former or this. One caller at a time. Returns 0, or -1 with the reason
 * logged; which of the two files is there then is not known.
 */
int keyfile_replace(struct keyfile *file, const char *path)
    __attribute__((warn_unused_result));

#endif
