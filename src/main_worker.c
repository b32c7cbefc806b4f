/*
 * strongroom.fcgi: the worker. Options, configuration, application; then CGI,
 * one request, or FastCGI, until a signal. The exit codes are those
 * of sysexits.h that strongroom.fcgi(8) lists.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gw_cgi.h"
#include "gateway/listen.h"
#include "gateway/loop.h"
#include "ground/descriptors.h"
#include "ground/log.h"
#include "ground/sandbox.h"
#include "ground/signals.h"
#include "secrets/secret.h"
#include "service/app.h"
#include "service/chores.h"
#include "service/pass.h"
#include "store/store_upkeep.h"

enum {
	EXIT_USAGE = 2,
	HOUR_MS = 3600000
};

struct options {
	const char *config;
	const char *socket;
	const char *group;
};

static const char usage[] =
    "usage: strongroom.fcgi [--config FILE] [--socket PATH "
    "[--socket-group GROUP]]\n"
    "       strongroom.fcgi --version | --help\n"
    "Without --socket it serves the listening socket on descriptor 0, or, in "
    "the\nenvironment of a CGI request, that request.\n";

/*
 * Descriptors 0 to 2 must be open, so that no file of ours becomes one. Where
 * they are, /dev/null is not wanted: a jail may have none.
 */
static int
fill_descriptors(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 &&
		    open("/dev/null", O_RDWR) != fd)
			return (-1);
	return (0);
}

static void
refuse_option(const char *word, bool lacks_value)
{
	if (strchr(word, ' ') != NULL)
		log_error("there is no option %s: a script's first line gives "
		    "one word, so write --config=FILE in it", word);
	else
		log_error("%s %s: see strongroom.fcgi --help", lacks_value ?
		    "a value is missing behind" : "there is no option", word);
}

/* Print what was asked for. Returns an exit code. */
static int
say(const char *text)
{
	if (fputs(text, stdout) != EOF && fflush(stdout) == 0)
		return (EXIT_SUCCESS);
	log_error("standard output cannot be written whole: %s",
	    strerror(errno));
	return (EX_OSERR);
}

/*
 * Read the options. Under CGI the words after a script's path are a
 * stranger's, so reading ends at the first that is no option. Returns -1 to
 * go on, or an exit code.
 */
static int
read_options(struct options *options, int argc, char **argv)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "socket", required_argument, NULL, 's' },
		{ "socket-group", required_argument, NULL, 'g' },
		{ "version", no_argument, NULL, 'v' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 }
	};
	int c;

	opterr = 0;
	while ((c = getopt_long(argc, argv, "+:", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 's':
			options->socket = optarg;
			break;
		case 'g':
			options->group = optarg;
			break;
		case 'v':
			return (say(PACKAGE_STRING "\n"));
		case 'h':
			return (say(usage));
		default:
			refuse_option(argv[optind - 1], c == ':');
			return (EXIT_USAGE);
		}
	}
	return (-1);
}

static int
open_app(struct app *app, const char *config)
{
	struct conf conf;

	if (conf_load(&conf, config) == -1)
		return (EX_CONFIG);
	log_open((enum log_format)conf.log_format,
	    (enum log_level)conf.log_level);
	conf_warn();
	switch (app_open(app, &conf)) {
	case APP_OK:
		return (EX_OK);
	case APP_KEY_FILE:
		return (EX_NOPERM);
	case APP_MISMATCH:
		return (EX_DATAERR);
	default:
		return (EX_NOINPUT);
	}
}

/* Everything is open that is opened once. Returns 0 or an exit code. */
static int
close_sandbox(const struct app *app, const char *socket, bool is_quiet)
{
	bool is_remote = conf_is_url(app->conf.database);
	const char *credentials[STORE_CREDENTIALS_MAX + 1];
	const struct sandbox sandbox = {
		.mode = app->conf.sandbox,
		.database = is_remote ? NULL : guard_database(app->guard),
		.key_file = app->conf.master_key_file,
		.credentials = credentials,
		.connects = is_remote,
		.socket = socket,
		.is_quiet = is_quiet
	};

	store_credentials(writer_store(app->writer), credentials);
	return (sandbox_close(&sandbox) == -1 ? EX_OSERR : EX_OK);
}

/* What /healthz calls the reason of an exit code; NULL: nothing. */
static const char *
lack_of(int rc)
{
	switch (rc) {
	case EX_NOPERM:
		return ("key");
	case EX_DATAERR:
	case EX_NOINPUT:
		return ("database");
	default:
		return (NULL);
	}
}

