/*
 * What the programs of the tests open before they read or write rows.
 */
#include "config.h"

#include "secrets/secret.h"
#include "vaulted.h"

int
vaulted_open(struct vaulted *vaulted, const char *conf, enum store_mode mode)
{
	struct store_conf place = { 0 };

	*vaulted = (struct vaulted){ 0 };
	if (secret_init() == -1 || conf_load(&vaulted->conf, conf) == -1)
		return (-1);
	place.path = vaulted->conf.database;
	place.busy_timeout_ms = (int)vaulted->conf.busy_timeout_ms;
	place.journal_mode = (int)vaulted->conf.journal_mode;
	vaulted->keyring = keyring_load(vaulted->conf.master_key_file);
	if (vaulted->keyring == NULL)
		return (-1);
	return (store_open(&vaulted->store, &place, mode) == STORE_OK ? 0 :
	    -1);
}

void
vaulted_close(struct vaulted *vaulted)
{
	store_close(vaulted->store);
	keyring_free(vaulted->keyring);
	conf_fini(&vaulted->conf);
}
