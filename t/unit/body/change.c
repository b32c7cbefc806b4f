/* A row and a patch: what comes of them, and that no secret is left over. */
#include "config.h"

#include "body/change.h"
#include "ground/words.h"
#include "secrets/vault.h"
#include "unit/unit_heap.h"
#include "unit/unit_store.h"

enum { MAX_BODY = 4096 };

static const char old_secret[] = "an-old-secret-of-some-length";
static const char new_secret[] = "a-new-secret-of-some-length";
#define AUTH "{ \"access_token\" : \"an-old-secret-of-some-length\", " \
	"\"n\":1E400 }"
#define PATCH "{\"auth_data\":{\"access_token\":" \
	"\"a-new-secret-of-some-length\"}}"

/* A database with one row, and a change of it. */
struct house {
	struct keeper *keeper;
	struct store *store;
	struct change change;
	struct json_doc doc;
	struct faults faults;
};

static void
begin(struct house *house)
{
	const struct vault_row owner = { "user", "a" };
	struct store_save save = unit_save("id-1", "user", "a");
	struct buf box;

	keyring_free(unit_create());
	*house = (struct house){ .keeper = keeper_open(unit_key_file) };
	ck_assert_ptr_nonnull(house->keeper);
	house->store = unit_open(STORE_WRITE);
	buf_init(&box, MAX_BODY);
	ck_assert_int_eq(vault_seal(keeper_borrow(house->keeper), &owner,
	    AUTH, strlen(AUTH), &box), 0);
	keeper_return(house->keeper);
	save.row.integration_type = "jira";
	save.row.metadata = "{\"instance_name\":\"Production\","
	    "\"created_via\":\"manual\",\"version\":null,"
	    "\"description\":null,\"tags\":[]}";
	save.row.scope_data = "{ \"org_slug\" : \"acme\" }";
	save.row.auth_data = box.data;
	save.row.auth_data_len = box.len;
	ck_assert_int_eq(unit_put(house->store, &save), STORE_OK);
	buf_fini(&box);
	change_init(&house->change, MAX_BODY);
}

static void
end(struct house *house)
{
	change_fini(&house->change);
	json_doc_fini(&house->doc);
	faults_fini(&house->faults);
	store_close(house->store);
	keeper_close(house->keeper);
}

/* Read the row and the patch, which is good, but for memory. */
static bool
look(struct house *house, const char *patch)
{
	static const struct store_asker asker = { "user", WORDS_ALL };
	struct form_change form;

	faults_fini(&house->faults);
	if (json_check(&house->doc, patch, strlen(patch)) != JSON_OK ||
	    change_read(&house->change, house->store, &asker, "id-1") !=
	    STORE_OK)
		return (false);
	form_change_init(&form, &house->change.was);
	form_read(&house->change.patch, &form.spec, &house->doc,
	    &house->faults);
	ck_assert_uint_eq(house->faults.count, 0);
	return (!house->faults.failed);
}

static enum merged_rc
merge(struct house *house)
{
	return (change_merge(&house->change, house->keeper,
	    store_active_key(house->store), &house->faults));
}

static enum store_rc
run(struct house *house)
{
	struct writer_job *job = &house->change.job;
	enum store_rc rc;

	ck_assert_int_eq(store_begin(house->store, UNIT_WAIT_MS), STORE_OK);
	rc = job->run(house->store, job->cookie);
	ck_assert_int_eq(store_commit(house->store), STORE_OK);
	return (rc);
}

/* The names of what differs, with commas between them. */
static const char *
changes(const struct house *house)
{
	static char text[WORDS_TEXT_MAX];
	const char *names[SAVE_FIELDS + 1] = { NULL };
	unsigned set = 0;
	size_t i;

	for (i = 0; i < SAVE_FIELDS; i++) {
		names[i] = form_save_spec.fields[i].name;
		set |= house->change.changed[i] ? 1U << i : 0;
	}
	words_write(text, names, set);
	return (text);
}

