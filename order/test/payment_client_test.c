/* The payment client, against a payment service that this test plays: what each answer means, and when nobody is asked any more. */
#include "clock.h"
#include "http.h"
#include "memory.h"
#include "order.h"
#include "outbound/payment_client.h"
#include "settings.h"
#include "testing.h"
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ── the engine, played: what is submitted is kept ──────────────────────────────────────────────────────────────────────────────────── */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static STAILQ_HEAD(, engine_command) submitted = STAILQ_HEAD_INITIALIZER(submitted); /* under lock */

struct engine_command *engine_outcome_command(const struct effect *effect)
{
    struct engine_command *c = NEW(struct engine_command);
    arena_init(&c->arena);
    c->command.correlation = effect->correlation;
    return c;
}

void engine_submit(struct engine *e, struct engine_command *c)
{
    (void)e;
    pthread_mutex_lock(&lock);
    STAILQ_INSERT_TAIL(&submitted, c, next);
    pthread_mutex_unlock(&lock);
}

/* The next outcome that is in; false: none is. What it points to lives until the test's end. */
static bool outcome_is_in(struct record_payment *r, struct arena *arena)
{
    pthread_mutex_lock(&lock);
    struct engine_command *c = STAILQ_FIRST(&submitted);
    if (c)
        STAILQ_REMOVE_HEAD(&submitted, next);
    pthread_mutex_unlock(&lock);
    if (!c)
        return false;
    assert_int_equal(c->command.type, RECORD_PAYMENT);
    *r = *(const struct record_payment *)c->command.data;
    r->decline_code = arena_str(arena, r->decline_code);
    arena_release(&c->arena);
    free(c);
    return true;
}

/* ── payment, played ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct {
    struct http_server *server;
    int status; /* of its answers; 0: it keeps silent. Set before the question, and so seen by the server's thread after it */
    struct str body;
    struct http_request *silent[100];
    _Atomic size_t silent_count, asked;
    char last[1000], subject[UUID_TEXT + 1]; /* what it was asked last, for whom */
} payment;

static void keep(char *to, size_t room, struct str from)
{
    assert_true(from.n < room);
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
}

static void answer(struct http_request *rq, void *ctx)
{
    (void)ctx;
    keep(payment.last, sizeof payment.last, http_body(rq));
    keep(payment.subject, sizeof payment.subject, http_header(rq, "X-Jumun-Subject"));
    payment.asked++; /* before who asked knows that it was */
    if (payment.status) {
        http_reply_json(rq, payment.status, payment.body);
    } else {
        payment.silent[payment.silent_count] = rq;
        payment.silent_count++;
    }
}

static const struct http_route routes[] = {{"POST", "/payments/{id}/attempts", answer, 0, NULL}, {0}};

static void payment_says(int status, struct str body)
{
    payment.status = status;
    payment.body = body;
}

#define ID       "\"paymentId\":\"01900000-0000-7000-8000-00000000aaaa\""
#define APPROVED STR("{\"status\":\"APPROVED\"," ID ",\"attempt\":1,\"amount\":{\"amount\":25000,\"currency\":\"KRW\"}}")

/* ── a test's own ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    char problem[200];
    arena_init(&arena);
    payment.server = http_start(&(struct http_config){.listen = "127.0.0.1:0", .routes = routes}, problem);
    assert_non_null(payment.server);
    payment.silent_count = payment.asked = 0;
    order_config.payment_url = arena_printf(&arena, "http://127.0.0.1:%u", http_port(payment.server)).p;
    order_config.payment_deadline = SECONDS(30); /* none of the tests' business, but of the one about silence */
    order_config.payment_breaker = (struct breaker_config){
        .window = SECONDS(60), .minimum_calls = 4, .failure_percent = 50, .open_for = SECONDS(1), .probes = 2, .calls_max = 8};
    payment_client_start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    struct record_payment r;
    payment_client_stop();
    for (size_t i = 0; i < payment.silent_count; i++)
        http_reply_json(payment.silent[i], 200, APPROVED);
    http_stop(payment.server, SECONDS(5));
    while (outcome_is_in(&r, &arena))
        ;
    arena_release(&arena);
    return 0;
}

static void ask(void)
{
    static const struct ask_payment question = {
        .order = {{1}}, .customer = {{2}}, .attempt = 1, .amount = {25000, "KRW"}, .method = "card", .token = "tok_ok"};
    payment_client_ask(NULL, NULL, &(struct effect){.aggregate = {{1}}, .correlation = {{1}}, .data = &question});
}

static struct record_payment outcome(void)
{
    struct record_payment r;
    testing_wait_until(outcome_is_in(&r, &arena));
    assert_true(uuid_equal(r.order, (struct uuid){{1}}));
    return r;
}

static struct record_payment asked(void)
{
    ask();
    return outcome();
}

static struct breaker breaker(void)
{
    struct breaker now;
    payment_client_breaker(&now);
    return now;
}

static void failures_are(int64_t expected)
{
    int64_t ended, failed;
    struct breaker b = breaker();
    breaker_recent(&b, clock_monotonic(), &ended, &failed);
    assert_int_equal(failed, expected);
}

