/*
 * From a row and a patch to the row that comes of it, by way of the body of a
 * save that would have made that: so the rules of a save hold for it. Refuses
 * to know who asks and what is answered.
 */
#include "config.h"

#include <string.h>

#include "body/change.h"
#include "body/merged.h"

static enum store_rc run(struct store *, void *);

void
change_init(struct change *change, size_t max_body)
{
	*change = (struct change){ .max_body = max_body };
	change->job = (struct writer_job){ .run = run, .cookie = change };
	draft_init(&change->draft, max_body);
}

void
change_fini(struct change *change)
{
	draft_fini(&change->draft);
	arena_fini(&change->arena);
}

enum store_rc
change_read(struct change *change, struct store *store,
    const struct store_asker *asker, const char *integration_id)
{
	draft_fini(&change->draft);
	draft_init(&change->draft, change->max_body);
	memset(change->changed, 0, sizeof change->changed);
	change->is_again = false;
	change->store = (struct store_change){ .asker = *asker };
	change->id = integration_id;
	return (store_find(store, asker, integration_id,
	    STORE_DATA | STORE_BOX, &change->arena, &change->was));
}

/* See what of the draft is not as it was; the rest is left alone. */
static void
compare(struct change *change)
{
	const struct integration *was = &change->was;
	struct store_save *save = &change->draft.save;

	change->changed[SAVE_NAME] = strcmp(save->row.name, was->name) != 0;
	change->changed[SAVE_STATUS] =
	    strcmp(save->row.status, was->status) != 0;
	change->changed[SAVE_ACTIVE] = save->row.active != was->active;
	save->metadata_given = change->changed[SAVE_METADATA] =
	    change->changed[SAVE_METADATA] &&
	    strcmp(save->row.metadata, was->metadata) != 0;
	save->if_match = change->if_match;
	save->if_none_match = change->if_none_match;
	save->old_key_will_do = change->old_key_will_do;
}

/* The row that the body makes, and its box. */
static enum merged_rc
fill(struct change *change, struct keeper *keeper, uint32_t key_id)
{
	int rc;

	if (draft_fill(&change->draft, change->was.created_by,
	    change->was.integration_id) == -1)
		return (MERGED_FAILED);
	compare(change);
	if (!form_is_set(&change->draft.form, SAVE_AUTH_DATA))
		return (MERGED_OK);
	rc = draft_seal(&change->draft, keeper_borrow_to_seal(keeper,
	    key_id));
	keeper_return(keeper);
	return (rc == 0 ? MERGED_OK : MERGED_FAILED);
}

/* Let job store what was made, or see whether it might be stored. */
static void
prepare(struct change *change, bool is_made)
{
	struct store_change *store = &change->store;

	store->integration_id = change->was.integration_id;
	store->revision = change->was.revision;
	store->was = &change->was;
	store->save = &change->draft.save;
	store->is_same = !is_made || !change_is_one(change);
	store->lease_id = change->lease_id;
	store->ends_lease = is_made && change->lease_id != NULL &&
	    form_has(&change->patch, SAVE_AUTH_DATA);
	store->save->if_match = change->if_match;
	store->save->if_none_match = change->if_none_match;
}

/* Merge; keeper is for what is sealed alone. */
static void
make(struct change *change, struct keeper *keeper, uint32_t key_id)
{
	struct merged merged = { .was = &change->was,
	    .patch = &change->patch, .keeper = keeper,
	    .max_body = change->max_body, .changed = change->changed };

	merged_init(&merged);
	change->made = merged_make(&merged, &change->draft.form,
	    change->faults);
	if (change->made == MERGED_OK)
		change->made = fill(change, keeper, key_id);
	/* It reads from what is let go here. */
	change->draft.form = (struct form){ 0 };
	merged_fini(&merged);
	prepare(change, change->made == MERGED_OK);
}

enum merged_rc
change_merge(struct change *change, struct keeper *keeper, uint32_t key_id,
    struct faults *faults)
{
	change->faults = faults;
	make(change, keeper, key_id);
	return (change->made);
}

/* Once more, from the row as it is in this transaction. */
static enum store_rc
make_again(struct change *change, struct store *store)
{
	struct store_asker asker = change->store.asker;
	enum store_rc rc;

	faults_fini(change->faults);
	rc = change_read(change, store, &asker, change->id);
	/* From here on it is not what the row was read for. */
	change->is_again = true;
	if (rc != STORE_OK)
		return (rc);
	if (!room_take(change->room, change->arena.taken)) {
		arena_fini(&change->arena);
		return (STORE_LACKS);
	}
	make(change, NULL, 0);
	return (change->made == MERGED_FAILED ? STORE_ROW_FAILED :
	    store_change(store, &change->store));
}

static enum store_rc
run(struct store *store, void *cookie)
{
	struct change *change = cookie;
	enum store_rc rc = STORE_NOT_FOUND;

	if (change->first != NULL)
		rc = change->first(store, change->cookie);
	if (rc != STORE_NOT_FOUND)
		return (rc);
	/* What an earlier transaction has read was rolled back with it. */
	rc = change->is_again ? STORE_MOVED :
	    store_change(store, &change->store);
	if (rc == STORE_MOVED && !form_has(&change->patch, SAVE_AUTH_DATA))
		rc = make_again(change, store);
	if (rc != STORE_OK || change->made != MERGED_OK ||
	    change->then == NULL)
		return (rc);
	return (change->then(store, change->cookie));
}

bool
change_is_one(const struct change *change)
{
	size_t field;

	for (field = 0; field < SAVE_FIELDS; field++)
		if (change->changed[field])
			return (true);
	return (false);
}

void
change_trail(const struct change *change, struct trail *trail)
{
	size_t field;

	for (field = 0; field < SAVE_FIELDS; field++)
		if (change->changed[field])
			trail_field(trail, form_save_spec.fields[field].name);
}

struct integration
change_stored(const struct change *change)
{
	struct integration row = change->draft.save.stored;

	/* What a save does not know of the row that it finds. */
	if (!change->changed[SAVE_SCOPE_DATA])
		row.scope_data = change->was.scope_data;
	if (!change->changed[SAVE_AUTH_DATA])
		row.auth_print = change->was.auth_print;
	return (row);
}
