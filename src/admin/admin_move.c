/*
 * strongroom move: all that is stored goes from the file to a server's
 * database, while the service runs.
 */
#include "config.h"

#include <stdio.h>

#include "admin/admin.h"
#include "admin/admin_json.h"
#include "ground/log.h"
#include "store/store_move.h"

static bool
makes_sense(const struct admin *admin)
{
	const char *wrong = NULL;

	if (admin->to == NULL || !conf_is_url(admin->to))
		wrong = "move needs --to postgresql://...";
	else if (conf_has_password(admin->to))
		wrong = "the URL has a password in it: put that into a file "
		    "of its own, mode 600, and name the file by passfile=";
	else if (conf_is_url(admin->conf.database))
		wrong = "the database is a server's already, and only a file "
		    "is moved";
	if (wrong != NULL)
		log_error("%s", wrong);
	return (wrong == NULL);
}

/* What to change, in the form in which it stands in strongroom.conf. */
static enum admin_rc
print_line(const struct admin *admin)
{
	struct json_out *out;
	int rc;

	if (!admin->is_json)
		return (printf("database = \"%s\"\n", admin->to) > 0 ?
		    ADMIN_DONE : ADMIN_FAILED);
	out = json_out_object();
	json_out_text(out, "database", admin->to);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc == 0 ? ADMIN_DONE : ADMIN_FAILED);
}

enum admin_rc
admin_move(const struct admin *admin)
{
	struct store_conf to = admin->store;
	enum store_rc rc;

	if (!makes_sense(admin))
		return (ADMIN_USAGE);
	to.path = admin->to;
	rc = store_move(&admin->store, &to);
	if (rc == STORE_EXISTS)
		log_info("database %s was moved there already",
		    admin->conf.database);
	else if (rc != STORE_OK)
		return (ADMIN_FAILED);
	log_info("database %s takes no changes any more: let this be the line "
	    "in strongroom.conf, and restart the service",
	    admin->conf.database);
	return (print_line(admin));
}
