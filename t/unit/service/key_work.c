/* Changes of API keys by a key that is revoked before they are committed. */
#include "config.h"

#include "unit/unit_app.h"

static const char keys_path[] = "/api/v2/api-keys";

/* A key of the same user's that may do that, and an id of it. */
static void
add_boss(struct unit_house *house, char key[APIKEY_LEN + 1],
    char id[APIKEY_PUBLIC_ID_LEN + 1])
{
	unit_add_key_for(house, WORDS_ALL, key, NULL, NULL);
	apikey_public_id(id, key);
}

/*
 * Begin, revoke the key, and commit what was begun: of all keys, or, with what
 * its path ends in, of one.
 */
static void
is_refused(const char *method, const char *end, const char *body)
{
	struct unit_house house;
	char boss[APIKEY_LEN + 1], id[APIKEY_PUBLIC_ID_LEN + 1];
	char path[64], sql[128];
	struct http *http;
	int64_t rows;

	unit_begin(&house);
	add_boss(&house, boss, id);
	snprintf(path, sizeof path, "%s", keys_path);
	if (end != NULL)
		snprintf(path, sizeof path, "%s/%.8s%s", keys_path,
		    strchr(house.key, '_') + 1, end);
	http = unit_ask(&house, body);
	http->method = method;
	http->path = path;
	unit_bear(http, boss);
	reader_turn(&house.reader);
	app_admit(&house.call);
	ck_assert(!app_begin(&house.call));
	snprintf(sql, sizeof sql, "UPDATE api_keys SET revoked_at = "
	    "'2024-01-15T10:30:00.000000' WHERE public_id = '%s'", id);
	unit_sql(sql);
	rows = unit_number("SELECT count(*) + count(revoked_at) FROM api_keys");
	writer_commit(house.app.writer, house.call.job);
	ck_assert_int_eq(house.call.job->rc, STORE_LOST);
	ck_assert(app_end(&house.call));
	ck_assert_int_eq(house.call.reply.status, 401);
	ck_assert_str_eq(buf_text(&house.call.reply.body),
	    UNIT_DETAIL("Invalid API key"));
	ck_assert_int_eq(unit_number("SELECT count(*) + count(revoked_at) "
	    "FROM api_keys"), rows);
	unit_end(&house);
}

START_TEST(revoked_key_makes_no_key)
{
	is_refused("POST", NULL, "{\"scopes\":[\"save\"]}");
}
END_TEST

START_TEST(revoked_key_rotates_no_key)
{
	is_refused("POST", "/rotate", "{}");
}
END_TEST

START_TEST(revoked_key_revokes_no_key)
{
	is_refused("DELETE", "", "");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		revoked_key_makes_no_key,
		revoked_key_rotates_no_key,
		revoked_key_revokes_no_key,
	};

	return (unit_main("key_work", tests, sizeof tests / sizeof tests[0]));
}
