#ifndef TEXTS_H
#define TEXTS_H

/* Files of doc/ that are compiled in. */
extern const char text_openapi[];	/* openapi.json */
extern const char text_docs[];		/* api.html, which is made of it */

#endif
