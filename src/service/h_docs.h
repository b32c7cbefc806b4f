#ifndef H_DOCS_H
#define H_DOCS_H

#include "service/call.h"

/* GET /openapi.json and GET /docs: what there is to ask for. */
enum call_rc h_openapi(struct call *call);
enum call_rc h_docs(struct call *call);

#endif
