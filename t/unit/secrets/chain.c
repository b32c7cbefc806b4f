/* The audit's keyed hashes: what they are of, and who can make them. */
#include "config.h"

#include "secrets/chain.h"
#include "secrets/secret.h"
#include "unit/unit.h"

static const unsigned char none[CHAIN_HASH_LEN] = { 0 };

/* A chain with the key of a fresh key file. */
static struct chain *
make(const char *path)
{
	struct keeper *keeper;
	struct chain *chain;

	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(keyring_create(path), 0);
	keeper = keeper_open(path);
	ck_assert_ptr_nonnull(keeper);
	chain = chain_new(keeper);
	ck_assert_ptr_nonnull(chain);
	keeper_close(keeper);
	return (chain);
}

static bool
same(const unsigned char *one, const unsigned char *other)
{
	return (memcmp(one, other, CHAIN_HASH_LEN) == 0);
}

START_TEST(hash_is_of_every_part_and_of_the_key)
{
	static const unsigned char digest[CHAIN_HASH_LEN] = { 1 };
	static const unsigned char other_digest[CHAIN_HASH_LEN] = { 2 };
	const struct chain_row row = { 7, "at", "save", "id", "request",
	    digest };
	struct chain_row rows[] = { row, row, row, row, row, row, row, row };
	struct chain *chain = make("one"), *other = make("other");
	unsigned char hash[CHAIN_HASH_LEN], changed[CHAIN_HASH_LEN];
	size_t i;

	rows[0].seq = 8;
	rows[1].at = "bt";
	rows[2].action = "read";
	rows[3].integration_id = "ie";
	rows[4].request_id = "requesu";
	rows[5].digest = other_digest;
	rows[6].integration_id = NULL;
	rows[7].at = "atsave";		/* none reaches into another */
	rows[7].action = "";
	chain_hash(chain, hash, none, &row);
	chain_hash(chain, changed, none, &row);
	ck_assert(same(hash, changed));
	for (i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		chain_hash(chain, changed, none, &rows[i]);
		ck_assert_msg(!same(hash, changed), "%zu", i);
	}
	chain_hash(chain, changed, digest, &row);
	ck_assert(!same(hash, changed));
	chain_hash(other, changed, none, &row);
	ck_assert(!same(hash, changed));
	rows[6].integration_id = "";
	chain_hash(chain, hash, none, &rows[6]);
	rows[6].integration_id = NULL;
	chain_hash(chain, changed, none, &rows[6]);
	ck_assert_msg(!same(hash, changed), "none is not empty");
	chain_free(chain);
	chain_free(other);
}
END_TEST

START_TEST(digest_is_of_salt_and_text)
{
	unsigned char one[CHAIN_SALT_LEN], two[CHAIN_SALT_LEN];
	unsigned char digest[CHAIN_HASH_LEN], other[CHAIN_HASH_LEN];

	ck_assert_int_eq(secret_init(), 0);
	chain_salt(one);
	chain_salt(two);
	ck_assert_mem_ne(one, two, sizeof one);
	chain_digest(digest, one, "{}");
	chain_digest(other, two, "{}");
	ck_assert(!same(digest, other));
	chain_digest(other, one, "{ }");
	ck_assert(!same(digest, other));
}
END_TEST

START_TEST(cover_is_of_a_set_of_rows)
{
	static const unsigned char hash[CHAIN_HASH_LEN] = { 3 };
	unsigned char cover[CHAIN_HASH_LEN] = { 0 };
	unsigned char other[CHAIN_HASH_LEN] = { 0 };
	struct chain *chain = make("one"), *alien = make("other");
	struct { int64_t chain_id, seq; const unsigned char *hash; } not[] = {
	    { 2, 5, hash }, { 1, 6, hash }, { 1, 5, none } };
	size_t i;

	chain_cover(chain, cover, 1, 5, hash);
	chain_cover(chain, cover, 1, 9, hash);
	ck_assert(!same(cover, none));
	chain_cover(chain, other, 1, 9, hash);
	chain_cover(chain, other, 1, 5, hash);
	ck_assert_msg(same(cover, other), "in any order");
	chain_cover_add(cover, other);
	ck_assert_msg(same(cover, none), "twice is nothing");
	chain_cover(chain, cover, 1, 5, hash);
	for (i = 0; i < sizeof not / sizeof not[0]; i++) {
		memset(other, 0, sizeof other);
		chain_cover(chain, other, not[i].chain_id, not[i].seq,
		    not[i].hash);
		ck_assert_msg(!same(cover, other), "%zu", i);
	}
	memset(other, 0, sizeof other);
	chain_cover(alien, other, 1, 5, hash);
	ck_assert(!same(cover, other));
	chain_free(chain);
	chain_free(alien);
}
END_TEST

