/* Token: JWT verification and the demo issuer, on rhonabwy; and the memory of tokens that were good. */
#include "token.h"
#include "buf.h"
#include "invariant.h"
#include "memory.h"
#include <rhonabwy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLERANCE   60 /* seconds */
#define TOKEN_MAX   4096
#define REMEMBERED  8192 /* a power of two */
#define DEMO_KEY_ID "demo"

struct remembered {
    char *token; /* NULL: free */
    size_t size;
    struct token_claims claims;
};

struct tokens {
    struct tokens_config config;
    jwks_t *keys;
    jwk_t *demo_private, *demo_public;
    struct remembered memory[REMEMBERED]; /* by hash; a later token takes the place of an earlier one */
};

/* ── keys ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool make_demo_key(struct tokens *t)
{
    return r_jwk_init(&t->demo_private) == RHN_OK && r_jwk_init(&t->demo_public) == RHN_OK &&
           r_jwk_generate_key_pair(t->demo_private, t->demo_public, R_KEY_TYPE_EC, 256, DEMO_KEY_ID) == RHN_OK &&
           r_jwks_append_jwk(t->keys, t->demo_public) == RHN_OK;
}

/* `key`: PKCS#8 in base64, which is what a PEM file has between its first and its last line. */
static bool take_demo_key(struct tokens *t, struct str key)
{
    struct buf pem = BUF_INIT;
    buf_printf(&pem, "-----BEGIN PRIVATE KEY-----\n%.*s\n-----END PRIVATE KEY-----\n", STR_ARG(key));
    bool well =
        r_jwk_init(&t->demo_private) == RHN_OK && r_jwk_init(&t->demo_public) == RHN_OK &&
        r_jwk_import_from_pem_der(t->demo_private, R_X509_TYPE_PRIVKEY, R_FORMAT_PEM, (const unsigned char *)pem.p, pem.n) == RHN_OK &&
        r_jwk_set_property_str(t->demo_private, "kid", DEMO_KEY_ID) == RHN_OK &&
        r_jwk_extract_pubkey(t->demo_private, t->demo_public, 0) == RHN_OK && r_jwks_append_jwk(t->keys, t->demo_public) == RHN_OK;
    buf_release(&pem);
    return well;
}

struct tokens *tokens_new(const struct tokens_config *config, char problem[200])
{
    struct tokens *t = NEW(struct tokens);
    t->config = *config;
    invariant(r_global_init() == RHN_OK && r_jwks_init(&t->keys) == RHN_OK);
    if (!str_empty(config->jwks) && r_jwks_import_from_json_str(t->keys, config->jwks.p) != RHN_OK) {
        (void)snprintf(problem, 200, "the JWKS is not valid (RFC 7517)");
        tokens_free(t);
        return NULL;
    }
    if (config->demo_issuer && !str_empty(config->demo_key) && !take_demo_key(t, config->demo_key)) {
        (void)snprintf(problem, 200, "JUMUN_DEMO_KEY: it is no private EC key (PKCS#8 in base64)");
        tokens_free(t);
        return NULL;
    }
    if (config->demo_issuer && str_empty(config->demo_key))
        invariant(make_demo_key(t));
    return t;
}

void tokens_free(struct tokens *t)
{
    for (size_t i = 0; i < REMEMBERED; i++)
        free(t->memory[i].token);
    r_jwk_free(t->demo_private);
    r_jwk_free(t->demo_public);
    r_jwks_free(t->keys);
    r_global_close();
    free(t);
}

/* ── verify ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_believed_algorithm(jwa_alg alg)
{
    return alg == R_JWA_ALG_RS256 || alg == R_JWA_ALG_ES256 || alg == R_JWA_ALG_EDDSA;
}

/* By kid; a token without one is tried with the set's only key. The key is the caller's to free. */
static jwk_t *find_key(const struct tokens *t, jwt_t *jwt)
{
    const char *id = r_jwt_get_header_str_value(jwt, "kid");
    if (id)
        return r_jwks_get_by_kid(t->keys, id);
    return r_jwks_size(t->keys) == 1 ? r_jwks_get_at(t->keys, 0) : NULL;
}

static bool signature_is_good(const struct tokens *t, jwt_t *jwt)
{
    jwk_t *key = find_key(t, jwt);
    bool good = key && is_believed_algorithm(r_jwt_get_sign_alg(jwt)) && r_jwt_verify_signature(jwt, key, 0) == RHN_OK;
    r_jwk_free(key);
    return good;
}

/* aud is a text or an array of texts (RFC 7519, section 4.1.3). */
static bool is_for(jwt_t *jwt, const char *audience)
{
    json_t *aud = r_jwt_get_claim_json_t_value(jwt, "aud"), *one;
    bool found = json_is_string(aud) && strcmp(json_string_value(aud), audience) == 0;
    size_t i;
    json_array_foreach(aud, i, one) found |= json_is_string(one) && strcmp(json_string_value(one), audience) == 0;
    json_decref(aud);
    return found;
}

#define LATEST 253402300799 /* seconds: the end of the year 9999 */

