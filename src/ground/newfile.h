#ifndef NEWFILE_H
#define NEWFILE_H

/*
 * A file that appears under its name once it is whole and on the disk, or not
 * at all. Until then it has a name of its own in the same directory. A process
 * that is killed meanwhile leaves <path> and a dot and six characters behind.
 */
struct newfile {
	const char *path;	/* lent */
	char *name;		/* until it is in place; NULL: there is none */
};

/*
 * Make the empty file, mode 0600. Returns 0, or -1 with the reason logged and
 * errno set; EEXIST: path is there already. path must outlive it.
 */
int newfile_begin(struct newfile *file, const char *path)
    __attribute__((warn_unused_result));

/*
 * Sync it and put it in place, unless something is there by now. Returns 0,
 * or -1 as newfile_begin does, and then it is not there.
 */
int newfile_finish(struct newfile *file)
    __attribute__((warn_unused_result));

/*
 * See that the name path, new or renamed to, is on the disk: fsync(2) of its
 * directory. Returns 0, or -1 with errno set; logs nothing.
 */
int newfile_settle(const char *path)
    __attribute__((warn_unused_result));

/* Remove what was not put in place. Takes an all-zero file too. */
void newfile_fini(struct newfile *file);

#endif
