#ifndef FORM_SEALED_H
#define FORM_SEALED_H

#include "body/form.h"
#include "secrets/sealed.h"

/* The body of a reveal that is sealed: to which public key. */
extern const struct form_spec form_sealed_spec;

/*
 * The key, of a form that was read by it and has no faults. False: memory is
 * short.
 */
bool form_sealed_key(const struct form *form,
    unsigned char key[SEALED_KEY_LEN]) __attribute__((warn_unused_result));

#endif
