/* Numbers as bytes, and back. */
#include "config.h"

#include "ground/be32.h"
#include "unit/unit.h"

static const struct {
	uint32_t n;
	unsigned char bytes[BE32_LEN];
} pairs[] = {
	{ 0, { 0, 0, 0, 0 } },
	{ 1, { 0, 0, 0, 1 } },
	{ 0x01020304, { 1, 2, 3, 4 } },
	{ 0x80000000, { 0x80, 0, 0, 0 } },
	{ 0xfffefdfc, { 0xff, 0xfe, 0xfd, 0xfc } },
	{ UINT32_MAX, { 0xff, 0xff, 0xff, 0xff } },
};

START_TEST(highest_byte_comes_first)
{
	unsigned char bytes[BE32_LEN];
	size_t i;

	for (i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		be32_put(bytes, pairs[i].n);
		ck_assert_mem_eq(bytes, pairs[i].bytes, sizeof bytes);
		ck_assert_uint_eq(be32_get(pairs[i].bytes), pairs[i].n);
	}
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = { highest_byte_comes_first };

	return (unit_main("be32", tests, sizeof tests / sizeof tests[0]));
}
