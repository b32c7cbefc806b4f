/*
 * strongroom: the operator's command line. One table of subcommands; global
 * options may stand before or after them.
 */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>

#include "admin/admin.h"
#include "admin/admin_args.h"
#include "admin/admin_json.h"
#include "service/app.h"
#include "ground/log.h"
#include "secrets/secret.h"

static const struct command commands[] = {
	{ "init", NULL, TAKES_NOTHING, admin_init,
	    "init                             make key file and database" },
	{ "key", "create", TAKES_USER | TAKES_NAME | TAKES_EXPIRES,
	    admin_key_create,
	    "key create --user U [--name N] [--expires 90d]" },
	{ "key", "import", TAKES_USER | TAKES_NAME | TAKES_EXPIRES,
	    admin_key_import,
	    "key import --user U [--name N] [--expires 90d]   from stdin" },
	{ "key", "list", TAKES_NOTHING, admin_key_list, "key list" },
	{ "key", "revoke", TAKES_ID, admin_key_revoke, "key revoke ID" },
	{ "integration", "list", TAKES_USER, admin_integration_list,
	    "integration list [--user U]" },
	{ "integration", "show", TAKES_ID, admin_integration_show,
	    "integration show ID" },
	{ "integration", "reveal", TAKES_ID, admin_integration_reveal,
	    "integration reveal ID            open its auth_data" },
	{ "import", NULL, TAKES_USER | TAKES_IDENTITY, admin_import,
	    "import [--user U] [--identity FILE]      lines of JSON from stdin" },
	{ "export", NULL, TAKES_USER | TAKES_RECIPIENT | TAKES_IN_CLEAR,
	    admin_export,
	    "export [--user U] (--recipient PUBLIC-KEY | --in-clear)   to stdout" },
	{ "recipient", "create", TAKES_FILE, admin_recipient_create,
	    "recipient create FILE            make a key pair to export to" },
	{ "master-key", "rotate", TAKES_NOTHING, admin_master_key_rotate,
	    "master-key rotate                seal all boxes with a new key" },
	{ "master-key", "status", TAKES_NOTHING, admin_master_key_status,
	    "master-key status" },
	{ "master-key", "retire", TAKES_ID, admin_master_key_retire,
	    "master-key retire ID             drop a key without boxes" },
	{ "migrate", NULL, TAKES_NOTHING, admin_migrate,
	    "migrate                          bring the database up to date" },
	{ "check", NULL, TAKES_NOTHING, admin_check,
	    "check                            is all that is stored whole?" },
	{ "backup", NULL, TAKES_FILE, admin_backup,
	    "backup FILE                      copy the database in use" },
	{ "restore", NULL, TAKES_FILE | TAKES_TO, admin_restore,
	    "restore FILE [--to PATH]         a database from such a copy" },
	{ "doctor", NULL, TAKES_SET_UP | TAKES_NO_CONF, admin_doctor,
	    "doctor [--socket PATH] [--web-user U] [--document-root DIR]" },
	{ "version", NULL, TAKES_NO_CONF, admin_version, "version" },
};

enum admin_rc
admin_version(const struct admin *admin)
{
	struct json_out *out;
	int rc;

	if (!admin->is_json)
		return (puts(PACKAGE_STRING) == EOF || fflush(stdout) == EOF ?
		    ADMIN_FAILED : ADMIN_DONE);
	out = json_out_object();
	json_out_text(out, "version", PACKAGE_VERSION);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

int
main(int argc, char **argv)
{
	struct admin admin = { 0 };
	const struct command *command;
	enum admin_rc rc = ADMIN_FAILED;

	command = admin_args_read(&admin, commands,
	    sizeof commands / sizeof commands[0], argc, argv, &rc);
	if (command == NULL)
		return (rc);
	if (command->takes & TAKES_NO_CONF)
		return (command->run(&admin));
	if (conf_load(&admin.conf, admin.config) == -1)
		return (EX_CONFIG);
	log_open((enum log_format)admin.conf.log_format, LOG_LEVEL_INFO);
	admin.store = app_store_conf(&admin.conf);
	if (secret_init() == 0 && admin_become_owner(admin.conf.database))
		rc = command->run(&admin);
	conf_fini(&admin.conf);
	return (rc);
}
