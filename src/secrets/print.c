/*
 * Keyed hashes of secrets. Refuses to know where they are kept and who may see
 * them.
 */
#include "config.h"

#include <stdint.h>
#include <string.h>

#include <sodium.h>

#include "secrets/print.h"

/* Each piece with its length in front, so that none can reach into another. */
static void
add(crypto_generichash_state *state, const void *bytes, size_t len)
{
	unsigned char head[8];
	int i;

	for (i = 0; i < 8; i++)
		head[i] = (unsigned char)((uint64_t)len >> (56 - 8 * i));
	crypto_generichash_update(state, head, sizeof head);
	crypto_generichash_update(state, bytes, len);
}

static void
add_text(crypto_generichash_state *state, const char *text)
{
	add(state, text, strlen(text));
}

static void
begin(crypto_generichash_state *state, const struct keyring *keyring,
    size_t len, const char *purpose)
{
	crypto_generichash_init(state, keyring_print_key(keyring),
	    KEYRING_KEY_LEN, len);
	add_text(state, purpose);
}

static void
end(crypto_generichash_state *state, unsigned char *out, size_t len)
{
	crypto_generichash_final(state, out, len);
	sodium_memzero(state, sizeof *state);
}

void
print_make(unsigned char print[PRINT_LEN], const struct keyring *keyring,
    const struct vault_row *row, const void *plain, size_t len)
{
	const struct print_piece pieces[] = {
		{ row->created_by, strlen(row->created_by) },
		{ row->unique_identifier, strlen(row->unique_identifier) },
		{ plain, len }
	};

	print_pieces(print, keyring, "auth_data", pieces, 3);
}

void
print_show(char text[PRINT_TEXT_LEN + 1], const struct keyring *keyring,
    const char *integration_id, const unsigned char print[PRINT_LEN])
{
	unsigned char shown[PRINT_LEN];
	crypto_generichash_state state;

	begin(&state, keyring, sizeof shown, "fingerprint");
	add_text(&state, integration_id);
	add(&state, print, PRINT_LEN);
	end(&state, shown, sizeof shown);
	sodium_bin2hex(text, PRINT_TEXT_LEN + 1, shown, PRINT_TEXT_LEN / 2);
}

void
print_pieces(unsigned char print[PRINT_LEN], const struct keyring *keyring,
    const char *purpose, const struct print_piece *pieces, size_t count)
{
	crypto_generichash_state state;
	size_t i;

	begin(&state, keyring, PRINT_LEN, purpose);
	for (i = 0; i < count; i++)
		add(&state, pieces[i].bytes, pieces[i].len);
	end(&state, print, PRINT_LEN);
}
