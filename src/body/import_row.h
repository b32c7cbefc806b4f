#ifndef IMPORT_ROW_H
#define IMPORT_ROW_H

#include "body/draft.h"
#include "body/json_check.h"

/*
 * A line of an import, as a row: an object with the members of a save, and
 * integration_id, created_by, created_at and updated_at beside them.
 * integration_metadata is another name for metadata.
 * A row may have been made by three saves, one for each of its objects, so the
 * line has room for three times the values of one.
 */
struct import_row {
	struct json_doc doc;
	struct faults faults;
	struct draft draft;
	struct buf owner;
	char id[IDENT_UUID_LEN + 1];	/* empty: none was given */
	char created_at[IDENT_TIME_LEN + 1];
	char updated_at[IDENT_TIME_LEN + 1];
};

/* For lines of up to max_line bytes. import_row_fini wipes and releases. */
void import_row_init(struct import_row *row, size_t max_line);
void import_row_fini(struct import_row *row);

enum import_rc { IMPORT_ROW, IMPORT_REFUSED, IMPORT_FAILED };

/*
 * Read line, which may be changed and must outlive the row's use. owner, where
 * it is not NULL, owns the row, whatever the line says. IMPORT_ROW:
 * row->draft.save is the row, all but its box. IMPORT_REFUSED: why was
 * appended to why, as JSON. IMPORT_FAILED: the reason is logged.
 */
enum import_rc import_row_read(struct import_row *row, struct buf *line,
    const char *owner, struct buf *why) __attribute__((warn_unused_result));

#endif