/* ── what an answer means ───────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void an_approval_says_how_much_of_which_payment(void **state)
{
    (void)state;
    payment_says(200, APPROVED);
    struct record_payment r = asked();
    assert_int_equal(r.outcome, PAYMENT_APPROVED);
    assert_int_equal(r.attempt, 1);
    assert_true(money_equal(r.amount, (struct money){25000, "KRW"}));
    assert_false(uuid_is_nil(r.payment_id));
    assert_string_equal(payment.last,
                        "{\"attempt\":1,\"amount\":{\"amount\":25000,\"currency\":\"KRW\"},\"method\":\"card\",\"token\":\"tok_ok\"}");
    assert_string_equal(payment.subject, "02000000-0000-0000-0000-000000000000");
}

static void a_decline_says_why(void **state)
{
    (void)state;
    payment_says(200, STR("{\"status\":\"DECLINED\"," ID ",\"attempt\":1,\"amount\":{\"amount\":25000,\"currency\":\"KRW\"},"
                          "\"declineCode\":\"insufficient_funds\"}"));
    struct record_payment r = asked();
    assert_int_equal(r.outcome, PAYMENT_DECLINED);
    assert_true(str_is(r.decline_code, "insufficient_funds"));
}

static void a_closed_payment_needs_no_more_than_its_status(void **state)
{
    (void)state;
    payment_says(200, STR("{\"status\":\"CLOSED\",\"attempt\":1}"));
    assert_int_equal(asked().outcome, PAYMENT_CLOSED);
}

static void what_is_not_understood_is_not_known(void **state)
{
    (void)state;
    static const struct str bodies[] = {
        STR_CONST("{\"status\":\"PROCESSING\"," ID ",\"attempt\":1,\"amount\":{\"amount\":25000,\"currency\":\"KRW\"}}"),
        STR_CONST("{\"status\":\"APPROVED\",\"attempt\":1,\"amount\":{\"amount\":25000,\"currency\":\"KRW\"}}"),
        STR_CONST("{\"status\":\"SOMETHING_NEW\"," ID ",\"attempt\":1}"),
        STR_CONST("{}"),
        STR_CONST("APPROVED"),
        STR_CONST(""),
    };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        payment_says(200, bodies[i]);
        assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    }
    payment_says(409, APPROVED);
    assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    failures_are(0); /* whatever it says: it is at home */
}

static void silence_is_not_known(void **state)
{
    (void)state;
    order_config.payment_deadline = MILLISECONDS(100);
    payment_says(0, STR(""));
    duration began = clock_monotonic();
    assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    assert_true(clock_monotonic() - began >= order_config.payment_deadline);
    failures_are(1);
}

/* ── the breaker ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void a_broken_payment_is_left_alone_and_found_again(void **state)
{
    (void)state;
    payment_says(500, STR("{}"));
    for (int i = 0; i < 4; i++)
        assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    assert_int_equal(breaker().state, BREAKER_OPEN);
    duration opened = breaker().since;
    assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    bool probed = payment.asked > 4; /* the fifth does not reach it, unless it was a long time in coming */
    assert_true(!probed || clock_monotonic() - opened >= order_config.payment_breaker.open_for);
    payment_says(200, APPROVED);
    testing_wait_until(asked().outcome == PAYMENT_APPROVED);
    assert_int_equal(asked().outcome, PAYMENT_APPROVED);
    assert_int_equal(breaker().state, BREAKER_CLOSED);
    assert_int_equal(payment.asked, 6 + probed);
}

static void an_absent_payment_is_a_failure(void **state)
{
    (void)state;
    order_config.payment_url = "http://127.0.0.1:1";
    assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    failures_are(1);
}

static void whom_there_is_no_room_for_does_not_wait(void **state)
{
    (void)state;
    payment_says(0, STR(""));
    for (int i = 0; i < 8; i++)
        ask();
    testing_wait_until(payment.silent_count == 8);
    duration began = clock_monotonic();
    assert_int_equal(asked().outcome, PAYMENT_UNKNOWN); /* the ninth, at once: no other outcome can be in yet */
    assert_true(clock_monotonic() - began < order_config.payment_deadline);
    assert_int_equal(payment.asked, 8);
    assert_int_equal(breaker().under_way, 8);
}

static void before_the_start_nothing_is_known(void **state)
{
    (void)state;
    payment_client_stop();
    payment_says(200, APPROVED);
    assert_int_equal(asked().outcome, PAYMENT_UNKNOWN);
    assert_int_equal(payment.asked, 0);
}

int main(void)
{
#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        STORY(an_approval_says_how_much_of_which_payment),
        STORY(a_decline_says_why),
        STORY(a_closed_payment_needs_no_more_than_its_status),
        STORY(what_is_not_understood_is_not_known),
        STORY(silence_is_not_known),
        STORY(a_broken_payment_is_left_alone_and_found_again),
        STORY(an_absent_payment_is_a_failure),
        STORY(whom_there_is_no_room_for_does_not_wait),
        STORY(before_the_start_nothing_is_known),
    };
    return cmocka_run_group_tests_name("payment_client", tests, NULL, NULL);
}
