#ifndef ADMIN_H
#define ADMIN_H

#include <stdbool.h>

#include "ground/conf.h"
#include "secrets/keeper.h"
#include "store/store.h"

/* The operator's command line; exit codes as strongroom(8) lists them. */
enum admin_rc {
	ADMIN_DONE = 0,
	ADMIN_FAILED = 1,
	ADMIN_USAGE = 2,
	ADMIN_NOT_FOUND = 3,
	ADMIN_OTHER_KEY = 65,		/* not the one it was sealed with */
	ADMIN_KEY_FILE = 77,		/* missing, or refused */
	ADMIN_CONFIGURATION = 78
};

/* What a subcommand is given. */
struct admin {
	struct conf conf;
	struct store_conf store;
	bool is_json;
	const char *config;		/* --config, or NULL */
	const char *user;		/* --user, or NULL */
	const char *name;		/* --name, or NULL */
	const char *expires;		/* --expires, or NULL */
	const char *scopes;		/* --scopes, or NULL */
	const char *types;		/* --types, or NULL */
	const char *overlap;		/* --overlap, or NULL */
	const char *from;		/* --from, or NULL */
	const char *to;			/* --to, or NULL */
	const char *identity;		/* --identity, or NULL */
	const char *recipient;		/* --recipient, or NULL */
	const char *in_clear;		/* --in-clear: empty, or NULL */
	const char *socket;		/* --socket, or NULL */
	const char *web_user;		/* --web-user, or NULL */
	const char *document_root;	/* --document-root, or NULL */
	const char *type;		/* --type, or NULL, and so on */
	const char *status;
	const char *active;
	const char *identifier;
	const char *org_slug;
	const char *workspace_id;
	const char *tag;
	const char *q;
	const char *expires_before;
	const char *token_state;
	const char *id;			/* the one argument, or NULL */
	const char *file;		/* the same, where it is a path */
};

/*
 * Open the database, and the key file that fits it, as a subcommand needs
 * them; what is NULL is not asked for. Returns ADMIN_DONE, or the exit
 * code, with the reason logged and nothing to release.
 */
enum admin_rc admin_open(const struct admin *admin, enum store_mode mode,
    struct store **store, struct keeper **keeper)
    __attribute__((warn_unused_result));

/*
 * As store_begin, with the time-out of the configuration, or times as long;
 * busy is logged.
 */
enum store_rc admin_begin(const struct admin *admin, struct store *store)
    __attribute__((warn_unused_result));
enum store_rc admin_begin_patiently(const struct admin *admin,
    struct store *store, int times) __attribute__((warn_unused_result));

/*
 * As root, become the owner of the data directory: what root creates there
 * would be out of the service's reach. Returns false with the reason logged.
 */
bool admin_become_owner(const char *database)
    __attribute__((warn_unused_result));

/*
 * Make the directory of path, mode 0700, and those above it, 0755, where they
 * are missing; their names are on the disk then. Returns false with the reason
 * logged.
 */
bool admin_make_directory(const char *path) __attribute__((warn_unused_result));

/*
 * The same as root, for the owner of the data directory, before he is become:
 * only where nobody but root could, so the directories above are root's. What
 * he can make himself is left to him.
 */
bool admin_give_directory(const char *path, const char *database)
    __attribute__((warn_unused_result));

/* How many bytes a control character at text takes (C0, DEL, C1), or 0. */
size_t admin_control(const char *text);

/* Whether a user or a note is 1 to 255 characters of UTF-8, none of control. */
bool admin_is_name(const char *name) __attribute__((warn_unused_result));

/*
 * See that all that was printed has arrived on standard output. Returns false
 * with the reason logged, and what is left of it forgotten. To be called behind
 * a failure, or when all is printed; main calls it at the end.
 */
bool admin_flush(void) __attribute__((warn_unused_result));

/*
 * Print bytes as they are; a line's end is added for a terminal only. Returns
 * 0, or -1, logged.
 */
int admin_print_bytes(const char *bytes, size_t len)
    __attribute__((warn_unused_result));

/* The subcommands. */
enum admin_rc admin_init(const struct admin *admin);
enum admin_rc admin_key_create(const struct admin *admin);
enum admin_rc admin_key_import(const struct admin *admin);
enum admin_rc admin_key_rotate(const struct admin *admin);
enum admin_rc admin_audit_list(const struct admin *admin);
enum admin_rc admin_audit_export(const struct admin *admin);
enum admin_rc admin_audit_head(const struct admin *admin);
enum admin_rc admin_audit_verify(const struct admin *admin);
enum admin_rc admin_audit_prune(const struct admin *admin);
enum admin_rc admin_user_erase(const struct admin *admin);
enum admin_rc admin_key_list(const struct admin *admin);
enum admin_rc admin_key_revoke(const struct admin *admin);
enum admin_rc admin_integration_list(const struct admin *admin);
enum admin_rc admin_integration_show(const struct admin *admin);
enum admin_rc admin_integration_reveal(const struct admin *admin);
enum admin_rc admin_integration_edit(const struct admin *admin);
enum admin_rc admin_integration_delete(const struct admin *admin);
enum admin_rc admin_export(const struct admin *admin);
enum admin_rc admin_import(const struct admin *admin);
enum admin_rc admin_recipient_create(const struct admin *admin);
enum admin_rc admin_recipient_public_key(const struct admin *admin);
enum admin_rc admin_recipient_open(const struct admin *admin);
enum admin_rc admin_master_key_rotate(const struct admin *admin);
enum admin_rc admin_master_key_status(const struct admin *admin);
enum admin_rc admin_master_key_retire(const struct admin *admin);
enum admin_rc admin_move(const struct admin *admin);
enum admin_rc admin_migrate(const struct admin *admin);
enum admin_rc admin_check(const struct admin *admin);
enum admin_rc admin_backup(const struct admin *admin);
enum admin_rc admin_restore(const struct admin *admin);
enum admin_rc admin_doctor(const struct admin *admin);
enum admin_rc admin_version(const struct admin *admin);

#endif
