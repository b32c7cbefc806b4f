#ifndef GW_CGI_H
#define GW_CGI_H

#include <stdbool.h>

#include "service/call.h"

/* CGI/1.1 (RFC 3875): one request from the environment and standard input. */

/* Whether this process was started by a web server to serve one request. */
bool gw_cgi_is_request(void);

/*
 * Whether the query became command-line words (RFC 3875 section 4.4), so that
 * no option on the command line can be trusted.
 */
bool gw_cgi_has_foreign_words(void);

/* Serve the request; its call reads from the writer's store. */
void gw_cgi_serve(const struct app *app);

/*
 * Answer without an application: 400 for foreign words; 500 for what would
 * need it. lack is what /healthz says is not there, or NULL.
 */
void gw_cgi_refuse(int status, const char *lack);

#endif
