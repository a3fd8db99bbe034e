/* Tokens: which are believed, and which are not. */
#include "instant.h"
#include "token.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <rhonabwy.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW SECONDS(1800000000)

static char problem[200];

/* Of no use anywhere else. */
#define DEMO_KEY                                                                                                                           \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9WcMCJVPpjU6Zy7m"                                                                     \
    "fd6Nvf3BmkUmnqNWD+UuzxO9MM6hRANCAAQCASG1Lp3h7OuqQocFjXJ77PzP0QPM"                                                                     \
    "vZiKkopRlWI8ZXrZxNHd+KgYMZrxGKyT/GX/EeckloLlDnYT/ZqoWohq"

static struct tokens *demo(void)
{
    struct tokens *t = tokens_new(&(struct tokens_config){.issuer = "jumun", .audience = "jumun", .demo_issuer = true}, problem);
    assert_non_null(t);
    return t;
}

static char *issued(struct tokens *t, const char *subject)
{
    return tokens_issue(t, str_of(subject), (struct str[]){STR("customer"), STR("admin")}, 2, NOW, SECONDS(3600));
}

static void a_token_of_the_demo_issuer_is_good(void **state)
{
    (void)state;
    struct tokens *t = demo();
    struct token_claims claims;
    char *token = issued(t, "0193b2a4-0000-7000-8000-000000000001"), text[UUID_TEXT + 1];
    for (int again = 0; again < 2; again++) { /* the second time from memory */
        assert_null(tokens_verify(t, str_of(token), NOW + SECONDS(10), &claims));
        uuid_format(claims.subject, text);
        assert_string_equal(text, "0193b2a4-0000-7000-8000-000000000001");
        assert_string_equal(claims.roles, "customer,admin");
    }
    free(token);
    tokens_free(t);
}

/* Replicas of a gateway: what one gives, the other believes. */
static void demo_issuers_with_the_same_key_believe_each_other(void **state)
{
    (void)state;
    struct tokens_config config = {.issuer = "jumun", .audience = "jumun", .demo_issuer = true, .demo_key = STR(DEMO_KEY)};
    struct tokens *one = tokens_new(&config, problem), *other = tokens_new(&config, problem), *stranger = demo();
    assert_non_null(one);
    assert_non_null(other);
    struct token_claims claims;
    char *token = issued(one, "0193b2a4-0000-7000-8000-000000000001");
    assert_null(tokens_verify(other, str_of(token), NOW, &claims));
    assert_non_null(tokens_verify(stranger, str_of(token), NOW, &claims));
    free(token);
    tokens_free(one);
    tokens_free(other);
    tokens_free(stranger);
}

static void a_demo_key_that_is_none_is_said_at_start(void **state)
{
    (void)state;
    assert_null(tokens_new(&(struct tokens_config){.issuer = "jumun", .audience = "jumun", .demo_issuer = true, .demo_key = STR("sesame")},
                           problem));
    assert_non_null(strstr(problem, "JUMUN_DEMO_KEY"));
}

static void a_subject_that_is_no_uuid_is_given_one(void **state)
{
    (void)state;
    struct tokens *t = demo();
    struct token_claims a, b;
    char *token = issued(t, "auth0|minji");
    assert_null(tokens_verify(t, str_of(token), NOW, &a));
    assert_null(tokens_verify(t, str_of(token), NOW, &b));
    assert_false(uuid_is_nil(a.subject));
    assert_true(uuid_equal(a.subject, b.subject));
    free(token);
    tokens_free(t);
}

static void an_expired_token_is_refused_also_when_it_is_remembered(void **state)
{
    (void)state;
    struct tokens *t = demo();
    struct token_claims claims;
    char *token = issued(t, "a");
    assert_null(tokens_verify(t, str_of(token), NOW, &claims));
    assert_string_equal(tokens_verify(t, str_of(token), NOW + SECONDS(3600 + 61), &claims), "it has expired");
    free(token);
    tokens_free(t);
}

static void one_changed_character_makes_it_worthless(void **state)
{
    (void)state;
    struct tokens *t = demo();
    struct token_claims claims;
    char *token = issued(t, "a");
    char *payload = strchr(token, '.') + 1;
    payload[5] = payload[5] == 'A' ? 'B' : 'A';
    assert_non_null(tokens_verify(t, str_of(token), NOW, &claims));
    free(token);
    tokens_free(t);
}

static void another_issuers_key_is_not_believed(void **state)
{
    (void)state;
    struct tokens *ours = demo(), *theirs = demo();
    struct token_claims claims;
    char *token = issued(theirs, "a");
    assert_string_equal(tokens_verify(ours, str_of(token), NOW, &claims), "its signature is not by a key that is believed here");
    free(token);
    tokens_free(ours);
    tokens_free(theirs);
}

