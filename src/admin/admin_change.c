/*
 * strongroom integration edit and delete: what a request could do, by the
 * operator, for any owner; with its row in the audit, as a request has.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "admin/admin_trail.h"
#include "body/change.h"
#include "ground/log.h"
#include "ground/words.h"

enum {
	TRIES = 4,			/* while others change the same row */
	PIECE = 65536,
	OWNER_ROOM = 2048,
	WHY_ROOM = 1 << 20
};

/* What both have: the database, and whose row it is. */
struct desk {
	const struct admin *admin;
	struct store *store;
	struct keeper *keeper;
	struct chain *chain;
	struct trail trail;
	struct buf owner;
	char id[IDENT_UUID_LEN + 1];	/* in lower case; empty: it is none */
	char request_id[IDENT_UUID_LEN + 1];
};

static enum admin_rc
nothing(const struct desk *desk)
{
	log_error("there is no integration %s", desk->admin->id);
	return (ADMIN_NOT_FOUND);
}

/* Find the owner, without whom nothing is changed. */
static enum admin_rc
find_owner(struct desk *desk)
{
	struct arena arena = { 0 };
	struct integration row;
	enum store_rc rc;

	rc = store_operator_find(desk->store, desk->id, 0, &arena, &row);
	if (rc == STORE_OK)
		buf_puts(&desk->owner, row.created_by);
	arena_fini(&arena);
	if (rc == STORE_NOT_FOUND)
		return (nothing(desk));
	return (rc == STORE_OK && buf_text(&desk->owner) != NULL ?
	    ADMIN_DONE : ADMIN_FAILED);
}

static enum admin_rc
desk_open(struct desk *desk, const struct admin *admin)
{
	enum admin_rc opened;

	*desk = (struct desk){ .admin = admin };
	buf_init(&desk->owner, OWNER_ROOM);
	opened = admin_open(admin, STORE_WRITE, &desk->store, &desk->keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	if ((desk->chain = chain_new(desk->keeper)) == NULL)
		return (ADMIN_FAILED);
	(void)ident_read_uuid(desk->id, admin->id, strlen(admin->id));
	return (find_owner(desk));
}

static void
desk_close(struct desk *desk)
{
	trail_fini(&desk->trail);
	buf_fini(&desk->owner);
	chain_free(desk->chain);
	store_close(desk->store);
	keeper_close(desk->keeper);
}

static struct store_asker
asker_of(const struct desk *desk)
{
	return ((struct store_asker){ desk->owner.data, WORDS_ALL });
}

/* Begin the row of the audit; the caller adds to it, and ends it. */
static int
begin_trail(struct desk *desk, const char *action)
{
	trail_fini(&desk->trail);
	if (admin_trail(&desk->trail, desk->chain, action, desk->request_id,
	    desk->owner.data) == -1)
		return (-1);
	desk->trail.entry.integration_id = desk->id;
	return (0);
}

/* A job in a transaction of its own. */
static enum store_rc
commit(const struct desk *desk,
    enum store_rc (*run)(struct store *store, void *cookie), void *cookie)
{
	enum store_rc rc = admin_begin(desk->admin, desk->store);

	if (rc != STORE_OK)
		return (rc);
	if ((rc = run(desk->store, cookie)) == STORE_OK)
		return (store_commit(desk->store));
	store_rollback(desk->store);
	return (rc);
}

/* An edit under way. */
struct edit {
	struct desk desk;
	struct change change;
	struct buf body;
	struct json_doc doc;
	struct faults faults;
};

/* In the transaction of an edit that has gone well. */
static enum store_rc
add_trail(struct store *store, void *cookie)
{
	struct edit *edit = cookie;
	struct desk *desk = &edit->desk;

	if (!change_is_one(&edit->change))
		return (STORE_OK);
	if (begin_trail(desk, "change") == -1)
		return (STORE_UNAVAILABLE);
	change_trail(&edit->change, &desk->trail);
	if (trail_end(&desk->trail) == -1)
		return (STORE_UNAVAILABLE);
	return (store_audit_add(store, &desk->trail.entry));
}

/* All of standard input, as a body is read. */
static int
read_input(struct buf *body)
{
	char piece[PIECE];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof piece)) > 0 ||
	    (n == -1 && errno == EINTR)) {
		if (n > 0)
			buf_put(body, piece, (size_t)n);
	}
	explicit_bzero(piece, sizeof piece);
	if (n == -1)
		log_error("standard input cannot be read: %s",
		    strerror(errno));
	else if (body->failed)
		log_error("the patch is longer than max_body, or memory is "
		    "short");
	return (n == -1 || body->failed ? -1 : 0);
}

static enum admin_rc
refuse(const struct edit *edit)
{
	struct buf why;

	buf_init(&why, WHY_ROOM);
	faults_write(&edit->faults, &why);
	log_error("the patch is refused: %s", buf_text(&why) != NULL ?
	    why.data : "memory is short");
	buf_fini(&why);
	return (ADMIN_FAILED);
}

static enum admin_rc
refuse_for(struct edit *edit, struct fault fault)
{
	faults_add(&edit->faults, fault);
	return (refuse(edit));
}

static enum admin_rc
read_patch(struct edit *edit)
{
	if (read_input(&edit->body) == -1)
		return (ADMIN_FAILED);
	switch (json_check(&edit->doc, edit->body.data, edit->body.len)) {
	case JSON_OK:
		break;
	case JSON_NOMEM:
		log_error("out of memory while reading a patch");
		return (ADMIN_FAILED);
	case JSON_FAULT:
		return (refuse_for(edit, (struct fault){ .kind = FAULT_JSON,
		    .index = (long)edit->doc.fault_at,
		    .expected = edit->doc.expected }));
	}
	if (edit->doc.node[0].type != JSON_OBJECT)
		return (refuse_for(edit, (struct fault){
		    .kind = FAULT_OBJECT, .index = -1 }));
	return (ADMIN_DONE);
}

