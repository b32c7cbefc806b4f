/* What the handling of keys leaves in memory: nothing that was wiped. */
#include "config.h"

#include <malloc.h>
#include <sodium.h>
#include <sys/wait.h>

#include "secrets/apikey.h"
#include "secrets/keyring.h"
#include "secrets/parcel.h"
#include "secrets/recipient.h"
#include "secrets/secret.h"
#include "unit/unit_memory.h"

enum { KEY_LEN = 32, KEY_FILE_ROOT = 16, KEY_FILE_KEY = 52 };

/* Freed memory stays as it is, so that it shows who did not wipe it. */
static void
begin(void)
{
	ck_assert_int_eq(secret_init(), 0);
	ck_assert_int_eq(mallopt(M_PERTURB, 0), 1);
}

/* len bytes of a file, from at on. */
static struct unit_needle
needle_of(const char *path, off_t at, size_t len)
{
	unsigned char bytes[UNIT_NEEDLE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(pread(fd, bytes, len, at), (ssize_t)len);
	close(fd);
	return (unit_needle(bytes, len));
}

static void
is_gone(struct unit_needle needle, const char *what)
{
	size_t found = unit_found(&needle);

	ck_assert_msg(found == 0, "%s: %zu times", what, found);
}

/* The looking finds what is there, on a stack that was left too. */
static void
leave_text(void *cookie)
{
	volatile char text[40];
	size_t i;

	(void)cookie;
	for (i = 0; i < sizeof text; i++)
		text[i] = (char)('A' + i % 26);
}

START_TEST(what_is_left_is_found)
{
	char text[] = "GHIJKLMNOPQRSTUVWXYZABCDEFGHIJ";
	struct unit_needle needle = unit_needle(text, sizeof text - 1);
	volatile char *p;
	size_t i;

	is_gone(needle, "a text that was wiped");
	unit_on_stack(leave_text, NULL);
	ck_assert_uint_eq(unit_found(&needle), 1);
	begin();
	p = malloc(4096);
	for (i = 0; i < 30; i++)
		p[1000 + i] = (char)(needle.masked[i] ^ UNIT_MASK);
	free((void *)(uintptr_t)p);
	ck_assert_uint_eq(unit_found(&needle), 2);
}
END_TEST

static void
load_keyring(void *keyring)
{
	*(struct keyring **)keyring = keyring_load("key");
}

START_TEST(raw_keys_of_a_key_file_are_gone_once_it_is_loaded)
{
	struct keyring *keyring;

	begin();
	ck_assert_int_eq(keyring_create("key"), 0);
	unit_on_stack(load_keyring, &keyring);
	ck_assert_ptr_nonnull(keyring);
	is_gone(needle_of("key", KEY_FILE_ROOT, KEY_LEN), "root");
	is_gone(needle_of("key", KEY_FILE_KEY, KEY_LEN), "master key");
	keyring_free(keyring);
}
END_TEST

static void
make_api_key(void *key)
{
	apikey_make(key, "abcd1234");
}

START_TEST(api_key_is_where_it_was_made_and_nowhere_else)
{
	/* Most of the secret: characters that end with a byte. */
	enum { AT = sizeof "srk_abcd1234_" - 1, CHARS = 40, BYTES = 30 };
	unsigned char secret[BYTES];
	char key[APIKEY_LEN + 1];

	begin();
	unit_on_stack(make_api_key, key);
	ck_assert_int_eq(sodium_base642bin(secret, BYTES, key + AT, CHARS,
	    NULL, NULL, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING), 0);
	is_gone(unit_needle(secret, BYTES), "its random bytes");
	is_gone(unit_needle(key + AT, CHARS), "its text");
}
END_TEST

/* Nothing is called behind it, which would write over what it has left. */
static void
make_recipient(void *text)
{
	(void)!recipient_create("recipient", text);
}

static void
load_recipient(void *key)
{
	*(unsigned char **)key = recipient_load("recipient");
}

/* The key that the line of a recipient's file stands for. */
static struct unit_needle
key_of_line(void)
{
	unsigned char bytes[KEY_LEN + 4];
	char text[RECIPIENT_TEXT_LEN];
	int fd = open("recipient", O_RDONLY | O_CLOEXEC);

	ck_assert_int_eq(read(fd, text, sizeof text), (ssize_t)sizeof text);
	close(fd);
	ck_assert_int_eq(sodium_base642bin(bytes, sizeof bytes, text + 6,
	    sizeof text - 6, NULL, NULL, NULL,
	    sodium_base64_VARIANT_URLSAFE_NO_PADDING), 0);
	explicit_bzero(text, sizeof text);
	/* Scalar multiplication sets bits of the first and last byte. */
	return (unit_needle(bytes + 1, KEY_LEN - 2));
}

START_TEST(recipients_key_is_gone_once_it_is_in_its_file)
{
	char text[RECIPIENT_TEXT_LEN + 1];

	begin();
	unit_on_stack(make_recipient, text);
	is_gone(needle_of("recipient", 6, 40), "its line");
	is_gone(key_of_line(), "its bytes");
}
END_TEST

START_TEST(recipients_key_is_once_in_memory_when_it_is_loaded)
{
	char text[RECIPIENT_TEXT_LEN + 1];
	struct unit_needle needle;
	unsigned char *key;

	begin();
	unit_on_stack(make_recipient, text);
	unit_on_stack(load_recipient, &key);
	ck_assert_ptr_nonnull(key);
	is_gone(needle_of("recipient", 6, 40), "its line");
	needle = key_of_line();
	ck_assert_uint_eq(unit_found(&needle), 1);
	ck_assert_uint_eq(unit_count_in(&needle, key, key + KEY_LEN), 1);
	secret_free(key);
}
END_TEST

/* A parcel under way, and who it is for. */
struct post {
	unsigned char public_key[RECIPIENT_KEY_LEN];
	unsigned char *secret_key;
	FILE *file;
	struct input input;		/* the same */
	struct parcel_writer *writer;
	struct parcel_reader *reader;
};

static void
begin_parcel(void *cookie)
{
	struct post *post = cookie;

	post->writer = parcel_begin(post->file, post->public_key);
}

static void
open_parcel(void *cookie)
{
	struct post *post = cookie;

	post->reader = parcel_open(&post->input, post->secret_key);
}

/* The key that the content is sealed with, found by a process of its own. */
static struct unit_needle
key_of_parcel(const struct post *post)
{
	unsigned char sealed[KEY_LEN + crypto_box_SEALBYTES], key[KEY_LEN];
	struct unit_needle needle;
	int ends[2], fd, status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		fd = open("parcel", O_RDONLY | O_CLOEXEC);
		if (pread(fd, sealed, sizeof sealed, PARCEL_MAGIC_LEN) !=
		    sizeof sealed || crypto_box_seal_open(key, sealed,
		    sizeof sealed, post->public_key, post->secret_key) == -1)
			_exit(1);
		needle = unit_needle(key, sizeof key);
		_exit(write(ends[1], &needle, sizeof needle) == -1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(read(ends[0], &needle, sizeof needle),
	    sizeof needle);
	close(ends[0]);
	close(ends[1]);
	return (needle);
}

START_TEST(key_of_a_parcel_is_gone_at_both_ends)
{
	char text[RECIPIENT_TEXT_LEN + 1];
	struct post post;

	begin();
	ck_assert_int_eq(recipient_create("recipient", text), 0);
	ck_assert_int_eq(recipient_read(text, post.public_key), 0);
	post.secret_key = recipient_load("recipient");
	ck_assert_ptr_nonnull(post.secret_key);
	post.file = fopen("parcel", "w+");
	unit_on_stack(begin_parcel, &post);
	ck_assert_int_eq(parcel_end(post.writer), 0);
	is_gone(key_of_parcel(&post), "of a parcel that was sealed");
	post.input = (struct input){ .fd = fileno(post.file) };
	ck_assert_int_eq(lseek(post.input.fd, PARCEL_MAGIC_LEN, SEEK_SET),
	    PARCEL_MAGIC_LEN);
	unit_on_stack(open_parcel, &post);
	ck_assert_ptr_nonnull(post.reader);
	is_gone(key_of_parcel(&post), "of a parcel that was opened");
	parcel_close(post.reader);
	fclose(post.file);
	secret_free(post.secret_key);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		what_is_left_is_found,
		raw_keys_of_a_key_file_are_gone_once_it_is_loaded,
		api_key_is_where_it_was_made_and_nowhere_else,
		recipients_key_is_gone_once_it_is_in_its_file,
		recipients_key_is_once_in_memory_when_it_is_loaded,
		key_of_a_parcel_is_gone_at_both_ends,
	};

	return (unit_main_looking("secret_wiped", tests,
	    sizeof tests / sizeof tests[0]));
}
