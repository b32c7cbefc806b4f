#ifndef DRAFT_H
#define DRAFT_H

#include "body/form_save.h"
#include "ground/buf.h"
#include "ground/ident.h"
#include "secrets/keyring.h"
#include "secrets/print.h"
#include "store/store.h"

/*
 * A row in the making: what a checked form and its owner come to. save points
 * into the rest, so a draft stays where it is.
 */
struct draft {
	struct form form;
	char id[IDENT_UUID_LEN + 1];
	char now[IDENT_TIME_LEN + 1];
	struct buf name;
	struct buf identifier;
	struct buf metadata;
	struct buf scope_data;
	struct buf org_slug;
	struct buf workspace_id;
	struct buf box;
	char expires_at[IDENT_TIME_LEN + 1];
	unsigned char print[PRINT_LEN];
	struct store_save save;
};

/* For forms of bodies up to max_body bytes. draft_fini wipes and releases. */
void draft_init(struct draft *draft, size_t max_body);
void draft_fini(struct draft *draft);

/*
 * Make save of draft->form, which has no faults: a fresh integration_id, this
 * moment, the owner (borrowed), all but the box. integration_id, where it is
 * not NULL, is the one to bear. Returns 0, or -1 with the reason logged.
 */
int draft_fill(struct draft *draft, const char *created_by,
    const char *integration_id) __attribute__((warn_unused_result));

/*
 * Seal auth_data, if it was given, with the key in use. Returns 0, or -1 with
 * the reason logged.
 */
int draft_seal(struct draft *draft, const struct keyring *keyring)
    __attribute__((warn_unused_result));

#endif
