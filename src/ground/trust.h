#ifndef TRUST_H
#define TRUST_H

#include <stdbool.h>
#include <sys/types.h>

/* Why a path is not to be trusted. */
struct trust_doubt {
	char text[4352];	/* what of it is who else's, or open to whom */
	const char *cure;
};

/*
 * Whether nobody but root and user uid can change or replace what path names:
 * it, and every directory and link on the way to it, belongs to one of them
 * and may not be written to by others. In a directory with the sticky bit
 * they may make files, for nobody replaces another's there. If not, *doubt
 * says why. What is missing on the way is nothing to doubt.
 *
 * With uid 0 the answer holds for as long as root does not change it, so what
 * is opened after it is what was looked at.
 */
bool trust_path(const char *path, uid_t uid, struct trust_doubt *doubt)
    __attribute__((warn_unused_result));

#endif
