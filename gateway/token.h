/*
 * token — bearer tokens: JWTs signed with RS256, ES256 or EdDSA (RFC 7519, 7515, 8037), verified by a JWKS.
 *
 *     struct tokens *t = tokens_new(&(struct tokens_config){.issuer = "jumun", .audience = "jumun", .jwks = text}, problem);
 *     struct token_claims claims;
 *     const char *why = tokens_verify(t, token, clock_now(), &claims);     // NULL: good
 *
 * Only keys of the set are believed: a key that a token brings along is not looked at. `none` and MAC algorithms are refused. exp is
 * required; nbf and iat are honoured, with a minute's tolerance. A token that was good is remembered until it expires, so that a customer's
 * next request costs no signature. One thread.
 */
#ifndef JUMUN_GATEWAY_TOKEN_H
#define JUMUN_GATEWAY_TOKEN_H

#include "instant.h"
#include "str.h"
#include "uuid.h"

#define TOKEN_ROLES_MAX 128

struct token_claims {
    struct uuid subject;         /* sub; one that is not a UUID is given one by name (uuid_named) */
    char roles[TOKEN_ROLES_MAX]; /* "customer,admin" */
    instant expires;
};

struct tokens_config {
    const char *issuer, *audience;
    struct str jwks;     /* JWKS text; absent: none */
    bool demo_issuer;    /* have a key of its own, believe it, and let tokens_issue() sign with it */
    struct str demo_key; /* that key, a private EC key (PKCS#8 in base64), so that several gateways share it; absent: a new one is made */
};

struct tokens;
struct tokens *tokens_new(const struct tokens_config *config, char problem[200]); /* NULL: *problem says why */
void tokens_free(struct tokens *t);

const char *tokens_verify(struct tokens *t, struct str token, instant now, struct token_claims *claims);

/* By the demo issuer; the token is the caller's to free(). `roles`: an array of names. */
char *tokens_issue(struct tokens *t, struct str subject, const struct str *roles, size_t role_count, instant now, duration life);

#endif
