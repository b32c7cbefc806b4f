/*
 * strongroom: the operator's command line. One table of subcommands; global
 * options may stand before or after them.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_args.h"
#include "admin/admin_json.h"
#include "ground/log.h"
#include "ground/signals.h"
#include "secrets/secret.h"
#include "service/app.h"

static const struct command commands[] = {
	{ "init", NULL, TAKES_RIGHTS, admin_init,
	    "init                             make key file and database" },
	{ "key", "create", TAKES_KEY, admin_key_create,
	    "key create --user U [--name N] [--expires 90d]\n"
	    "             [--scopes save,read,...] [--types github,...]" },
	{ "key", "import", TAKES_KEY, admin_key_import,
	    "key import --user U [as key create]   from stdin" },
	{ "key", "list", TAKES_NOTHING, admin_key_list, "key list" },
	{ "key", "rotate", TAKES_ID | TAKES_OVERLAP, admin_key_rotate,
	    "key rotate ID [--overlap 1d]     a new key in another's place" },
	{ "key", "revoke", TAKES_ID, admin_key_revoke, "key revoke ID" },
	{ "integration", "list", TAKES_USER | TAKES_FILTER,
	    admin_integration_list,
	    "integration list [--user U] [--type T] [--status S]\n"
	    "             [--active yes|no] [--identifier I] [--org-slug O]\n"
	    "             [--workspace-id W] [--tag T] [--q PART-OF-NAME]\n"
	    "             [--expires-before TIME]\n"
	    "             [--token-state valid|expiring|expired|unknown]" },
	{ "integration", "show", TAKES_ID, admin_integration_show,
	    "integration show ID" },
	{ "integration", "reveal", TAKES_ID, admin_integration_reveal,
	    "integration reveal ID            open its auth_data" },
	{ "integration", "edit", TAKES_ID, admin_integration_edit,
	    "integration edit ID              by a merge patch from stdin" },
	{ "integration", "delete", TAKES_ID, admin_integration_delete,
	    "integration delete ID" },
	{ "import", NULL, TAKES_USER | TAKES_IDENTITY | TAKES_RIGHTS,
	    admin_import,
	    "import [--user U] [--identity FILE]\n"
	    "                                 lines of JSON from stdin" },
	{ "export", NULL, TAKES_USER | TAKES_RECIPIENT | TAKES_IN_CLEAR,
	    admin_export,
	    "export [--user U] (--recipient PUBLIC-KEY | --in-clear)\n"
	    "                                 lines of JSON to stdout" },
	{ "recipient", "create", TAKES_FILE | TAKES_NO_CONF,
	    admin_recipient_create,
	    "recipient create FILE            make a key pair to export to" },
	{ "recipient", "public-key", TAKES_FILE | TAKES_NO_CONF,
	    admin_recipient_public_key,
	    "recipient public-key FILE        ... and to reveal to" },
	{ "recipient", "open", TAKES_FILE | TAKES_NO_CONF,
	    admin_recipient_open,
	    "recipient open FILE              a sealed reveal from stdin" },
	{ "master-key", "rotate", TAKES_NOTHING, admin_master_key_rotate,
	    "master-key rotate                seal all boxes with a new key" },
	{ "master-key", "status", TAKES_NOTHING, admin_master_key_status,
	    "master-key status" },
	{ "master-key", "retire", TAKES_ID, admin_master_key_retire,
	    "master-key retire ID             drop a key without boxes" },
	{ "audit", "list", TAKES_USER, admin_audit_list,
	    "audit list [--user U]            who has done what" },
	{ "audit", "verify", TAKES_FROM, admin_audit_verify,
	    "audit verify [--from SEQ:HASH]   is it what was written?" },
	{ "audit", "head", TAKES_NOTHING, admin_audit_head,
	    "audit head                       SEQ:HASH of its last row" },
	{ "audit", "export", TAKES_USER, admin_audit_export,
	    "audit export [--user U]          as lines of JSON, with hashes" },
	{ "audit", "prune", TAKES_NOTHING, admin_audit_prune,
	    "audit prune                      what is older than audit_days" },
	{ "user", "erase", TAKES_ID, admin_user_erase,
	    "user erase USER                  with all that is USER's" },
	{ "migrate", NULL, TAKES_NOTHING, admin_migrate,
	    "migrate                          bring the database up to date" },
	{ "move", NULL, TAKES_TO, admin_move,
	    "move --to postgresql://...       all that is stored to a server" },
	{ "check", NULL, TAKES_NOTHING, admin_check,
	    "check                            is all that is stored whole?" },
	{ "backup", NULL, TAKES_FILE, admin_backup,
	    "backup FILE|-                    copy the database in use" },
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
		return (puts(PACKAGE_STRING) != EOF ? ADMIN_DONE :
		    ADMIN_FAILED);
	out = json_out_object();
	json_out_text(out, "version", PACKAGE_VERSION);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

/*
 * Descriptors 0 to 2 must be open, so that no file of ours becomes one: a key
 * would be printed into it. From one that was closed nothing can be read, and
 * nothing be written to it.
 */
static int
fill_descriptors(void)
{
	static const int modes[] = { O_WRONLY, O_RDONLY, O_RDWR };
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", modes[fd]) != fd)
			return (-1);
	return (0);
}

static enum admin_rc
run(const struct command *command, struct admin *admin)
{
	enum admin_rc rc = ADMIN_FAILED;

	if (admin->user != NULL && !admin_is_name(admin->user)) {
		log_error("--user must be of 1 to 255 characters of UTF-8 "
		    "without control characters");
		return (ADMIN_USAGE);
	}
	if (command->takes & TAKES_NO_CONF)
		return (command->run(admin));
	if (conf_load(&admin->conf, admin->config) == -1)
		return (ADMIN_CONFIGURATION);
	log_open((enum log_format)admin->conf.log_format, LOG_LEVEL_INFO);
	conf_warn();
	admin->store = app_store_conf(&admin->conf);
	if (secret_init() == 0 && ((command->takes & TAKES_RIGHTS) != 0 ||
	    admin_become_owner(conf_home(&admin->conf))))
		rc = command->run(admin);
	conf_fini(&admin->conf);
	return (rc);
}

int
main(int argc, char **argv)
{
	struct admin admin = { 0 };
	const struct command *command;
	enum admin_rc rc = ADMIN_FAILED;

	signals_init();
	if (fill_descriptors() == -1)
		return (rc);
	log_people("strongroom");
	command = admin_args_read(&admin, commands,
	    sizeof commands / sizeof commands[0], argc, argv, &rc);
	if (command != NULL)
		rc = run(command, &admin);
	if (!admin_flush() && rc == ADMIN_DONE)
		rc = ADMIN_FAILED;
	return (rc);
}
