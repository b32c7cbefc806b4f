#ifndef MERGED_H
#define MERGED_H

#include "body/form_change.h"
#include "secrets/keeper.h"

/*
 * What a patch makes of a row, as the body of the save that would have made
 * it: so that the rules for a save's body are those for it. All of it may be
 * secret.
 */
struct merged {
	/* Lent: */
	const struct integration *was;	/* the row, with its box */
	const struct form *patch;	/* read by a form_change of it */
	struct keeper *keeper;		/* NULL: there is no auth_data in it */
	size_t max_body;
	bool *changed;			/* SAVE_FIELDS: objects that differ */
	/* The rest is its own. */
	struct buf opened;		/* auth_data as it was */
	struct json_doc target;		/* an object as it was */
	struct buf text;		/* the body */
	struct json_doc doc;		/* the same, read */
	size_t name_len;		/* of the name in it */
};

enum merged_rc {
	MERGED_OK,
	MERGED_REFUSED,		/* faults say why */
	MERGED_TOO_LARGE,	/* an object would be longer than a body may */
	MERGED_FAILED		/* the reason is logged */
};

/* With what is lent set. merged_fini wipes and releases. */
void merged_init(struct merged *merged);
void merged_fini(struct merged *merged);

/*
 * Make the body, without those objects that stay as they are, and read it into
 * form, which reads from it as long as it is there.
 */
enum merged_rc merged_make(struct merged *merged, struct form *form,
    struct faults *faults) __attribute__((warn_unused_result));

#endif
