/* Cursor: signed on the way out, believed on the way in only when the signature is ours. */
#include "cursor.h"
#include "invariant.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define TAG 16

static void sign(const uint8_t secret[CURSOR_SECRET], struct str position, uint8_t tag[TAG])
{
    uint8_t full[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    invariant(HMAC(EVP_sha256(), secret, CURSOR_SECRET, (const uint8_t *)position.p, position.n, full, &n));
    memcpy(tag, full, TAG);
}

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static size_t base64url_write(const uint8_t *bytes, size_t n, char *text)
{
    size_t at = 0;
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < n; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 6; held -= 6)
            text[at++] = base64url[bits >> (held - 6) & 63];
    }
    if (held > 0)
        text[at++] = base64url[bits << (6 - held) & 63];
    return at;
}

/* Bits that are left over must be none: else several texts would mean the same. */
static bool base64url_read(struct str text, uint8_t *bytes, size_t *n)
{
    uint32_t bits = 0;
    int held = 0;
    *n = 0;
    for (size_t i = 0; i < text.n; i++) {
        const char *found = text.p[i] ? strchr(base64url, text.p[i]) : NULL;
        if (!found)
            return false;
        bits = bits << 6 | (uint32_t)(found - base64url);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[(*n)++] = (uint8_t)(bits >> held);
        }
    }
    return held < 6 && (bits & ((1U << held) - 1)) == 0;
}

struct str cursor_write(const uint8_t secret[CURSOR_SECRET], struct str position, char text[CURSOR_TEXT])
{
    uint8_t bytes[TAG + CURSOR_POSITION];
    invariant(position.n >= 1 && position.n <= CURSOR_POSITION);
    sign(secret, position, bytes);
    memcpy(bytes + TAG, position.p, position.n);
    return (struct str){text, base64url_write(bytes, TAG + position.n, text)};
}

bool cursor_read(const uint8_t secret[CURSOR_SECRET], struct str text, struct arena *arena, struct str *position)
{
    uint8_t bytes[CURSOR_TEXT], tag[TAG];
    size_t n;
    if (text.n > CURSOR_TEXT || !base64url_read(text, bytes, &n) || n <= TAG)
        return false;
    struct str inside = {(const char *)bytes + TAG, n - TAG};
    sign(secret, inside, tag);
    if (CRYPTO_memcmp(tag, bytes, TAG) != 0)
        return false;
    *position = arena_str(arena, inside);
    return true;
}