/* A JWT signed by a new key of the given kind; the key's public half as a JWKS in *jwks. */
static char *signed_by_new_key(int type, unsigned bits, jwa_alg alg, const char *audience, bool key_in_header, char **jwks)
{
    jwk_t *private_key, *public_key;
    jwks_t *set;
    jwt_t *jwt;
    r_jwk_init(&private_key);
    r_jwk_init(&public_key);
    r_jwks_init(&set);
    r_jwt_init(&jwt);
    assert_int_equal(r_jwk_generate_key_pair(private_key, public_key, type, bits, "k1"), RHN_OK);
    r_jwks_append_jwk(set, public_key);
    *jwks = r_jwks_export_to_json_str(set, 0);
    r_jwt_set_sign_alg(jwt, alg);
    r_jwt_set_header_str_value(jwt, "kid", "k1");
    if (key_in_header) {
        json_t *header_key = r_jwk_export_to_json_t(public_key);
        r_jwt_set_header_json_t_value(jwt, "jwk", header_key);
        json_decref(header_key);
    }
    r_jwt_set_claim_str_value(jwt, "iss", "jumun");
    r_jwt_set_claim_str_value(jwt, "aud", audience);
    r_jwt_set_claim_str_value(jwt, "sub", "a");
    r_jwt_set_claim_int_value(jwt, "exp", NOW / SECONDS(1) + 600);
    char *serialized = r_jwt_serialize_signed(jwt, private_key, 0), *token = strdup(serialized);
    r_free(serialized);
    r_jwt_free(jwt);
    r_jwks_free(set);
    r_jwk_free(private_key);
    r_jwk_free(public_key);
    return token;
}

static const char *verdict(const char *jwks, const char *token)
{
    struct tokens *t = tokens_new(&(struct tokens_config){.issuer = "jumun", .audience = "jumun", .jwks = str_of(jwks)}, problem);
    struct token_claims claims;
    assert_non_null(t);
    const char *why = tokens_verify(t, str_of(token), NOW, &claims);
    tokens_free(t);
    return why;
}

static void keys_of_the_set_are_believed_with_all_three_algorithms(void **state)
{
    (void)state;
    static const struct {
        int type;
        unsigned bits;
        jwa_alg alg;
    } kinds[] = {{R_KEY_TYPE_RSA, 2048, R_JWA_ALG_RS256}, {R_KEY_TYPE_EC, 256, R_JWA_ALG_ES256}, {R_KEY_TYPE_EDDSA, 256, R_JWA_ALG_EDDSA}};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        char *jwks, *token = signed_by_new_key(kinds[i].type, kinds[i].bits, kinds[i].alg, "jumun", false, &jwks);
        assert_null(verdict(jwks, token));
        r_free(jwks);
        free(token);
    }
}

static void a_token_for_somebody_else_is_refused(void **state)
{
    (void)state;
    char *jwks, *token = signed_by_new_key(R_KEY_TYPE_EC, 256, R_JWA_ALG_ES256, "another-shop", false, &jwks);
    assert_string_equal(verdict(jwks, token), "it is for another audience");
    r_free(jwks);
    free(token);
}

static void a_key_that_the_token_brings_along_is_not_believed(void **state)
{
    (void)state;
    char *jwks, *other_jwks, *token = signed_by_new_key(R_KEY_TYPE_EC, 256, R_JWA_ALG_ES256, "jumun", true, &jwks);
    char *other = signed_by_new_key(R_KEY_TYPE_EC, 256, R_JWA_ALG_ES256, "jumun", false, &other_jwks);
    assert_string_equal(verdict(other_jwks, token), "its signature is not by a key that is believed here");
    r_free(jwks);
    r_free(other_jwks);
    free(token);
    free(other);
}

static void an_unsigned_token_and_nonsense_are_refused(void **state)
{
    (void)state;
    struct tokens *t = demo();
    struct token_claims claims;
    /* {"alg":"none"} . {"iss":"jumun","aud":"jumun","sub":"a","exp":9999999999} . */
    assert_non_null(tokens_verify(
        t, STR("eyJhbGciOiJub25lIn0.eyJpc3MiOiJqdW11biIsImF1ZCI6Imp1bXVuIiwic3ViIjoiYSIsImV4cCI6OTk5OTk5OTk5OX0."), NOW, &claims));
    assert_non_null(tokens_verify(t, STR(""), NOW, &claims));
    assert_non_null(tokens_verify(t, STR("a.b.c"), NOW, &claims));
    assert_non_null(tokens_verify(t, STR("...."), NOW, &claims));
    tokens_free(t);
}

static void a_jwks_that_is_none_is_said_at_start(void **state)
{
    (void)state;
    assert_null(tokens_new(&(struct tokens_config){.issuer = "jumun", .audience = "jumun", .jwks = STR("{\"keys\":5}")}, problem));
    assert_non_null(strstr(problem, "JWKS"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_of_the_demo_issuer_is_good),
        cmocka_unit_test(demo_issuers_with_the_same_key_believe_each_other),
        cmocka_unit_test(a_demo_key_that_is_none_is_said_at_start),
        cmocka_unit_test(a_subject_that_is_no_uuid_is_given_one),
        cmocka_unit_test(an_expired_token_is_refused_also_when_it_is_remembered),
        cmocka_unit_test(one_changed_character_makes_it_worthless),
        cmocka_unit_test(another_issuers_key_is_not_believed),
        cmocka_unit_test(keys_of_the_set_are_believed_with_all_three_algorithms),
        cmocka_unit_test(a_token_for_somebody_else_is_refused),
        cmocka_unit_test(a_key_that_the_token_brings_along_is_not_believed),
        cmocka_unit_test(an_unsigned_token_and_nonsense_are_refused),
        cmocka_unit_test(a_jwks_that_is_none_is_said_at_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