/* A patch is made, and changes these members. */
static void
makes(struct house *house, const char *patch, const char *names)
{
	ck_assert(look(house, patch));
	ck_assert_int_eq(merge(house), MERGED_OK);
	ck_assert_str_eq(changes(house), names);
	ck_assert_int_eq(change_is_one(&house->change), *names != '\0');
	ck_assert_int_eq(run(house), STORE_OK);
}

/* What the box holds that is stored. */
static void
holds(struct house *house, const char *text)
{
	const struct vault_row owner = { "user", "a" };
	struct arena arena = { 0 };
	struct integration row;
	struct buf plain;

	ck_assert_int_eq(store_operator_find(house->store, "id-1", STORE_BOX,
	    &arena, &row), STORE_OK);
	buf_init(&plain, MAX_BODY);
	ck_assert_int_eq(vault_open_kept(house->keeper, &owner, row.auth_data,
	    row.auth_data_len, &plain), VAULT_OK);
	ck_assert_str_eq(buf_text(&plain), text);
	buf_fini(&plain);
	arena_fini(&arena);
}

START_TEST(what_differs_is_stored_and_named)
{
	struct house house;
	struct integration row;

	begin(&house);
	makes(&house, PATCH, "auth_data");
	holds(&house, "{\"access_token\":\"a-new-secret-of-some-length\","
	    "\"n\":1E400}");
	row = change_stored(&house.change);
	ck_assert_int_eq(row.revision, 2);
	ck_assert_str_eq(row.scope_data, "{ \"org_slug\" : \"acme\" }");
	ck_assert_ptr_nonnull(row.auth_print);
	makes(&house, "{\"name\":\"n\",\"active\":false,\"scope_data\":"
	    "{\"x\":1},\"metadata\":{\"y\":2},\"status\":\"error\"}",
	    "name,status,active,scope_data,metadata");
	row = change_stored(&house.change);
	ck_assert_str_eq(row.name, "n");
	ck_assert_ptr_nonnull(row.auth_print);
	ck_assert_str_eq(row.scope_data,
	    "{\"org_slug\" : \"acme\",\"x\":1}");
	ck_assert_str_eq(row.metadata, "{\"instance_name\":\"Production\","
	    "\"created_via\":\"manual\",\"version\":null,"
	    "\"description\":null,\"tags\":[],\"y\":2}");
	holds(&house, "{\"access_token\":\"a-new-secret-of-some-length\","
	    "\"n\":1E400}");
	end(&house);
}
END_TEST

START_TEST(what_is_the_same_is_no_change)
{
	struct house house;

	begin(&house);
	makes(&house, "{}", "");
	makes(&house, "{\"name\":\"Production\",\"integration_type\":\"jira\","
	    "\"status\":\"active\",\"active\":true,\"auth_data\":{\"n\":1E400},"
	    "\"scope_data\":{},\"metadata\":{\"tags\":[],\"version\":null}}",
	    "");
	holds(&house, AUTH);
	ck_assert_int_eq(change_stored(&house.change).revision, 1);
	end(&house);
}
END_TEST

/* A box that is sealed anew would have another nonce. */
START_TEST(box_of_what_is_the_same_stays)
{
	struct arena before = { 0 }, after = { 0 };
	struct integration was, is;
	struct house house;

	begin(&house);
	ck_assert_int_eq(store_operator_find(house.store, "id-1", STORE_BOX,
	    &before, &was), STORE_OK);
	makes(&house, "{\"name\":\"n\",\"auth_data\":{\"n\":1E400}}", "name");
	ck_assert_int_eq(store_operator_find(house.store, "id-1", STORE_BOX,
	    &after, &is), STORE_OK);
	ck_assert_uint_eq(is.auth_data_len, was.auth_data_len);
	ck_assert_mem_eq(is.auth_data, was.auth_data, is.auth_data_len);
	arena_fini(&before);
	arena_fini(&after);
	end(&house);
}
END_TEST

