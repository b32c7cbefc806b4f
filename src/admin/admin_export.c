/*
 * strongroom export: every integration with its auth_data, as lines of JSON,
 * sealed to a recipient or, on purpose only, in clear.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/admin_rows.h"
#include "body/json.h"
#include "ground/log.h"
#include "secrets/parcel.h"
#include "secrets/vault.h"

/* More than a row of the largest max_body comes to, whatever it is by now. */
enum { LINE_ROOM = 512 << 20 };

struct export {
	struct keeper *keeper;
	struct parcel_writer *parcel;	/* NULL: in clear */
	struct buf line;
	long count;
	bool failed;
};

static void
put_text(struct buf *line, const char *name, const char *text)
{
	buf_puts(line, name);
	json_put_string(line, text, strlen(text));
}

/* auth_data as it was sent; -1 where its box does not open. */
static int
put_auth_data(struct export *export, const struct integration *row)
{
	const struct vault_row owner = { row->created_by,
	    row->unique_identifier };

	buf_puts(&export->line, ",\"auth_data\":");
	if (row->auth_data == NULL) {
		buf_puts(&export->line, "null");
		return (0);
	}
	switch (vault_open_kept(export->keeper, &owner, row->auth_data,
	    row->auth_data_len, &export->line)) {
	case VAULT_OK:
		return (0);
	case VAULT_NOMEM:
		log_error("out of memory while exporting");
		return (-1);
	case VAULT_REFUSED:
		break;
	}
	log_error("the box of integration %s does not open: it was altered, "
	    "or moved from another row", row->integration_id);
	return (-1);
}

static int
put_row(struct export *export, const struct integration *row)
{
	struct buf *line = &export->line;

	buf_reset(line, line->cap);
	put_text(line, "{\"integration_id\":", row->integration_id);
	put_text(line, ",\"name\":", row->name);
	put_text(line, ",\"integration_type\":", row->integration_type);
	put_text(line, ",\"status\":", row->status);
	buf_puts(line, row->active ? ",\"active\":true" : ",\"active\":false");
	put_text(line, ",\"unique_identifier\":", row->unique_identifier);
	put_text(line, ",\"created_by\":", row->created_by);
	put_text(line, ",\"created_at\":", row->created_at);
	put_text(line, ",\"updated_at\":", row->updated_at);
	buf_puts(line, ",\"metadata\":");
	buf_puts(line, row->metadata);
	buf_puts(line, ",\"scope_data\":");
	buf_puts(line, row->scope_data == NULL ? "null" : row->scope_data);
	if (put_auth_data(export, row) == -1)
		return (-1);
	buf_puts(line, "}");
	return (0);
}

/*
 * What clients sent may have line ends between its tokens, where they mean
 * nothing; inside strings JSON has none.
 */
static void
make_one_line(struct buf *line)
{
	size_t i;

	for (i = 0; i < line->len; i++)
		if (line->data[i] == '\n' || line->data[i] == '\r')
			line->data[i] = ' ';
	buf_putc(line, '\n');
}

static int
export_row(void *cookie, const struct integration *row)
{
	struct export *export = cookie;

	if (put_row(export, row) == -1) {
		export->failed = true;
		return (0);	/* the others are worth having */
	}
	make_one_line(&export->line);
	if (export->line.failed) {
		log_error("out of memory while exporting");
		export->failed = true;
		return (1);
	}
	if (export->parcel != NULL)
		parcel_put(export->parcel, export->line.data,
		    export->line.len);
	else
		(void)!fwrite(export->line.data, 1, export->line.len, stdout);
	if (ferror(stdout)) {
		export->failed = true;
		return (admin_flush() ? 0 : 1);
	}
	export->count++;
	return (0);
}

/* Exactly one of --recipient, whose key is read, and --in-clear. */
static bool
check_words(const struct admin *admin,
    unsigned char public_key[RECIPIENT_KEY_LEN])
{
	if ((admin->recipient == NULL) == (admin->in_clear == NULL)) {
		log_error("say for whom: --recipient PUBLIC-KEY, as "
		    "\"strongroom recipient create\" prints it, or "
		    "--in-clear, which writes every token as it is");
		return (false);
	}
	if (admin->in_clear != NULL)
		return (true);
	if (isatty(STDOUT_FILENO)) {
		log_error("a parcel is no text for a terminal: write it to a "
		    "file");
		return (false);
	}
	return (recipient_read(admin->recipient, public_key) == 0);
}

/* Of a file, that it is on the disk. */
static bool
is_settled(void)
{
	struct stat st;

	/* What cannot be written is told by admin_flush. */
	if (fflush(stdout) != 0 || fstat(STDOUT_FILENO, &st) == -1 ||
	    !S_ISREG(st.st_mode) || fsync(STDOUT_FILENO) == 0)
		return (true);
	log_error("the export cannot be written whole: %s", strerror(errno));
	return (false);
}

enum admin_rc
admin_export(const struct admin *admin)
{
	const struct store_query query = { .created_by = admin->user,
	    .columns = STORE_DATA | STORE_BOX };
	unsigned char public_key[RECIPIENT_KEY_LEN];
	struct export export = { 0 };
	struct store *store = NULL;
	enum admin_rc opened;
	enum store_rc rc = STORE_UNAVAILABLE;

	if (!check_words(admin, public_key))
		return (ADMIN_USAGE);
	buf_init(&export.line, LINE_ROOM);
	opened = admin_open(admin, STORE_READ, &store, &export.keeper);
	if (opened != ADMIN_DONE)
		return (opened);
	/* stdio's own memory would keep what was exported in clear. */
	setvbuf(stdout, NULL, _IONBF, 0);
	if (admin->recipient != NULL &&
	    (export.parcel = parcel_begin(stdout, public_key)) == NULL) {
		export.failed = true;
		goto done;
	}
	rc = admin_rows(store, query, export_row, &export);
	if (admin->recipient != NULL && parcel_end(export.parcel) == -1)
		export.failed = true;
	if (!is_settled() || !admin_flush())
		export.failed = true;
	if (!export.failed && rc == STORE_OK)
		fprintf(stderr, "%ld integrations\n", export.count);
done:
	buf_fini(&export.line);
	store_close(store);
	keeper_close(export.keeper);
	return (!export.failed && rc == STORE_OK ? ADMIN_DONE : ADMIN_FAILED);
}
