/*
 * strongroom audit list, export and head: the audit, for the operator's eyes.
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/admin_audit.h"
#include "admin/admin_json.h"
#include "admin/admin_table.h"
#include "body/json.h"
#include "body/json_member.h"
#include "ground/buf.h"
#include "ground/log.h"

enum { PAGE_ROWS = 1000, CELL_MAX = 65536, HEX_MAX = 2 * CHAIN_HASH_LEN };

static const char *const list_head[] = { "SEQ", "AT", "ACTION", "USER", "KEY",
    "ADDRESS", "INTEGRATION", "WHAT" };
enum { LIST_COLUMNS = sizeof list_head / sizeof list_head[0] };

/* A list under way. */
struct listing {
	struct table table;
	struct json_list json;
	struct json_doc doc;
	struct buf cell;
};

void
admin_audit_show(char text[AUDIT_HEAD_LEN + 1], int64_t seq,
    const unsigned char hash[CHAIN_HASH_LEN])
{
	int len = snprintf(text, AUDIT_HEAD_LEN + 1, "%" PRId64 ":", seq);

	chain_show(text + len, hash);
}

enum store_rc
admin_audit_rows(struct store *store, int64_t after, int64_t owner,
    int (*each)(void *, const struct store_audit_row *), void *cookie)
{
	struct store_audit_page page = { .next = after };
	struct arena arena = { 0 };
	enum store_rc rc;
	int is_over = 0;
	size_t i;

	do {
		rc = store_chain_page(store, page.next, owner, PAGE_ROWS,
		    &arena, &page);
		if (rc != STORE_OK)
			break;
		for (i = 0; i < page.count && is_over == 0; i++)
			is_over = each(cookie, &page.rows[i]);
	} while (!page.is_last && is_over == 0);
	arena_fini(&arena);
	return (rc);
}

/* Read a row's subject. False: it is empty, or no JSON. */
static bool
read_subject(struct listing *listing, const struct store_audit_row *row)
{
	return (row->subject != NULL && json_check(&listing->doc,
	    row->subject, strlen(row->subject)) == JSON_OK &&
	    listing->doc.node[0].type == JSON_OBJECT);
}

/* A cell with a text of the subject; none where there is none. */
static void
add_text(struct listing *listing, bool has_subject, const char *member)
{
	uint32_t i = has_subject ?
	    json_member(&listing->doc, 0, member) : 0;
	const char *text = NULL;

	buf_reset(&listing->cell, CELL_MAX);
	if (i != 0 && listing->doc.node[i].type == JSON_STRING) {
		json_decode(&listing->doc, i, &listing->cell);
		text = buf_text(&listing->cell);
	}
	table_add(&listing->table, text);
}

static void
put_value(const struct json_doc *doc, uint32_t i, struct buf *cell)
{
	if (doc->node[i].type == JSON_STRING)
		json_decode(doc, i, cell);
	else
		json_write(doc, i, cell);
}

/* A member in a cell: those that were changed, or what else there is. */
static void
put_member(struct listing *listing, uint32_t i)
{
	const struct json_doc *doc = &listing->doc;
	const struct json_span *name = &doc->node[i].name;
	struct buf *cell = &listing->cell;
	uint32_t item;

	if (doc->node[i].type != JSON_ARRAY) {
		/* Between the quotes. */
		buf_put(cell, doc->text + name->start + 1,
		    name->end - name->start - 2);
		buf_putc(cell, '=');
		put_value(doc, i, cell);
		return;
	}
	for (item = json_first(doc, i); item != 0;
	    item = doc->node[item].next) {
		put_value(doc, item, cell);
		if (doc->node[item].next != 0)
			buf_putc(cell, ',');
	}
}

/* A cell with all members that have no column of their own. */
static void
add_others(struct listing *listing, bool has_subject)
{
	static const char *const columns[] = { "user", "key", "address" };
	const struct json_node *node = listing->doc.node;
	size_t column, count = sizeof columns / sizeof columns[0];
	uint32_t i = has_subject ? json_first(&listing->doc, 0) : 0;

	buf_reset(&listing->cell, CELL_MAX);
	for (; i != 0; i = node[i].next) {
		for (column = 0; column < count; column++)
			if (json_member(&listing->doc, 0, columns[column]) ==
			    i)
				break;
		if (column < count || (node[i].type == JSON_ARRAY &&
		    json_first(&listing->doc, i) == 0))
			continue;
		if (listing->cell.len > 0)
			buf_putc(&listing->cell, ' ');
		put_member(listing, i);
	}
	table_add(&listing->table, listing->cell.len == 0 ? NULL :
	    buf_text(&listing->cell));
}

static int
list_table(void *cookie, const struct store_audit_row *row)
{
	struct listing *listing = cookie;
	bool has_subject = read_subject(listing, row);
	char seq[32];

	snprintf(seq, sizeof seq, "%" PRId64, row->seq);
	table_add(&listing->table, seq);
	table_add(&listing->table, row->at);
	table_add(&listing->table, row->action);
	add_text(listing, has_subject, "user");
	add_text(listing, has_subject, "key");
	add_text(listing, has_subject, "address");
	table_add(&listing->table, row->integration_id);
	add_others(listing, has_subject);
	return (table_print_much(&listing->table));
}

