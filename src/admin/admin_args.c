/*
 * The words of the command line: options and subcommands, from tables. Knows
 * what each is called and takes, not what it does.
 */
#include "config.h"

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin_args.h"
#include "ground/log.h"

#define AT(member) offsetof(struct admin, member)

/* What sets a text; the text of an option without a value is empty. */
static const struct {
	const char *name;
	unsigned takes;			/* 0: every command */
	size_t offset;			/* of its text in struct admin */
	int has_arg;
} options[] = {
	{ "config", 0, AT(config), required_argument },
	{ "user", TAKES_USER, AT(user), required_argument },
	{ "name", TAKES_NAME, AT(name), required_argument },
	{ "expires", TAKES_EXPIRES, AT(expires), required_argument },
	{ "scopes", TAKES_SCOPES, AT(scopes), required_argument },
	{ "types", TAKES_SCOPES, AT(types), required_argument },
	{ "overlap", TAKES_OVERLAP, AT(overlap), required_argument },
	{ "from", TAKES_FROM, AT(from), required_argument },
	{ "type", TAKES_FILTER, AT(type), required_argument },
	{ "status", TAKES_FILTER, AT(status), required_argument },
	{ "active", TAKES_FILTER, AT(active), required_argument },
	{ "identifier", TAKES_FILTER, AT(identifier), required_argument },
	{ "org-slug", TAKES_FILTER, AT(org_slug), required_argument },
	{ "workspace-id", TAKES_FILTER, AT(workspace_id), required_argument },
	{ "tag", TAKES_FILTER, AT(tag), required_argument },
	{ "q", TAKES_FILTER, AT(q), required_argument },
	{ "expires-before", TAKES_FILTER, AT(expires_before),
	    required_argument },
	{ "token-state", TAKES_FILTER, AT(token_state), required_argument },
	{ "to", TAKES_TO, AT(to), required_argument },
	{ "recipient", TAKES_RECIPIENT, AT(recipient), required_argument },
	{ "in-clear", TAKES_IN_CLEAR, AT(in_clear), no_argument },
	{ "identity", TAKES_IDENTITY, AT(identity), required_argument },
	{ "socket", TAKES_SET_UP, AT(socket), required_argument },
	{ "web-user", TAKES_SET_UP, AT(web_user), required_argument },
	{ "document-root", TAKES_SET_UP, AT(document_root),
	    required_argument },
};

enum {
	OPTIONS = sizeof options / sizeof options[0],
	FLAGS = 3,
	FIRST_OPTION = 256,	/* beyond all characters */
	WORDS_MAX = 3
};

struct words {
	const char *word[WORDS_MAX];
	size_t count;
	bool is_help;
	bool is_version;
};

static void
print_usage(FILE *to, const struct command *commands, size_t count)
{
	size_t i;

	fputs("usage: strongroom [--config FILE] [--json] COMMAND\n"
	    "       strongroom --help | --version\n", to);
	for (i = 0; i < count; i++)
		fprintf(to, "  %s\n", commands[i].help);
}

static const char **
text_of(struct admin *admin, size_t option)
{
	return ((const char **)(void *)((char *)admin +
	    options[option].offset));
}

static bool
refuse(const char *what, const char *word)
{
	log_error("%s %s; see strongroom --help", what, word);
	return (false);
}

static bool
add_word(struct words *words, const char *word)
{
	if (words->count == WORDS_MAX)
		return (refuse("no command takes so many words:", word));
	words->word[words->count++] = word;
	return (true);
}

static bool
take_option(struct words *words, struct admin *admin, int c, char **argv)
{
	if (c >= FIRST_OPTION) {
		*text_of(admin, (size_t)(c - FIRST_OPTION)) =
		    optarg != NULL ? optarg : "";
		return (true);
	}
	switch (c) {
	case 'j':
		admin->is_json = true;
		return (true);
	case 'h':
		words->is_help = true;
		return (true);
	case 'v':
		words->is_version = true;
		return (true);
	case 1:			/* "-": a word among the options */
		return (add_word(words, optarg));
	case ':':
		return (refuse("a value is missing behind", argv[optind - 1]));
	default:
		/* Short ones may be several in a word that is not done. */
		return (refuse("there is no option", optopt != 0 &&
		    optopt < FIRST_OPTION && argv[optind] != NULL &&
		    argv[optind][0] == '-' && argv[optind][1] != '-' ?
		    argv[optind] : argv[optind - 1]));
	}
}

/* Read options and words in any order; false: they make no sense. */
static bool
read_words(struct words *words, struct admin *admin, int argc, char **argv)
{
	struct option known[OPTIONS + FLAGS + 1] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
	};
	int c, i;

	for (i = 0; i < OPTIONS; i++)
		known[FLAGS + i] = (struct option){ options[i].name,
		    options[i].has_arg, NULL, FIRST_OPTION + i };
	opterr = 0;
	while ((c = getopt_long(argc, argv, "-:", known, NULL)) != -1)
		if (!take_option(words, admin, c, argv))
			return (false);
	for (; optind < argc; optind++)
		if (!add_word(words, argv[optind]))
			return (false);
	return (true);
}

/* The subcommand that the words name; NULL: there is none, and it is said. */
static const struct command *
find_command(const struct words *words, const struct command *commands,
    size_t count)
{
	const struct command *command;
	bool is_verb = false;
	size_t i;

	for (i = 0; i < count; i++) {
		command = &commands[i];
		if (strcmp(words->word[0], command->verb) != 0)
			continue;
		is_verb = true;
		if (command->object == NULL || (words->count > 1 &&
		    strcmp(words->word[1], command->object) == 0))
			return (command);
	}
	if (is_verb && words->count > 1)
		log_error("there is no command %s %s; see strongroom --help",
		    words->word[0], words->word[1]);
	else
		(void)refuse(is_verb ? "a word is missing behind" :
		    "there is no command", words->word[0]);
	return (NULL);
}

/* Whether words and options are those that command takes. */
static bool
fits(const struct command *command, const struct words *words,
    struct admin *admin)
{
	size_t used = command->object == NULL ? 1 : 2, i;
	const char **argument = command->takes & TAKES_ID ? &admin->id :
	    command->takes & TAKES_FILE ? &admin->file : NULL;

	if (argument != NULL && words->count == used)
		return (refuse(argument == &admin->id ?
		    "an ID is missing behind" : "a FILE is missing behind",
		    words->word[used - 1]));
	if (argument != NULL)
		*argument = words->word[used++];
	if (words->count > used)
		return (refuse("this command takes no further word:",
		    words->word[used]));
	for (i = 0; i < OPTIONS; i++)
		if (options[i].takes != 0 && *text_of(admin, i) != NULL &&
		    !(command->takes & options[i].takes)) {
			log_error("this command takes no option --%s; see "
			    "strongroom --help", options[i].name);
			return (false);
		}
	return (true);
}

const struct command *
admin_args_read(struct admin *admin, const struct command *commands,
    size_t count, int argc, char **argv, enum admin_rc *rc)
{
	const struct command *command;
	struct words words = { .count = 0 };

	*rc = ADMIN_USAGE;
	if (!read_words(&words, admin, argc, argv))
		return (NULL);
	if (words.is_help) {
		print_usage(stdout, commands, count);
		*rc = ADMIN_DONE;
		return (NULL);
	}
	if (words.is_version && !add_word(&words, "version"))
		return (NULL);
	if (words.count == 0) {
		print_usage(stderr, commands, count);
		return (NULL);
	}
	command = find_command(&words, commands, count);
	if (command == NULL || !fits(command, &words, admin))
		return (NULL);
	return (command);
}
