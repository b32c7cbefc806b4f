/* Hashes of pieces: what is another thing has another. */
#include "config.h"

#include <string.h>

#include "secrets/digest.h"
#include "unit/unit.h"

struct piece {
	const char *bytes;
	size_t len;
};

static void
hash(unsigned char out[DIGEST_LEN], const struct piece *pieces, size_t count)
{
	struct digest digest;
	size_t i;

	digest_init(&digest);
	for (i = 0; i < count; i++)
		digest_add(&digest, pieces[i].bytes, pieces[i].len);
	digest_end(&digest, out);
}

/* Be it that the same bytes are parted elsewhere, or that one is NULL. */
START_TEST(other_pieces_have_another_hash)
{
	static const struct {
		struct piece pieces[3];
		size_t count;
	} cases[] = {
		{ { { "ab", 2 }, { "c", 1 } }, 2 },
		{ { { "a", 1 }, { "bc", 2 } }, 2 },
		{ { { "abc", 3 } }, 1 },
		{ { { "abc", 3 }, { "", 0 } }, 2 },
		{ { { "abc", 3 }, { NULL, 0 } }, 2 },
		{ { { "ab", 2 }, { "d", 1 } }, 2 },
		{ { { NULL, 0 } }, 0 },
	};
	enum { CASES = sizeof cases / sizeof cases[0] };
	unsigned char hashes[CASES][DIGEST_LEN], again[DIGEST_LEN];
	size_t i, j;

	for (i = 0; i < CASES; i++) {
		hash(hashes[i], cases[i].pieces, cases[i].count);
		hash(again, cases[i].pieces, cases[i].count);
		ck_assert_mem_eq(again, hashes[i], DIGEST_LEN);
		for (j = 0; j < i; j++)
			ck_assert_mem_ne(hashes[i], hashes[j], DIGEST_LEN);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { other_pieces_have_another_hash };

	return (unit_main("digest", tests, sizeof tests / sizeof tests[0]));
}