START_TEST(row_that_has_moved_is_told)
{
	struct house house;
	struct store_save save = unit_save("id-2", "user", "a");

	begin(&house);
	save.row.integration_type = "jira";
	ck_assert(look(&house, PATCH));
	ck_assert_int_eq(unit_put(house.store, &save), STORE_OK);
	ck_assert_int_eq(merge(&house), MERGED_OK);
	ck_assert_int_eq(run(&house), STORE_MOVED);
	free(save.kept_metadata);
	end(&house);
}
END_TEST

/* A save comes in between, which changes what is patched, and more. */
START_TEST(what_is_not_sealed_is_made_again_under_the_lock)
{
	struct house house;
	struct store_save save = unit_save("id-2", "user", "a");
	struct integration row;

	begin(&house);
	save.row.integration_type = "jira";
	save.row.status = "error";
	save.row.metadata = "{\"instance_name\":\"x\",\"created_via\":"
	    "\"manual\",\"version\":null,\"description\":null,\"tags\":[],"
	    "\"z\":1}";
	save.auth_data_given = false;
	ck_assert(look(&house, "{\"status\":\"error\",\"metadata\":"
	    "{\"y\":2}}"));
	ck_assert_int_eq(merge(&house), MERGED_OK);
	ck_assert_int_eq(unit_put(house.store, &save), STORE_OK);
	ck_assert_int_eq(run(&house), STORE_OK);
	ck_assert_str_eq(changes(&house), "metadata");
	row = change_stored(&house.change);
	ck_assert_int_eq(row.revision, 3);
	ck_assert_str_eq(strstr(row.metadata, "\"z\""), "\"z\":1,\"y\":2}");
	holds(&house, AUTH);
	/* Somebody else has made the same of it. */
	ck_assert(look(&house, "{\"metadata\":{\"y\":null}}"));
	ck_assert_int_eq(merge(&house), MERGED_OK);
	free(save.kept_metadata);
	save.kept_metadata = NULL;
	ck_assert_int_eq(unit_put(house.store, &save), STORE_OK);
	ck_assert_int_eq(run(&house), STORE_OK);
	ck_assert_str_eq(changes(&house), "");
	ck_assert_int_eq(change_stored(&house.change).revision, 4);
	free(save.kept_metadata);
	end(&house);
}
END_TEST

START_TEST(what_would_be_too_much_is_refused_and_asked_for_first)
{
	struct house house;
	char patch[MAX_BODY + 64];

	begin(&house);
	snprintf(patch, sizeof patch, "{\"auth_data\":{\"a\":\"%0*d\"}}",
	    MAX_BODY - 50, 1);
	ck_assert(look(&house, patch));
	ck_assert_int_eq(merge(&house), MERGED_TOO_LARGE);
	ck_assert_int_eq(run(&house), STORE_OK);
	holds(&house, AUTH);
	ck_assert(look(&house, patch));
	house.change.if_match = (struct field_lines){ { "\"9-x\"" }, 1 };
	ck_assert_int_eq(merge(&house), MERGED_TOO_LARGE);
	ck_assert_int_eq(run(&house), STORE_PRECONDITION);
	end(&house);
}
END_TEST

START_TEST(box_under_a_key_that_is_not_in_use_is_told)
{
	struct house house;

	begin(&house);
	ck_assert(look(&house, PATCH));
	ck_assert_int_eq(merge(&house), MERGED_OK);
	unit_register(house.store, 7);
	ck_assert_int_eq(run(&house), STORE_SEAL_AGAIN);
	ck_assert(look(&house, PATCH));
	house.change.old_key_will_do = true;
	ck_assert_int_eq(merge(&house), MERGED_OK);
	ck_assert_int_eq(run(&house), STORE_OK);
	end(&house);
}
END_TEST

