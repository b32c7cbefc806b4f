/*
 * The description of the routes, for programs and for people: two texts.
 */
#include "config.h"

#include "service/h_docs.h"
#include "service/texts.h"

enum call_rc
h_openapi(struct call *call)
{
	reply_json(&call->reply, 200, text_openapi);
	return (CALL_ANSWERED);
}

enum call_rc
h_docs(struct call *call)
{
	/* The page has no script, loads nothing and has its style in it. */
	static const char policy[] = "default-src 'none'; style-src "
	    "'unsafe-inline'; base-uri 'none'; form-action 'none'; "
	    "frame-ancestors 'none'";

	reply_text(&call->reply, "text/html; charset=utf-8", text_docs);
	reply_header(&call->reply, "Content-Security-Policy", policy);
	return (CALL_ANSWERED);
}
