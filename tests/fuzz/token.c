/* Bearer tokens: r…, any text at all; c…, claims signed by a key that is believed; h…, a header before good claims, not signed. What is not
 * signed by that key is never believed; of what is, nothing that has expired or is nobody's. */
#include "token.h"
#include "fuzz.h"
#include <rhonabwy.h>
#include <stdlib.h>

#define NOW SECONDS(1800000000)

/* Of no use anywhere else. */
#define KEY                                                                                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9WcMCJVPpjU6Zy7m"                                                                     \
    "fd6Nvf3BmkUmnqNWD+UuzxO9MM6hRANCAAQCASG1Lp3h7OuqQocFjXJ77PzP0QPM"                                                                     \
    "vZiKkopRlWI8ZXrZxNHd+KgYMZrxGKyT/GX/EeckloLlDnYT/ZqoWohq"

static struct tokens *tokens;
static jwk_t *key;

static void set_up(void)
{
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n" KEY "\n-----END PRIVATE KEY-----\n";
    char problem[200];
    if (tokens)
        return;
    tokens =
        tokens_new(&(struct tokens_config){.issuer = "jumun", .audience = "jumun", .demo_issuer = true, .demo_key = STR(KEY)}, problem);
    invariant(tokens && r_jwk_init(&key) == RHN_OK);
    invariant(r_jwk_import_from_pem_der(key, R_X509_TYPE_PRIVKEY, R_FORMAT_PEM, (const unsigned char *)pem, sizeof pem - 1) == RHN_OK);
    invariant(r_jwk_set_property_str(key, "kid", "demo") == RHN_OK);
}

static bool verify(struct str token, struct token_claims *claims)
{
    const char *why = tokens_verify(tokens, token, NOW, claims);
    invariant(!why || *why);
    if (why)
        return false;
    invariant(!uuid_is_nil(claims->subject) && memchr(claims->roles, '\0', sizeof claims->roles));
    struct token_claims again; /* from memory */
    invariant(!tokens_verify(tokens, token, NOW, &again) && uuid_equal(again.subject, claims->subject));
    invariant(strcmp(again.roles, claims->roles) == 0);
    return true;
}

static void check_signed(struct arena *arena, struct str json)
{
    struct token_claims claims;
    jwt_t *jwt = NULL;
    invariant(r_jwt_init(&jwt) == RHN_OK);
    r_jwt_set_sign_alg(jwt, R_JWA_ALG_ES256);
    r_jwt_set_header_str_value(jwt, "kid", "demo");
    if (r_jwt_set_full_claims_json_str(jwt, arena_str(arena, json).p) == RHN_OK) {
        char *token = r_jwt_serialize_signed(jwt, key, 0);
        if (token) {
            struct str text = str_of(token);
            (void)verify(text, &claims);
            token[text.n / 2] = (char)(token[text.n / 2] == 'A' ? 'B' : 'A');
            invariant(!verify(text, &claims));
        }
        r_free(token);
    }
    r_jwt_free(jwt);
}

static size_t base64url(struct str from, char *to)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t at = 0;
    uint32_t bits = 0;
    int held = 0;
    for (size_t i = 0; i < from.n; i++) {
        bits = bits << 8 | (unsigned char)from.p[i];
        for (held += 8; held >= 6; held -= 6)
            to[at++] = letters[bits >> (held - 6) & 63];
    }
    if (held > 0)
        to[at++] = letters[bits << (6 - held) & 63];
    return at;
}

static void check_unsigned(struct arena *arena, struct str header)
{
    static const struct str payload =
        STR_CONST("{\"iss\":\"jumun\",\"aud\":\"jumun\",\"sub\":\"a\",\"roles\":[\"admin\"],\"exp\":1900000000}");
    struct token_claims claims;
    char *text = arena_alloc(arena, header.n * 2 + payload.n * 2 + 8);
    size_t n = base64url(header, text);
    text[n++] = '.';
    n += base64url(payload, text + n);
    text[n++] = '.';
    invariant(!verify((struct str){text, n}, &claims));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct arena arena;
    struct token_claims claims;
    set_up();
    if (n == 0)
        return 0;
    struct str rest = {(const char *)data + 1, n - 1};
    arena_init(&arena);
    switch (data[0]) {
    case 'c': check_signed(&arena, rest); break;
    case 'h': check_unsigned(&arena, rest); break;
    default: (void)verify(rest, &claims);
    }
    arena_release(&arena);
    return 0;
}