/* It was made of a row that never was, which its revision does not show. */
START_TEST(what_was_rolled_back_is_not_built_upon)
{
	struct store_save other = unit_save("id-2", "user", "a");
	struct writer_job *job;
	struct house house;

	begin(&house);
	other.row.integration_type = "jira";
	other.auth_data_given = false;
	other.row.scope_data = "{\"org_slug\":\"never\"}";
	job = &house.change.job;
	ck_assert(look(&house, "{\"scope_data\":{\"n\":1}}"));
	ck_assert_int_eq(merge(&house), MERGED_OK);
	ck_assert_int_eq(store_begin(house.store, UNIT_WAIT_MS), STORE_OK);
	ck_assert_int_eq(store_save(house.store, &other), STORE_OK);
	ck_assert_int_eq(job->run(house.store, job->cookie), STORE_OK);
	store_rollback(house.store);
	other.row.scope_data = "{\"org_slug\":\"once\"}";
	ck_assert_int_eq(unit_put(house.store, &other), STORE_OK);
	ck_assert_int_eq(run(&house), STORE_OK);
	ck_assert_str_eq(change_stored(&house.change).scope_data,
	    "{\"org_slug\":\"once\",\"n\":1}");
	free(other.kept_metadata);
	end(&house);
}
END_TEST

static enum store_rc
count_first(struct store *store, void *cookie)
{
	(void)store;
	++*(int *)cookie;
	return (*(int *)cookie == 1 ? STORE_NOT_FOUND : STORE_EXISTS);
}

static enum store_rc
count_then(struct store *store, void *cookie)
{
	(void)store;
	*(int *)cookie += 10;
	return (STORE_OK);
}

START_TEST(others_have_their_turn_in_the_transaction)
{
	struct house house;
	int turns = 0;

	begin(&house);
	house.change.first = count_first;
	house.change.then = count_then;
	house.change.cookie = &turns;
	ck_assert(look(&house, "{\"name\":\"n\"}"));
	ck_assert_int_eq(merge(&house), MERGED_OK);
	ck_assert_int_eq(run(&house), STORE_OK);
	ck_assert_int_eq(turns, 11);
	ck_assert_int_eq(run(&house), STORE_EXISTS);
	ck_assert_int_eq(turns, 12);
	end(&house);
}
END_TEST

/*
 * Each allocation fails in its turn. Whatever comes of that, what is given back
 * to the heap holds neither the old secret nor the new one.
 */
START_TEST(no_secret_is_left_whatever_fails)
{
	const char *const words[] = { old_secret, new_secret };
	size_t i, n, failed;
	struct house house;
	enum merged_rc rc;

	if (!UNIT_HAS_HEAP)
		return;
	begin(&house);
	for (i = 0; i < 2; i++) {
		failed = 0;
		for (n = 1; ; n++) {
			ck_assert(look(&house, PATCH));
			heap_begin(n, words[i]);
			heap_on();
			rc = merge(&house);
			change_fini(&house.change);
			heap_off();
			ck_assert_uint_eq(heap.words, 0);
			if (heap.count < n)
				break;
			failed += rc == MERGED_FAILED;
			change_init(&house.change, MAX_BODY);
		}
		ck_assert_int_eq(rc, MERGED_OK);
		ck_assert_uint_gt(failed, 5);
		change_init(&house.change, MAX_BODY);
	}
	holds(&house, AUTH);
	end(&house);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_differs_is_stored_and_named,
		what_is_the_same_is_no_change,
		box_of_what_is_the_same_stays,
		row_that_has_moved_is_told,
		what_is_not_sealed_is_made_again_under_the_lock,
		what_would_be_too_much_is_refused_and_asked_for_first,
		box_under_a_key_that_is_not_in_use_is_told,
		what_was_rolled_back_is_not_built_upon,
		others_have_their_turn_in_the_transaction,
		no_secret_is_left_whatever_fails,
	};

	return (unit_main("change", tests, sizeof tests / sizeof tests[0]));
}
