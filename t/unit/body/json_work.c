/*
 * How the work for a body grows with it: for one four times as long it is four
 * times as much, or less. Time would tell of the machine, so what is counted
 * is how often the program takes a turn: the compiler puts a call of
 * __sanitizer_cov_trace_pc into each of them, in the modules that
 * t/unit/libcounted.a is made of.
 */
#include "config.h"

#include "body/form_save.h"
#include "unit/unit_json.h"

enum { FEW = 100, TIMES = 4, ROOM = 1 << 20 };

static long steps;

void __sanitizer_cov_trace_pc(void);
void
__sanitizer_cov_trace_pc(void)
{
	steps++;
}

/* What a save does with a body, but for sealing and storing: so many steps. */
static long
steps_of(const char *text)
{
	struct json_doc doc = { 0 };
	struct faults faults = { 0 };
	struct form form;
	struct buf out;
	long taken;

	buf_init(&out, ROOM);
	steps = 0;
	unit_json(&doc, text);
	form_read(&form, &form_save_spec, &doc, &faults);
	ck_assert_uint_eq(faults.count, 0);
	form_save_metadata(&form, &out);
	taken = steps;
	ck_assert(!out.failed);
	ck_assert_int_gt(taken, (long)strlen(text));
	buf_fini(&out);
	json_doc_fini(&doc);
	return (taken);
}

/* A save's body: a piece so many times between two texts, # its number. */
static void
fill(struct buf *text, const char *before, const char *piece, uint64_t count,
    const char *after)
{
	const char *p;
	uint64_t i;

	buf_reset(text, ROOM);
	buf_puts(text, "{\"name\":\"n\",\"integration_type\":\"jira\",");
	buf_puts(text, before);
	for (i = 0; i < count; i++) {
		buf_puts(text, i > 0 ? "," : "");
		for (p = piece; *p != '\0'; p++)
			if (*p == '#')
				buf_put_u64(text, i);
			else
				buf_putc(text, *p);
	}
	buf_puts(text, after);
	ck_assert_ptr_nonnull(buf_text(text));
}

static void
grows_as_the_body(const char *before, const char *piece, const char *after)
{
	struct buf text;
	long few, many;

	buf_init(&text, ROOM);
	fill(&text, before, piece, FEW, after);
	few = steps_of(text.data);
	fill(&text, before, piece, FEW * TIMES, after);
	many = steps_of(text.data);
	/* Their numbers have more digits. */
	ck_assert_msg(many < few * (TIMES + 1), "%s%s%s: %ld steps for %d, "
	    "%ld for %d", before, piece, after, few, FEW, many, FEW * TIMES);
	buf_fini(&text);
}

START_TEST(names_in_metadata)
{
	grows_as_the_body("\"metadata\":{", "\"m#\":0", "}}");
}
END_TEST

START_TEST(names_in_an_object_of_metadata)
{
	grows_as_the_body("\"metadata\":{\"a\":[{", "\"m#\":0", "}]}}");
}
END_TEST

START_TEST(one_name_again_and_again)
{
	grows_as_the_body("\"metadata\":{", "\"m\":#", "}}");
	grows_as_the_body("\"metadata\":{\"a\":{", "\"m\":#", "}}}");
}
END_TEST

START_TEST(one_name_in_several_spellings)
{
	grows_as_the_body("\"metadata\":{", "\"a\\u006dc\":#,\"\\u0061mc\":0",
	    "}}");
}
END_TEST

START_TEST(two_of_each_name)
{
	grows_as_the_body("\"metadata\":{", "\"m#\":0,\"m#\":1", "}}");
}
END_TEST

START_TEST(names_of_the_body_and_of_sealed_data)
{
	grows_as_the_body("", "\"m#\":0", "}");
	grows_as_the_body("\"auth_data\":{", "\"m#\":0", "}}");
	grows_as_the_body("\"scope_data\":{", "\"m#\":0", "}}");
}
END_TEST

START_TEST(known_names_again_and_again)
{
	grows_as_the_body("\"metadata\":{", "\"version\":\"#\"", "}}");
	grows_as_the_body("\"scope_data\":{", "\"org_slug\":\"#\"", "}}");
}
END_TEST

START_TEST(objects_in_objects)
{
	grows_as_the_body("\"metadata\":{", "\"m#\":{\"a\":{\"a\":#}}",
	    "}}");
}
END_TEST

START_TEST(elements_of_tags)
{
	grows_as_the_body("\"metadata\":{\"tags\":[", "\"tag #\"", "]}}");
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		names_in_metadata,
		names_in_an_object_of_metadata,
		one_name_again_and_again,
		one_name_in_several_spellings,
		two_of_each_name,
		names_of_the_body_and_of_sealed_data,
		known_names_again_and_again,
		objects_in_objects,
		elements_of_tags,
	};

	return (unit_main("json_work", tests, sizeof tests / sizeof tests[0]));
}
