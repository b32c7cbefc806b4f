/*
 * PostgreSQL in a program that was built without it.
 */
#include "config.h"

#include "ground/log.h"
#include "store/db_driver.h"

static enum store_rc
refuse(void)
{
	log_error("this program was built without PostgreSQL: database must "
	    "be a file, or strongroom built by ./configure --with-libpq");
	return (STORE_UNAVAILABLE);
}

static enum store_rc
make(const struct store_conf *conf)
{
	(void)conf;
	return (refuse());
}

static enum store_rc
open_it(struct db **to, const struct store_conf *conf, enum store_mode mode,
    const struct db_sql *sql)
{
	(void)to;
	(void)conf;
	(void)mode;
	(void)sql;
	return (refuse());
}

/* Nothing is ever open, so nothing else is ever called. */
const struct db_driver pgsql_driver = {
	.prefix = "postgresql://",
	.make = make,
	.open = open_it
};
