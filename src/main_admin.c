/*
 * strongroom: the operator's command line. One table of subcommands; global
 * options may stand before or after them.
 */
#include "config.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "admin.h"
#include "admin_json.h"
#include "app.h"
#include "log.h"
#include "secret.h"

/* What a subcommand takes beside the global options. */
enum takes { TAKES_NOTHING = 0, TAKES_USER = 1, TAKES_OWNER = 2,
    TAKES_ID = 4 };

struct command {
	const char *verb;
	const char *object;		/* NULL: the verb alone */
	unsigned takes;
	enum admin_rc (*run)(const struct admin *);
	const char *help;
};

static const struct command commands[] = {
	{ "init", NULL, TAKES_NOTHING, admin_init,
	    "init                             make key file and database" },
	{ "key", "create", TAKES_OWNER, admin_key_create,
	    "key create --user U [--name N] [--expires 90d]" },
	{ "key", "import", TAKES_OWNER, admin_key_import,
	    "key import --user U [--name N] [--expires 90d]   from stdin" },
	{ "key", "list", TAKES_NOTHING, admin_key_list, "key list" },
	{ "key", "revoke", TAKES_ID, admin_key_revoke, "key revoke ID" },
	{ "integration", "list", TAKES_USER, admin_integration_list,
	    "integration list [--user U]" },
	{ "integration", "show", TAKES_ID, admin_integration_show,
	    "integration show ID" },
	{ "integration", "reveal", TAKES_ID, admin_integration_reveal,
	    "integration reveal ID            open its auth_data" },
	{ "check", NULL, TAKES_NOTHING, admin_check,
	    "check                            is all that is stored whole?" },
	{ "version", NULL, TAKES_NOTHING, admin_version, "version" },
};

enum { COMMANDS = sizeof commands / sizeof commands[0], WORDS_MAX = 3 };

struct arguments {
	const char *config;
	const char *words[WORDS_MAX];
	size_t count;
	bool is_help;
};

static void
print_usage(FILE *to)
{
	size_t i;

	fputs("usage: strongroom [--config FILE] [--json] COMMAND\n", to);
	for (i = 0; i < COMMANDS; i++)
		fprintf(to, "  %s\n", commands[i].help);
}

enum admin_rc
admin_version(const struct admin *admin)
{
	struct json_out *out;
	int rc;

	if (!admin->is_json)
		return (puts(PACKAGE_STRING) == EOF ? ADMIN_FAILED :
		    ADMIN_DONE);
	out = json_out_object();
	json_out_text(out, "version", PACKAGE_VERSION);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

static bool
add_word(struct arguments *arguments, const char *word)
{
	if (arguments->count == WORDS_MAX)
		return (false);
	arguments->words[arguments->count++] = word;
	return (true);
}

/* Read options and words in any order; false: they make no sense. */
static bool
read_arguments(struct arguments *arguments, struct admin *admin, int argc,
    char **argv)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "user", required_argument, NULL, 'u' },
		{ "name", required_argument, NULL, 'n' },
		{ "expires", required_argument, NULL, 'e' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 }
	};
	bool is_good = true;
	int c;

	while (is_good &&
	    (c = getopt_long(argc, argv, "-", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			arguments->config = optarg;
			break;
		case 'j':
			admin->is_json = true;
			break;
		case 'u':
			admin->user = optarg;
			break;
		case 'n':
			admin->name = optarg;
			break;
		case 'e':
			admin->expires = optarg;
			break;
		case 'h':
			arguments->is_help = true;
			break;
		case 'v':
			is_good = add_word(arguments, "version");
			break;
		case 1:		/* "-": a word among the options */
			is_good = add_word(arguments, optarg);
			break;
		default:
			is_good = false;
		}
	}
	for (; is_good && optind < argc; optind++)
		is_good = add_word(arguments, argv[optind]);
	return (is_good);
}

/* The subcommand that the words name and whose arguments fit, or NULL. */
static const struct command *
find_command(const struct arguments *arguments, struct admin *admin)
{
	const struct command *command;
	size_t i, used;

	for (i = 0; i < COMMANDS; i++) {
		command = &commands[i];
		used = command->object == NULL ? 1 : 2;
		if (arguments->count < used ||
		    strcmp(arguments->words[0], command->verb) != 0 ||
		    (used == 2 &&
		    strcmp(arguments->words[1], command->object) != 0))
			continue;
		if (arguments->count != used + !!(command->takes & TAKES_ID))
			return (NULL);
		if ((admin->user != NULL && !(command->takes &
		    (TAKES_USER | TAKES_OWNER))) || ((admin->name != NULL ||
		    admin->expires != NULL) &&
		    !(command->takes & TAKES_OWNER)))
			return (NULL);
		if (command->takes & TAKES_ID)
			admin->id = arguments->words[used];
		return (command);
	}
	return (NULL);
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { 0 };
	struct admin admin = { 0 };
	const struct command *command;
	enum admin_rc rc = ADMIN_FAILED;

	if (!read_arguments(&arguments, &admin, argc, argv)) {
		print_usage(stderr);
		return (ADMIN_USAGE);
	}
	if (arguments.is_help) {
		print_usage(stdout);
		return (ADMIN_DONE);
	}
	if ((command = find_command(&arguments, &admin)) == NULL) {
		print_usage(stderr);
		return (ADMIN_USAGE);
	}
	if (command->run == admin_version)
		return (admin_version(&admin));
	if (conf_load(&admin.conf, arguments.config) == -1)
		return (EX_CONFIG);
	log_open((enum log_format)admin.conf.log_format, LOG_LEVEL_INFO);
	admin.store = app_store_conf(&admin.conf);
	if (secret_init() == 0 && admin_become_owner(admin.conf.database))
		rc = command->run(&admin);
	conf_fini(&admin.conf);
	return (rc);
}
