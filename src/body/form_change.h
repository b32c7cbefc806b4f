#ifndef FORM_CHANGE_H
#define FORM_CHANGE_H

#include "body/form_save.h"
#include "ground/integration.h"

/*
 * The fields of a change, numbered as those of a save: none is required, and
 * what cannot be changed is to be as it is stored.
 */
struct form_change {
	struct form_field fields[SAVE_FIELDS];
	struct form_spec spec;
};

/*
 * Fill in the fields of a change to row, from which they borrow. NULL: there
 * is none, and what it would be stored with is anything.
 */
void form_change_init(struct form_change *form,
    const struct integration *row);

#endif