START_TEST(owner_is_a_number_of_the_name_and_the_key)
{
	struct chain *chain = make("one"), *other = make("other");

	ck_assert_int_eq(chain_owner(chain, "a"), chain_owner(chain, "a"));
	ck_assert_int_ne(chain_owner(chain, "a"), chain_owner(chain, "b"));
	ck_assert_int_ne(chain_owner(chain, "a"), chain_owner(other, "a"));
	ck_assert_int_ne(chain_owner(chain, "a"), 0);
	chain_free(chain);
	chain_free(other);
}
END_TEST

START_TEST(place_is_read_back_by_its_user_alone)
{
	static const int64_t seqs[] = { 1, 2, 255, 256, 1000000, INT64_MAX };
	struct chain *chain = make("one"), *other = make("other");
	char text[CHAIN_PLACE_LEN + 1];
	int64_t seq;
	size_t i;

	for (i = 0; i < sizeof seqs / sizeof seqs[0]; i++) {
		chain_place_write(chain, "a", seqs[i], text);
		ck_assert_uint_eq(strlen(text), CHAIN_PLACE_LEN);
		ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
		    "abcdefghijklmnopqrstuvwxyz0123456789-_"),
		    CHAIN_PLACE_LEN);
		ck_assert(chain_place_read(chain, "a", text, CHAIN_PLACE_LEN,
		    &seq));
		ck_assert_int_eq(seq, seqs[i]);
		ck_assert(!chain_place_read(chain, "b", text, CHAIN_PLACE_LEN,
		    &seq));
		ck_assert(!chain_place_read(other, "a", text, CHAIN_PLACE_LEN,
		    &seq));
	}
	chain_free(chain);
	chain_free(other);
}
END_TEST

START_TEST(place_that_was_changed_or_cut_is_none)
{
	struct chain *chain = make("one");
	char text[CHAIN_PLACE_LEN + 2], changed[CHAIN_PLACE_LEN + 2];
	int64_t seq;
	size_t i;

	chain_place_write(chain, "a", 5, text);
	for (i = 0; i < CHAIN_PLACE_LEN; i++) {
		memcpy(changed, text, sizeof text);
		changed[i] = text[i] == 'A' ? 'B' : 'A';
		ck_assert_msg(!chain_place_read(chain, "a", changed,
		    CHAIN_PLACE_LEN, &seq), "%zu", i);
		ck_assert(!chain_place_read(chain, "a", text, i, &seq));
	}
	strcpy(text + CHAIN_PLACE_LEN, "A");
	ck_assert(!chain_place_read(chain, "a", text, CHAIN_PLACE_LEN + 1,
	    &seq));
	ck_assert(!chain_place_read(chain, "a", "", 0, &seq));
	chain_free(chain);
}
END_TEST

START_TEST(neighbours_do_not_look_alike)
{
	struct chain *chain = make("one");
	char one[CHAIN_PLACE_LEN + 1], two[CHAIN_PLACE_LEN + 1];
	size_t i, same = 0;

	chain_place_write(chain, "a", 1000, one);
	chain_place_write(chain, "a", 1001, two);
	for (i = 1; i < CHAIN_PLACE_LEN; i++)
		same += one[i] == two[i];
	ck_assert_uint_lt(same, 10);
	chain_free(chain);
}
END_TEST

START_TEST(hash_is_shown_and_read)
{
	unsigned char hash[CHAIN_HASH_LEN], back[CHAIN_HASH_LEN];
	char text[CHAIN_TEXT_LEN + 1];
	int i;

	for (i = 0; i < CHAIN_HASH_LEN; i++)
		hash[i] = (unsigned char)(i * 8 + 7);
	chain_show(text, hash);
	ck_assert_uint_eq(strlen(text), CHAIN_TEXT_LEN);
	ck_assert(chain_read(back, text, CHAIN_TEXT_LEN));
	ck_assert(same(hash, back));
	ck_assert(!chain_read(back, text, CHAIN_TEXT_LEN - 1));
	text[5] = 'g';
	ck_assert(!chain_read(back, text, CHAIN_TEXT_LEN));
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		hash_is_of_every_part_and_of_the_key,
		digest_is_of_salt_and_text,
		cover_is_of_a_set_of_rows,
		owner_is_a_number_of_the_name_and_the_key,
		place_is_read_back_by_its_user_alone,
		place_that_was_changed_or_cut_is_none,
		neighbours_do_not_look_alike,
		hash_is_shown_and_read,
	};

	return (unit_main("chain", tests, sizeof tests / sizeof tests[0]));
}