/* Read the row, and see that the patch is one for it. */
static enum admin_rc
look(struct edit *edit)
{
	struct store_asker asker = asker_of(&edit->desk);
	struct form_change form;
	enum store_rc rc;

	rc = change_read(&edit->change, edit->desk.store, &asker,
	    edit->desk.id);
	if (rc == STORE_NOT_FOUND)
		return (nothing(&edit->desk));
	if (rc != STORE_OK)
		return (ADMIN_FAILED);
	form_change_init(&form, &edit->change.was);
	form_read(&edit->change.patch, &form.spec, &edit->doc, &edit->faults);
	return (edit->faults.count > 0 || edit->faults.failed ?
	    refuse(edit) : ADMIN_DONE);
}

/* Why a patch that is good by itself cannot be stored. */
static enum admin_rc
explain(struct edit *edit)
{
	switch (edit->change.made) {
	case MERGED_OK:
		return (ADMIN_DONE);
	case MERGED_REFUSED:
		return (refuse(edit));
	case MERGED_TOO_LARGE:
		log_error("what the patch makes of the integration is longer "
		    "than max_body");
		return (ADMIN_FAILED);
	case MERGED_FAILED:
		break;
	}
	return (ADMIN_FAILED);
}

static enum admin_rc
merge(struct edit *edit)
{
	(void)!change_merge(&edit->change, edit->desk.keeper,
	    store_active_key(edit->desk.store), &edit->faults);
	edit->change.then = add_trail;
	edit->change.cookie = edit;
	return (explain(edit));
}

/* What has changed, for people or for programs. */
static enum admin_rc
tell(const struct edit *edit)
{
	const struct integration row = change_stored(&edit->change);
	const char *names[SAVE_FIELDS + 1] = { NULL };
	char text[WORDS_TEXT_MAX];
	struct json_out *out;
	unsigned set = 0;
	size_t i;
	int rc;

	for (i = 0; i < SAVE_FIELDS; i++) {
		names[i] = form_save_spec.fields[i].name;
		set |= edit->change.changed[i] ? 1U << i : 0;
	}
	if (!edit->desk.admin->is_json) {
		words_write(text, names, set);
		return (printf("revision %lld: %s\n", (long long)row.revision,
		    set != 0 ? text : "nothing is changed") > 0 ? ADMIN_DONE :
		    ADMIN_FAILED);
	}
	out = json_out_object();
	json_out_text(out, "integration_id", row.integration_id);
	json_out_number(out, "revision", (long)row.revision);
	json_out_words(out, "changed", names, set);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

/* One try; *is_over: there is to be no other. */
static enum admin_rc
try_once(struct edit *edit, bool *is_over)
{
	enum admin_rc result;

	*is_over = true;
	if ((result = look(edit)) != ADMIN_DONE ||
	    (result = merge(edit)) != ADMIN_DONE)
		return (result);
	switch (commit(&edit->desk, edit->change.job.run, &edit->change)) {
	case STORE_OK:
		return (edit->change.made == MERGED_OK ? tell(edit) :
		    explain(edit));
	case STORE_NOT_FOUND:
		return (nothing(&edit->desk));
	case STORE_SEAL_AGAIN:
		edit->change.old_key_will_do = true;
		/* FALLTHROUGH */
	case STORE_MOVED:
		*is_over = false;
		return (ADMIN_FAILED);
	default:
		return (ADMIN_FAILED);
	}
}

enum admin_rc
admin_integration_edit(const struct admin *admin)
{
	struct edit edit = { .body = { .max = 0 } };
	enum admin_rc result;
	bool is_over = true;
	int i;

	change_init(&edit.change, admin->conf.max_body);
	buf_init(&edit.body, admin->conf.max_body);
	result = desk_open(&edit.desk, admin);
	if (result == ADMIN_DONE)
		result = read_patch(&edit);
	if (result == ADMIN_DONE) {
		for (i = 0; i == 0 || (!is_over && i < TRIES); i++)
			result = try_once(&edit, &is_over);
		if (!is_over)
			log_error("others change the same integration, or its "
			    "master key, all the time: try again");
	}
	change_fini(&edit.change);
	buf_fini(&edit.body);
	json_doc_fini(&edit.doc);
	faults_fini(&edit.faults);
	desk_close(&edit.desk);
	return (result);
}

/* A deletion under way. */
struct removal {
	struct desk desk;
	struct store_deletion deletion;
};

static enum store_rc
run_removal(struct store *store, void *cookie)
{
	struct removal *removal = cookie;
	enum store_rc rc = store_delete(store, &removal->deletion);

	return (rc == STORE_OK ?
	    store_audit_add(store, &removal->desk.trail.entry) : rc);
}

enum admin_rc
admin_integration_delete(const struct admin *admin)
{
	struct removal removal = { .deletion = { .if_match = { .count = 0 } } };
	struct desk *desk = &removal.desk;
	enum admin_rc result;

	if ((result = desk_open(desk, admin)) != ADMIN_DONE)
		goto done;
	result = ADMIN_FAILED;
	removal.deletion.asker = asker_of(desk);
	removal.deletion.integration_id = desk->id;
	if (begin_trail(desk, "delete") == -1 ||
	    trail_end(&desk->trail) == -1)
		goto done;
	switch (commit(desk, run_removal, &removal)) {
	case STORE_OK:
		result = ADMIN_DONE;
		break;
	case STORE_NOT_FOUND:
		result = nothing(desk);
		break;
	default:
		break;
	}
done:
	arena_fini(&removal.deletion.arena);
	desk_close(desk);
	return (result);
}
