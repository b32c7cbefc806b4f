#ifndef FUZZ_H
#define FUZZ_H

/*
 * What the fuzz targets share. A target is a file of this directory; libFuzzer
 * calls its LLVMFuzzerTestOneInput with bytes, and whatever must not be ends
 * the process. Built with FUZZ_CONTROL each has one fault planted, which must
 * be found at once: fuzzing that finds it can find.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef FUZZ_CONTROL
enum { FUZZ_IS_CONTROL = 1 };
#else
enum { FUZZ_IS_CONTROL = 0 };
#endif

static inline void
fuzz_must(int is_so, const char *what)
{
	if (is_so)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

/*
 * Change bytes as data says: four bytes each, offset (2, big-endian; modulo
 * the length), what to do and a value. Returns the new length; room is the
 * most.
 */
static inline size_t
fuzz_edit(uint8_t *bytes, size_t len, size_t room, const uint8_t *data,
    size_t size)
{
	size_t at;

	for (; size >= 4; data += 4, size -= 4) {
		at = len == 0 ? 0 :
		    ((size_t)data[0] << 8 | data[1]) % len;
		switch (data[2] % 4) {
		case 0:
			if (len > 0)
				bytes[at] ^= data[3];
			break;
		case 1:
			if (len > 0)
				bytes[at] ^= (uint8_t)(1 << data[3] % 8);
			break;
		case 2:
			len = at;
			break;
		default:
			if (len < room)
				bytes[len++] = data[3];
		}
	}
	return (len);
}

#endif
