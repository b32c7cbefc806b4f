/*
 * From a checked form to a row. Refuses to know where the form came from and
 * what becomes of the row.
 */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "body/draft.h"
#include "body/json.h"
#include "ground/log.h"
#include "secrets/vault.h"

/* For a name or identifier, or what metadata gains by its defaults. */
enum { TEXT_ROOM = 8192 };

void
draft_init(struct draft *draft, size_t max_body)
{
	*draft = (struct draft){ 0 };
	buf_init(&draft->name, TEXT_ROOM);
	buf_init(&draft->identifier, TEXT_ROOM);
	buf_init(&draft->metadata, max_body + TEXT_ROOM);
	buf_init(&draft->scope_data, max_body + 1);
	buf_init(&draft->org_slug, max_body + 1);
	buf_init(&draft->workspace_id, max_body + 1);
	buf_init(&draft->box, max_body + max_body / 8 + TEXT_ROOM);
}

void
draft_fini(struct draft *draft)
{
	buf_fini(&draft->name);
	buf_fini(&draft->identifier);
	buf_fini(&draft->metadata);
	buf_fini(&draft->scope_data);
	buf_fini(&draft->org_slug);
	buf_fini(&draft->workspace_id);
	buf_fini(&draft->box);
	free(draft->save.kept_metadata);
	draft->save.kept_metadata = NULL;
}

/* The identifier that was sent, or <integration_type>-<integration_id>. */
static void
settle_identifier(struct draft *draft)
{
	struct store_save *save = &draft->save;

	save->is_generated = !form_has_text(&draft->form,
	    SAVE_UNIQUE_IDENTIFIER);
	if (save->is_generated) {
		buf_puts(&draft->identifier, save->row.integration_type);
		buf_putc(&draft->identifier, '-');
		buf_puts(&draft->identifier, draft->id);
	} else {
		json_decode(draft->form.doc,
		    draft->form.at[SAVE_UNIQUE_IDENTIFIER],
		    &draft->identifier);
	}
	save->row.unique_identifier = buf_text(&draft->identifier);
}

/* scope_data, and what lists look for in it. */
static int
take_scope(struct draft *draft)
{
	const struct form *form = &draft->form;
	struct integration *row = &draft->save.row;
	const char *text;
	size_t len;

	if (!form_is_set(form, SAVE_SCOPE_DATA))
		return (0);
	text = form_save_object(form, SAVE_SCOPE_DATA, &len);
	buf_put(&draft->scope_data, text, len);
	row->scope_data = buf_text(&draft->scope_data);
	if (form_save_scope(form, SAVE_ORG_SLUG, &draft->org_slug))
		row->org_slug = buf_text(&draft->org_slug);
	if (form_save_scope(form, SAVE_WORKSPACE_ID, &draft->workspace_id))
		row->workspace_id = buf_text(&draft->workspace_id);
	return (draft->scope_data.failed || draft->org_slug.failed ||
	    draft->workspace_id.failed ? -1 : 0);
}

/* Who, what and when. */
static int
name_row(struct draft *draft, const char *created_by,
    const char *integration_id)
{
	struct integration *row = &draft->save.row;
	int64_t now_us = ident_now_us();

	if (integration_id != NULL) {
		memcpy(draft->id, integration_id, sizeof draft->id);
	} else if (ident_uuid7(draft->id, now_us) == -1) {
		log_error("the system gives no random bytes");
		return (-1);
	}
	ident_time(draft->now, now_us);
	row->integration_id = draft->id;
	row->created_at = row->updated_at = draft->now;
	row->created_by = created_by;
	return (0);
}

int
draft_fill(struct draft *draft, const char *created_by,
    const char *integration_id)
{
	const struct form *form = &draft->form;
	struct store_save *save = &draft->save;
	struct integration *row = &save->row;
	int64_t expires_us;

	if (name_row(draft, created_by, integration_id) == -1)
		return (-1);
	row->integration_type = form_save_type(form);
	row->status = form_save_status(form);
	row->active = form_save_active(form);
	row->has_auth_data = form_has_text(form, SAVE_ACCESS_TOKEN);
	row->has_scope_data = form_save_has_scope(form);
	save->status_given = form_has(form, SAVE_STATUS);
	save->active_given = form_has(form, SAVE_ACTIVE);
	save->auth_data_given = form_has(form, SAVE_AUTH_DATA);
	save->scope_data_given = form_has(form, SAVE_SCOPE_DATA);
	save->metadata_given = form_has(form, SAVE_METADATA);
	json_decode(form->doc, form->at[SAVE_NAME], &draft->name);
	row->name = buf_text(&draft->name);
	form_save_metadata(form, &draft->metadata);
	row->metadata = buf_text(&draft->metadata);
	if (form_save_expires(form, &expires_us)) {
		ident_time(draft->expires_at, expires_us);
		row->expires_at = draft->expires_at;
	}
	settle_identifier(draft);
	if (take_scope(draft) == 0 && row->name != NULL &&
	    row->metadata != NULL && row->unique_identifier != NULL)
		return (0);
	log_error("out of memory while saving");
	return (-1);
}

int
draft_seal(struct draft *draft, const struct keyring *keyring)
{
	struct integration *row = &draft->save.row;
	struct vault_row owner = { row->created_by, row->unique_identifier };
	const char *auth_data;
	size_t len;

	if (!form_is_set(&draft->form, SAVE_AUTH_DATA))
		return (0);
	auth_data = form_save_object(&draft->form, SAVE_AUTH_DATA, &len);
	buf_reset(&draft->box, draft->box.cap);
	if (vault_seal(keyring, &owner, auth_data, len, &draft->box) == -1)
		return (-1);
	print_make(draft->print, keyring, &owner, auth_data, len);
	row->auth_data = draft->box.data;
	row->auth_data_len = draft->box.len;
	row->auth_print = draft->print;
	return (0);
}
