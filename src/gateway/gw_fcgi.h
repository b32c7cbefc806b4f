#ifndef GW_FCGI_H
#define GW_FCGI_H

#include "service/call.h"
#include "gateway/watch.h"

/* FastCGI (fastcgi.com's specification 1.0, responder role). */

/* Start the library. Before the first thread. Returns 0 or -1. */
int gw_fcgi_init(void) __attribute__((warn_unused_result));

struct gw_fcgi;

/* One thread's gateway; call and watch are its own, and outlive it. */
struct gw_fcgi *gw_fcgi_new(struct call *call, struct watch *watch)
    __attribute__((warn_unused_result));

/* Takes NULL. */
void gw_fcgi_free(struct gw_fcgi *gw);

/*
 * Serve one request on the connection fd, which it takes. Returns fd when the
 * peer keeps the connection for another request, else -1: it is closed.
 */
int gw_fcgi_serve(struct gw_fcgi *gw, int fd)
    __attribute__((warn_unused_result));

#endif
