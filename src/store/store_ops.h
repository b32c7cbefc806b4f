#ifndef STORE_OPS_H
#define STORE_OPS_H

#include "store/store.h"

/*
 * What a back end does for store.h, function by function. A back end's own
 * structure begins with a struct store.
 */
struct store_ops {
	void (*close)(struct store *);
	bool (*is_same)(const struct store *, const struct store *);
	bool (*stamp)(struct store *, struct store_stamp *);
	bool (*stamp_is_next)(const struct store_stamp *,
	    const struct store_stamp *);
	enum store_rc (*ping)(struct store *);
	enum store_rc (*begin)(struct store *, int);
	enum store_rc (*commit)(struct store *);
	void (*rollback)(struct store *);
	size_t (*log_size)(const struct store *);
	void (*checkpoint)(struct store *, size_t, enum store_log);
	enum store_rc (*schema)(struct store *, int *, int *);
	enum store_rc (*upgrade)(struct store *, int);
	enum store_rc (*keys_check)(struct store *,
	    const struct keyring_print *, size_t);
	uint32_t (*active_key)(const struct store *);
	enum store_rc (*master_key_list)(struct store *,
	    int (*)(void *, const struct store_master_key *), void *);
	enum store_rc (*master_key_find)(struct store *, uint32_t, char *);
	enum store_rc (*master_key_add)(struct store *,
	    const struct keyring_print *, const char *);
	enum store_rc (*master_key_mark)(struct store *, uint32_t,
	    const char *, const char *);
	enum store_rc (*box_list)(struct store *, uint32_t, int64_t,
	    int (*)(void *, const struct store_box *), void *);
	enum store_rc (*box_replace)(struct store *,
	    const struct store_box *, const void *, size_t);
	enum store_rc (*key_find)(struct store *, const unsigned char *,
	    struct store_found_key *);
	enum store_rc (*key_add)(struct store *, const unsigned char *,
	    const struct store_key *);
	enum store_rc (*key_revoke)(struct store *, const char *,
	    const char *);
	enum store_rc (*key_list)(struct store *,
	    int (*)(void *, const struct store_key *), void *);
	enum store_rc (*save)(struct store *, struct store_save *);
	enum store_rc (*integration_list)(struct store *, const char *,
	    int (*)(void *, const struct integration *), void *);
	enum store_rc (*integration_find)(struct store *, const char *,
	    int (*)(void *, const struct integration *), void *);
	enum store_rc (*box_count)(struct store *,
	    int (*)(void *, uint32_t, int64_t), void *);
	enum store_rc (*backup)(struct store *, const char *);
	enum store_rc (*check)(struct store *, int (*)(void *, const char *),
	    void *);
};

struct store {
	const struct store_ops *ops;
};

/* The back end in SQLite. */
enum store_rc store_sqlite_create(const struct store_conf *conf,
    const struct keyring_print *prints, size_t count)
    __attribute__((warn_unused_result));
int store_sqlite_library_version(void);
enum store_rc store_sqlite_open(struct store **store,
    const struct store_conf *conf, enum store_mode mode)
    __attribute__((warn_unused_result));

#endif