static int
serve_cgi(int argc, char **argv)
{
	struct options options = { 0 };
	struct app app = { 0 };
	int rc;

	if (gw_cgi_has_foreign_words()) {
		gw_cgi_refuse(400, NULL);
		return (EX_OK);
	}
	rc = read_options(&options, argc, argv);
	if (rc == EXIT_SUCCESS)
		return (rc);
	if (rc == -1)
		rc = secret_init() == -1 ? EX_OSERR :
		    open_app(&app, options.config);
	if (rc == EX_OK)
		rc = close_sandbox(&app, NULL, true);
	/* Where there is no thread to be had, its lines are out at the end. */
	if (rc == EX_OK)
		(void)!log_start();
	if (rc == EX_OK)
		gw_cgi_serve(&app);
	else
		gw_cgi_refuse(500, lack_of(rc));
	app_close(&app);
	return (rc);
}

/* The socket to serve; -1 with the reason told, and *rc the exit code. */
static int
find_socket(const struct options *options, int *rc)
{
	*rc = EX_OSERR;
	if (options->socket != NULL)
		return (listen_open(options->socket, options->group));
	switch (listen_kind(STDIN_FILENO)) {
	case LISTEN_UNIX:
		return (STDIN_FILENO);
	case LISTEN_OTHER:
		log_error("the listening socket is not a UNIX socket: whoever "
		    "reaches it is trusted, so it must be one");
		*rc = EX_CONFIG;
		return (-1);
	default:
		log_error("descriptor 0 is no listening socket: start the "
		    "worker by spawn-fcgi, or with --socket PATH");
		*rc = EXIT_USAGE;
		return (-1);
	}
}

/* No more connections than there are descriptors for. */
static void
bound_connections(struct conf *conf)
{
	uint64_t bound = descriptors_raise(conf->max_connections);

	if (bound < conf->max_connections)
		log_warning("the limit of open files leaves room for %llu of "
		    "%llu connections: raise it (ulimit -Hn, LimitNOFILE), or "
		    "lower max_connections", (unsigned long long)bound,
		    (unsigned long long)conf->max_connections);
	conf->max_connections = bound;
}

/* The signal that has come within that time, or an hour; -1: none. */
static int
await_signal(const sigset_t *signals, int64_t ms)
{
	struct timespec time;

	if (ms > HOUR_MS)
		ms = HOUR_MS;
	time = (struct timespec){ (time_t)(ms / 1000),
	    (long)(ms % 1000 * 1000000) };
	return (sigtimedwait(signals, NULL, &time));
}

static int64_t
least(int64_t a, int64_t b)
{
	return (a < b ? a : b);
}

/* Serve until a signal comes. */
static int
serve_loop(const struct app *app, int listen_fd, const sigset_t *signals)
{
	struct loop *loop = loop_start(app, listen_fd);
	struct chores chores;
	struct pass pass;
	int sig;

	if (loop == NULL)
		return (EX_OSERR);
	chores_init(&chores, app);
	pass_init(&pass, app);
	/* What these do at the start comes before the word that it serves. */
	(void)chores_run(&chores);
	(void)pass_run(&pass);
	log_info("%s serves, %llu connections at most", PACKAGE_STRING,
	    (unsigned long long)app->conf.max_connections);
	while ((sig = await_signal(signals, least(chores_run(&chores),
	    pass_run(&pass)))) == -1)
		;
	log_info("stopping on signal %d", sig);
	loop_stop(loop);
	pass_fini(&pass);
	return (EX_OK);
}

static int
start_log(void)
{
	int error = log_start();

	if (error == 0)
		return (EX_OK);
	log_error("a thread does not start: %s", strerror(error));
	return (EX_OSERR);
}

static int
serve_fcgi(int argc, char **argv)
{
	struct options options = { 0 };
	struct app app = { 0 };
	sigset_t signals;
	int fd = -1, rc;

	if ((rc = read_options(&options, argc, argv)) != -1)
		return (rc);
	/* A script's first line puts the script's path behind its options. */
	if (optind < argc && options.socket != NULL) {
		log_error("%s is no option: see strongroom.fcgi --help",
		    argv[optind]);
		return (EXIT_USAGE);
	}
	signals = signals_block_ends();
	if (secret_init() == -1)
		return (EX_OSERR);
	rc = open_app(&app, options.config);
	if (rc == EX_OK)
		fd = find_socket(&options, &rc);
	if (fd != -1) {
		bound_connections(&app.conf);
		rc = close_sandbox(&app, options.socket, false);
		if (rc == EX_OK)
			rc = start_log();
		if (rc == EX_OK)
			rc = serve_loop(&app, fd, &signals);
		if (options.socket != NULL)
			(void)unlink(options.socket);
	}
	app_close(&app);
	return (rc);
}

int
main(int argc, char **argv)
{
	int rc;

	signals_init();
	if (fill_descriptors() == -1)
		return (EX_OSERR);
	log_hold();
	if (listen_kind(STDIN_FILENO) == LISTEN_NONE && gw_cgi_is_request())
		rc = serve_cgi(argc, argv);
	else
		rc = serve_fcgi(argc, argv);
	log_end();
	return (rc);
}
