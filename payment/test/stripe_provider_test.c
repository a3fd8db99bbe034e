/* The adapter for Stripe: the contract of every provider, and what each kind of answer means. */
#include "clock.h"
#include "provider_contract.h"
#include "settings.h"
#include "stripe_stand_in.h"
#include <string.h>

static bool start(void)
{
    char problem[200];
    return stripe_provider.start(NULL, problem);
}

static int setup(void **state)
{
    (void)state;
    payment_config.stripe_url = stand_in_start();
    payment_config.stripe_key = STAND_IN_KEY;
    return start() ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    stripe_provider.stop();
    stand_in_stop();
    return 0;
}

static const struct provider_contract contract = {
    .provider = &stripe_provider,
    .approved = PM_APPROVED,
    .declined = PM_DECLINED,
    .decline_code = "insufficient_funds",
    .hangs = PM_HANGS,
    .lost = PM_LOST,
    .refund_fails_twice = PM_REFUND_FAILS_TWICE,
    .refund_fault_code = "expired_or_canceled_card",
    .unknown_charge = "pi_of_nobody",
    .restart = start,
    .charged = stand_in_charged,
    .refunded = stand_in_refunded,
};

/* ── what it does besides ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct asked charge(struct uuid key, const char *token)
{
    return charge_of(&stripe_provider, key, token, PROVIDER_LONG);
}

static struct asked charge_answered(int status, const char *body)
{
    stand_in_answers(status, body);
    return charge(uuid_new(), PM_APPROVED);
}

#define FAULT(type, code) "{\"error\":{\"type\":\"" type "\",\"code\":\"" code "\",\"message\":\"…\"}}"

static void an_error_about_the_request_is_a_decline_with_its_code(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body, *code;
    } cases[] = {
        {402, "{\"error\":{\"type\":\"card_error\",\"code\":\"card_declined\",\"decline_code\":\"stolen_card\"}}", "stolen_card"},
        {402, FAULT("card_error", "expired_card"), "expired_card"},
        {402, "{\"error\":{\"type\":\"card_error\"}}", "declined"},
        {400, FAULT("invalid_request_error", "resource_missing"), "resource_missing"},
        {200, "{\"id\":\"pi_1\",\"status\":\"requires_payment_method\",\"last_payment_error\":{\"code\":\"card_declined\"}}",
         "card_declined"},
        {200, "{\"id\":\"pi_1\",\"status\":\"requires_action\"}", "requires_action"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct asked a = charge_answered(cases[i].status, cases[i].body);
        assert_int_equal(a.answer, PROVIDER_DECLINED);
        assert_string_equal(a.text, cases[i].code);
    }
}

static void an_error_about_us_or_the_moment_is_silence(void **state)
{
    (void)state;
    static const struct {
        int status;
        const char *body;
    } cases[] = {
        {401, FAULT("invalid_request_error", "")},
        {403, FAULT("invalid_request_error", "")},
        {400, FAULT("idempotency_error", "")},
        {404, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"Unrecognized request URL\"}}"},
        {409, FAULT("idempotency_error", "idempotency_key_in_use")},
        {429, FAULT("invalid_request_error", "rate_limit")},
        {500, FAULT("api_error", "")},
        {503, "<html>"},
        {200, "{\"id\":\"pi_1\"}"},
        {200, "not json"},
        {200, "{\"id\":\"../../secrets\",\"status\":\"succeeded\"}"},
        {302, "{}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(charge_answered(cases[i].status, cases[i].body).answer, PROVIDER_SILENT);
}

static void what_was_open_is_known_when_asked_again(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    stand_in_answers(500, FAULT("api_error", ""));
    assert_int_equal(charge(key, PM_APPROVED).answer, PROVIDER_SILENT);
    assert_int_equal(charge(key, PM_APPROVED).answer, PROVIDER_APPROVED);
    assert_int_equal(stand_in_charged(key), PROVIDER_AMOUNT);
}

/* The key says "processing" for ever; the object does not. */
static void what_is_processing_is_looked_up(void **state)
{
    (void)state;
    struct uuid key = uuid_new();
    struct asked first = charge(key, PM_PROCESSING), again = charge(key, PM_PROCESSING);
    assert_int_equal(first.answer, PROVIDER_APPROVED);
    assert_string_equal(first.text, again.text);
}

static void a_pending_refund_is_looked_up(void **state)
{
    (void)state;
    struct asked taken = charge(uuid_new(), PM_REFUND_PENDING);
    assert_int_equal(refund_of(&stripe_provider, uuid_new(), taken.text).answer, PROVIDER_APPROVED);
}

static void a_look_that_finds_nothing_leaves_it_open(void **state)
{
    (void)state;
    assert_int_equal(charge_answered(200, "{\"id\":\"pi_not_here\",\"status\":\"processing\"}").answer, PROVIDER_SILENT);
}

static void the_secret_key_goes_along(void **state)
{
    (void)state;
    stripe_provider.stop();
    payment_config.stripe_key = "sk_of_somebody_else";
    assert_true(start());
    struct uuid key = uuid_new();
    assert_int_equal(charge(key, PM_APPROVED).answer, PROVIDER_SILENT);
    assert_int_equal(stand_in_charged(key), 0);
    stripe_provider.stop();
    payment_config.stripe_key = STAND_IN_KEY;
    assert_true(start());
}

static void without_a_secret_key_it_does_not_start(void **state)
{
    (void)state;
    char problem[200] = "";
    const char *key = payment_config.stripe_key;
    payment_config.stripe_key = "";
    assert_false(stripe_provider.start(NULL, problem));
    assert_non_null(strstr(problem, "JUMUN_STRIPE_KEY"));
    payment_config.stripe_key = key;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_about_the_request_is_a_decline_with_its_code),
        cmocka_unit_test(an_error_about_us_or_the_moment_is_silence),
        cmocka_unit_test(what_was_open_is_known_when_asked_again),
        cmocka_unit_test(what_is_processing_is_looked_up),
        cmocka_unit_test(a_pending_refund_is_looked_up),
        cmocka_unit_test(a_look_that_finds_nothing_leaves_it_open),
        cmocka_unit_test(the_secret_key_goes_along),
        cmocka_unit_test(without_a_secret_key_it_does_not_start),
    };
    int failed = provider_contract_run(&contract, "stripe, as every provider", setup, teardown);
    return failed + cmocka_run_group_tests_name("stripe", tests, setup, teardown);
}
