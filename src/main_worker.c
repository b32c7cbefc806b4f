/*
 * strongroom.fcgi: the worker. Options, configuration, application; then CGI,
 * one request, or FastCGI, threads until a signal. The exit codes are those
 * of sysexits.h that strongroom.fcgi(8) lists.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "service/app.h"
#include "gateway/gw_cgi.h"
#include "gateway/gw_fcgi.h"
#include "gateway/listen.h"
#include "ground/log.h"
#include "gateway/pool.h"
#include "ground/sandbox.h"
#include "secrets/secret.h"

enum { EXIT_USAGE = 2, WATCH_MS = 250 };

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

	while ((c = getopt_long(argc, argv, "+", known, NULL)) != -1) {
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
			puts(PACKAGE_STRING);
			return (EXIT_SUCCESS);
		case 'h':
			fputs(usage, stdout);
			return (EXIT_SUCCESS);
		default:	/* getopt has said what */
			if (strchr(argv[optind - 1], ' ') != NULL)
				log_error("a script's first line gives one "
				    "word: write --config=FILE in it");
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
	const struct sandbox sandbox = {
		.mode = app->conf.sandbox,
		.database = app->guarded[1],
		.key_file = app->conf.master_key_file,
		.socket = socket,
		.is_quiet = is_quiet
	};

	return (sandbox_close(&sandbox) == -1 ? EX_OSERR : EX_OK);
}

static int
serve_cgi(int argc, char **argv)
{
	struct options options = { 0 };
	struct app app = { 0 };
	int rc;

	if (gw_cgi_has_foreign_words()) {
		gw_cgi_refuse(400);
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
	if (rc == EX_OK)
		gw_cgi_serve(&app);
	else
		gw_cgi_refuse(500);
	app_close(&app);
	return (rc);
}

/*
 * The signals that end the worker, kept from every thread but main's: those
 * of terminals and supervisors. multiwatch 1.0 sends SIGQUIT when it is told
 * to send SIGTERM, and SIGUSR1 when it is told nothing.
 */
static sigset_t
block_signals(void)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1 };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof ends / sizeof ends[0]; i++)
		sigaddset(&set, ends[i]);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return (set);
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

/* Serve until a signal comes. */
static int
serve_pool(struct app *app, int listen_fd, const sigset_t *signals)
{
	const struct timespec tick = { 0, WATCH_MS * 1000000L };
	struct pool *pool;
	int sig;

	if (writer_start(app->writer, app->conf.queue, app->keycache) == -1 ||
	    (pool = pool_start(app, listen_fd)) == NULL)
		return (EX_OSERR);
	log_info("%s serves with %llu threads", PACKAGE_STRING,
	    (unsigned long long)app->conf.threads);
	while ((sig = sigtimedwait(signals, NULL, &tick)) == -1)
		pool_watch(pool);
	log_info("stopping on signal %d", sig);
	pool_stop(pool);
	return (EX_OK);
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
	signals = block_signals();
	if (secret_init() == -1)
		return (EX_OSERR);
	rc = open_app(&app, options.config);
	if (rc == EX_OK)
		fd = find_socket(&options, &rc);
	if (fd != -1) {
		rc = gw_fcgi_init() == -1 ? EX_OSERR :
		    close_sandbox(&app, options.socket, false);
		if (rc == EX_OK)
			rc = serve_pool(&app, fd, &signals);
		if (options.socket != NULL)
			(void)unlink(options.socket);
	}
	app_close(&app);
	return (rc);
}

int
main(int argc, char **argv)
{
	/* A reader that went away is an error of write(2), no more. */
	signal(SIGPIPE, SIG_IGN);
	if (fill_descriptors() == -1)
		return (EX_OSERR);
	if (listen_kind(STDIN_FILENO) == LISTEN_NONE && gw_cgi_is_request())
		return (serve_cgi(argc, argv));
	return (serve_fcgi(argc, argv));
}
