#ifndef SQLITE_WALFILE_H
#define SQLITE_WALFILE_H

/*
 * A VFS that is the system's but for write-ahead logs: what is written to one,
 * piece behind piece, goes to the file in one write(2), at the latest when it
 * is synced. SQLite writes a frame as its header and its page.
 */
#define SQLITE_WALFILE_VFS "strongroom"

/*
 * Make it known, once in a process. Returns the VFS's name, or NULL where that
 * cannot be: the library's own will do.
 */
const char *sqlite_walfile_register(void);

#endif
