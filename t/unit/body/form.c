/* Reading a body by a table of fields, which is the test's own. */
#include "config.h"

#include "body/field.h"
#include "body/form.h"
#include "unit/unit_json.h"

enum { ROOM = 4096 };

enum { COLOUR, BOX, SIZES, LABEL, LID, COUNT };

static const char *const colours[] = { "red", "blue", NULL };

/* The order is not that of any text below. */
static const struct form_field fields[COUNT] = {
	[COLOUR] = { "colour", FORM_BODY, .choices = colours,
	    .is_required = true },
	[BOX] = { "box", FORM_BODY, field_object, .is_nullable = true },
	[SIZES] = { "sizes", BOX, field_list, field_string,
	    .is_nullable = true },
	[LABEL] = { "label", BOX, field_name, .is_required = true },
	[LID] = { "lid", FORM_BODY, field_bool },
};
static const struct form_spec spec = { fields, COUNT };

struct read {
	struct json_doc doc;
	struct form form;
	struct faults faults;
};

static void
begin(struct read *read, const char *text)
{
	*read = (struct read){ 0 };
	unit_json(&read->doc, text);
	form_read(&read->form, &spec, &read->doc, &read->faults);
	ck_assert(!read->faults.failed);
}

static void
end(struct read *read)
{
	faults_fini(&read->faults);
	json_doc_fini(&read->doc);
}

/* The faults of text, as a 422 has them, but for their words. */
static void
has_faults(const char *text, const char *expected)
{
	const struct fault *fault;
	struct read read;
	struct buf told;
	size_t i;

	begin(&read, text);
	buf_init(&told, ROOM);
	for (i = 0; i < read.faults.count; i++) {
		fault = &read.faults.list[i];
		if (fault->parent != NULL) {
			buf_puts(&told, fault->parent);
			buf_putc(&told, '.');
		}
		buf_puts(&told, fault->member);
		if (fault->index >= 0) {
			buf_putc(&told, '.');
			buf_put_u64(&told, (uint64_t)fault->index);
		}
		buf_putc(&told, '=');
		buf_put_u64(&told, fault->kind);
		buf_putc(&told, ' ');
	}
	unit_holds(&told, expected);
	buf_fini(&told);
	end(&read);
}

START_TEST(order_is_that_of_the_table)
{
	char expected[256];

	snprintf(expected, sizeof expected, "colour=%d box.sizes.0=%d "
	    "box.sizes.2=%d box.label=%d lid=%d ", FAULT_CHOICE, FAULT_STRING,
	    FAULT_NULL, FAULT_TOO_SHORT, FAULT_BOOL);
	has_faults("{\"lid\":1,\"box\":{\"label\":\"\",\"sizes\":[1,\"a\","
	    "null]},\"colour\":\"green\"}", expected);
	has_faults("{\"colour\":5,\"box\":{\"sizes\":[5,\"\",null],"
	    "\"label\":\"\"},\"lid\":\"\"}", expected);
}
END_TEST

START_TEST(members_of_what_is_no_object_are_not_sought)
{
	char expected[64];

	snprintf(expected, sizeof expected, "box=%d ", FAULT_OBJECT);
	has_faults("{\"colour\":\"red\",\"box\":5}", expected);
	has_faults("{\"colour\":\"red\",\"box\":[{\"label\":5}]}", expected);
	has_faults("{\"colour\":\"red\",\"box\":null}", "");
	has_faults("{\"colour\":\"red\",\"label\":5}", "");
}
END_TEST

START_TEST(required_member_is_missed_where_its_object_is)
{
	char expected[64];

	snprintf(expected, sizeof expected, "colour=%d box.label=%d ",
	    FAULT_MISSING, FAULT_MISSING);
	has_faults("{\"box\":{}}", expected);
}
END_TEST

START_TEST(elements_are_judged_in_arrays_only)
{
	char expected[64];

	snprintf(expected, sizeof expected, "box.sizes=%d ", FAULT_LIST);
	has_faults("{\"colour\":\"red\",\"box\":{\"label\":\"a\","
	    "\"sizes\":{\"a\":5}}}", expected);
	has_faults("{\"colour\":\"red\",\"box\":{\"label\":\"a\","
	    "\"sizes\":[]}}", "");
	has_faults("{\"colour\":\"red\",\"box\":{\"label\":\"a\","
	    "\"sizes\":null}}", "");
}
END_TEST

START_TEST(absent_null_empty_and_text_are_told_apart)
{
	struct read read;

	begin(&read, "{\"colour\":\"red\",\"box\":{\"label\":\"a\","
	    "\"sizes\":null}}");
	ck_assert_uint_eq(read.faults.count, 0);
	ck_assert(form_has(&read.form, SIZES));
	ck_assert(!form_is_set(&read.form, SIZES));
	ck_assert(!form_has_text(&read.form, SIZES));
	ck_assert(form_has(&read.form, LABEL));
	ck_assert(form_is_set(&read.form, LABEL));
	ck_assert(form_has_text(&read.form, LABEL));
	ck_assert(!form_has(&read.form, LID));
	ck_assert(!form_is_set(&read.form, LID));
	ck_assert(!form_has_text(&read.form, LID));
	end(&read);
	begin(&read, "{\"box\":{\"label\":\"\",\"sizes\":[\"\"]},"
	    "\"lid\":false}");
	ck_assert(form_is_set(&read.form, LABEL));
	ck_assert(!form_has_text(&read.form, LABEL));
	ck_assert(!form_has_text(&read.form, SIZES));
	ck_assert(form_is_set(&read.form, LID));
	ck_assert(!form_has_text(&read.form, LID));
	end(&read);
}
END_TEST

START_TEST(last_of_repeated_members_is_the_one)
{
	struct read read;

	begin(&read, "{\"colour\":5,\"box\":{\"label\":5},"
	    "\"box\":{\"label\":\"a\"},\"c\\u006flour\":\"blue\"}");
	ck_assert_uint_eq(read.faults.count, 0);
	ck_assert(form_has_text(&read.form, LABEL));
	end(&read);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		order_is_that_of_the_table,
		members_of_what_is_no_object_are_not_sought,
		required_member_is_missed_where_its_object_is,
		elements_are_judged_in_arrays_only,
		absent_null_empty_and_text_are_told_apart,
		last_of_repeated_members_is_the_one,
	};

	return (unit_main("form", tests, sizeof tests / sizeof tests[0]));
}