/* A row for programs, with its subject as it stands, if it is JSON. */
static struct json_out *
row_json(struct listing *listing, const struct store_audit_row *row)
{
	struct json_out *item = json_out_object();

	json_out_number(item, "seq", (long)row->seq);
	json_out_text(item, "at", row->at);
	json_out_text(item, "action", row->action);
	json_out_text(item, "integration_id", row->integration_id);
	json_out_text(item, "request_id", row->request_id);
	if (read_subject(listing, row))
		json_out_raw(item, "subject", row->subject,
		    strlen(row->subject));
	else
		json_out_text(item, "subject", NULL);
	return (item);
}

static int
list_json(void *cookie, const struct store_audit_row *row)
{
	struct listing *listing = cookie;

	return (json_list_put(&listing->json, row_json(listing, row)));
}

static void
add_hex(struct json_out *item, const char *name, const unsigned char *bytes,
    size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char text[HEX_MAX + 1];
	size_t i;

	for (i = 0; bytes != NULL && i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	text[2 * i] = '\0';
	json_out_text(item, name, bytes != NULL ? text : NULL);
}

/* The same with what proves it, on a line of its own. */
static int
export_line(void *cookie, const struct store_audit_row *row)
{
	struct json_out *item = row_json(cookie, row);
	int rc;

	json_out_number(item, "chain_id", (long)row->chain_id);
	add_hex(item, "salt", row->salt, CHAIN_SALT_LEN);
	add_hex(item, "digest", row->digest, CHAIN_HASH_LEN);
	add_hex(item, "hash", row->hash, CHAIN_HASH_LEN);
	rc = json_out_line(item);
	json_out_free(item);
	return (rc);
}

/* The owner to look for, by admin->user; 0: all. */
static bool
find_owner(const struct admin *admin, struct keeper *keeper, int64_t *owner)
{
	struct chain *chain;

	*owner = 0;
	if (admin->user == NULL)
		return (true);
	if ((chain = chain_new(keeper)) == NULL)
		return (false);
	*owner = chain_owner(chain, admin->user);
	chain_free(chain);
	return (true);
}

/* Give each of the rows that are asked for to each. */
static enum admin_rc
go_through(const struct admin *admin, struct listing *listing,
    int (*each)(void *, const struct store_audit_row *))
{
	struct keeper *keeper = NULL;
	struct store *store = NULL;
	enum admin_rc result;
	int64_t owner;

	result = admin_open(admin, STORE_READ, &store,
	    admin->user != NULL ? &keeper : NULL);
	if (result != ADMIN_DONE)
		return (result);
	if (!find_owner(admin, keeper, &owner) || admin_audit_rows(store,
	    STORE_CHAIN_BEGIN, owner, each, listing) != STORE_OK)
		result = ADMIN_FAILED;
	store_close(store);
	keeper_close(keeper);
	return (result);
}

static void
begin(struct listing *listing)
{
	*listing = (struct listing){ .json = { 0 } };
	table_init(&listing->table, list_head, LIST_COLUMNS);
	buf_init(&listing->cell, CELL_MAX);
}

static void
end(struct listing *listing)
{
	table_fini(&listing->table);
	json_doc_fini(&listing->doc);
	buf_fini(&listing->cell);
}

enum admin_rc
admin_audit_list(const struct admin *admin)
{
	struct listing listing;
	enum admin_rc result;
	int rc;

	begin(&listing);
	result = go_through(admin, &listing, admin->is_json ? list_json :
	    list_table);
	if (result == ADMIN_DONE) {
		rc = admin->is_json ? json_list_end(&listing.json, NULL) :
		    table_print(&listing.table);
		result = rc == 0 ? ADMIN_DONE : ADMIN_FAILED;
	}
	end(&listing);
	return (result);
}

enum admin_rc
admin_audit_export(const struct admin *admin)
{
	struct listing listing;
	enum admin_rc result;

	begin(&listing);
	result = go_through(admin, &listing, export_line);
	end(&listing);
	if (result == ADMIN_DONE && !admin_flush())
		result = ADMIN_FAILED;
	return (result);
}

static int
print_head(const struct admin *admin, const struct store_audit_row *row)
{
	char text[AUDIT_HEAD_LEN + 1];
	struct json_out *out;
	int rc;

	admin_audit_show(text, row->seq, row->hash);
	if (!admin->is_json)
		return (puts(text) == EOF ? -1 : 0);
	out = json_out_object();
	json_out_text(out, "head", text);
	json_out_text(out, "at", row->at);
	rc = json_out_print(out);
	json_out_free(out);
	return (rc);
}

enum admin_rc
admin_audit_head(const struct admin *admin)
{
	struct arena arena = { 0 };
	struct store *store = NULL;
	struct store_audit_row row;
	enum admin_rc result;
	enum store_rc rc;

	result = admin_open(admin, STORE_READ, &store, NULL);
	if (result != ADMIN_DONE)
		return (result);
	rc = store_chain_head(store, &arena, &row);
	store_close(store);
	if (rc == STORE_NOT_FOUND) {
		log_error("the audit has no row yet");
		result = ADMIN_NOT_FOUND;
	} else if (rc != STORE_OK || row.hash == NULL ||
	    print_head(admin, &row) != 0) {
		result = ADMIN_FAILED;
	}
	arena_fini(&arena);
	return (result);
}