static const char *check_times(jwt_t *jwt, int64_t now, instant *expires)
{
    json_t *claims = r_jwt_get_full_claims_json_t(jwt);
    json_t *exp = json_object_get(claims, "exp"), *nbf = json_object_get(claims, "nbf"), *iat = json_object_get(claims, "iat");
    const char *why = NULL;
    if (!json_is_number(exp))
        why = "it has no expiry";
    else if (json_number_value(exp) + TOLERANCE <= (double)now)
        why = "it has expired";
    else if ((nbf && (!json_is_number(nbf) || json_number_value(nbf) - TOLERANCE > (double)now)) ||
             (iat && (!json_is_number(iat) || json_number_value(iat) - TOLERANCE > (double)now)))
        why = "it is not valid yet";
    else
        *expires = (instant)(json_number_value(exp) < LATEST ? json_number_value(exp) : LATEST) * SECONDS(1);
    json_decref(claims);
    return why;
}

static bool take_roles(jwt_t *jwt, char roles[TOKEN_ROLES_MAX])
{
    json_t *list = r_jwt_get_claim_json_t_value(jwt, "roles"), *role;
    size_t i, n = 0;
    bool fits = true;
    roles[0] = '\0';
    json_array_foreach(list, i, role)
    {
        const char *name = json_string_value(role);
        if (!name || strchr(name, ','))
            continue;
        int written = snprintf(roles + n, TOKEN_ROLES_MAX - n, "%s%s", n ? "," : "", name);
        fits &= written >= 0 && (size_t)written < TOKEN_ROLES_MAX - n;
        n = strlen(roles);
    }
    json_decref(list);
    return fits;
}

static const char *take_claims(const struct tokens *t, jwt_t *jwt, instant now, struct token_claims *claims)
{
    const char *issuer = r_jwt_get_claim_str_value(jwt, "iss"), *subject = r_jwt_get_claim_str_value(jwt, "sub");
    if (!issuer || strcmp(issuer, t->config.issuer) != 0)
        return "it is from another issuer";
    if (!is_for(jwt, t->config.audience))
        return "it is for another audience";
    const char *why = check_times(jwt, now / SECONDS(1), &claims->expires);
    if (why)
        return why;
    if (!subject || !*subject)
        return "it names nobody";
    if (!take_roles(jwt, claims->roles))
        return "it has too many roles";
    if (!uuid_parse(str_of(subject), &claims->subject))
        claims->subject = uuid_named((struct uuid){{0}}, str_of(subject));
    return NULL;
}

static const char *verify(const struct tokens *t, const char *token, instant now, struct token_claims *claims)
{
    jwt_t *jwt = NULL;
    const char *why = "it is not a signed JWT";
    if (r_jwt_init(&jwt) == RHN_OK && r_jwt_advanced_parse(jwt, token, R_PARSE_NONE, 0) == RHN_OK && r_jwt_get_type(jwt) == R_JWT_TYPE_SIGN)
        why = signature_is_good(t, jwt) ? take_claims(t, jwt, now, claims) : "its signature is not by a key that is believed here";
    r_jwt_free(jwt);
    return why;
}

/* ── remember ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void remember(struct remembered *place, struct str token, const struct token_claims *claims)
{
    free(place->token);
    place->token = memory_new(token.n + 1);
    memcpy(place->token, token.p, token.n);
    place->size = token.n;
    place->claims = *claims;
}

const char *tokens_verify(struct tokens *t, struct str token, instant now, struct token_claims *claims)
{
    if (token.n == 0 || token.n > TOKEN_MAX)
        return "it is not a signed JWT";
    struct remembered *place = &t->memory[str_hash(token) & (REMEMBERED - 1)];
    if (place->token && place->size == token.n && memcmp(place->token, token.p, token.n) == 0 && now < place->claims.expires) {
        *claims = place->claims;
        return NULL;
    }
    char text[TOKEN_MAX + 1];
    memcpy(text, token.p, token.n);
    text[token.n] = '\0';
    const char *why = strlen(text) == token.n ? verify(t, text, now, claims) : "it is not a signed JWT";
    if (!why)
        remember(place, token, claims);
    return why;
}

/* ── the demo issuer ────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

char *tokens_issue(struct tokens *t, struct str subject, const struct str *roles, size_t role_count, instant now, duration life)
{
    jwt_t *jwt = NULL;
    json_t *list = json_array(), *sub = json_stringn(subject.p, subject.n);
    for (size_t i = 0; i < role_count; i++)
        json_array_append_new(list, json_stringn(roles[i].p, roles[i].n));
    invariant(t->demo_private && r_jwt_init(&jwt) == RHN_OK);
    r_jwt_set_sign_alg(jwt, R_JWA_ALG_ES256);
    r_jwt_set_header_str_value(jwt, "kid", DEMO_KEY_ID);
    r_jwt_set_claim_str_value(jwt, "iss", t->config.issuer);
    r_jwt_set_claim_str_value(jwt, "aud", t->config.audience);
    r_jwt_set_claim_json_t_value(jwt, "sub", sub);
    r_jwt_set_claim_json_t_value(jwt, "roles", list);
    r_jwt_set_claim_int_value(jwt, "iat", now / SECONDS(1));
    r_jwt_set_claim_int_value(jwt, "exp", (now + life) / SECONDS(1));
    char *serialized = r_jwt_serialize_signed(jwt, t->demo_private, 0);
    invariant(serialized);
    char *token = memory_strdup(serialized);
    r_free(serialized);
    json_decref(list);
    json_decref(sub);
    r_jwt_free(jwt);
    return token;
}
