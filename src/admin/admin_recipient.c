/*
 * strongroom recipient: whoever is to read an export.
 */
#include "config.h"

#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "secrets/recipient.h"

enum admin_rc
admin_recipient_create(const struct admin *admin)
{
	char public_text[RECIPIENT_TEXT_LEN + 1];
	struct json_out *out;
	int rc;

	if (recipient_create(admin->file, public_text) == -1)
		return (ADMIN_FAILED);
	if (!admin->is_json)
		return (puts(public_text) == EOF || fflush(stdout) == EOF ?
		    ADMIN_FAILED : ADMIN_DONE);
	out = json_out_object();
	json_out_text(out, "public_key", public_text);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}
