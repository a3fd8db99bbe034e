/* What is said to orders in their tests, and by whom. */
#ifndef JUMUN_ORDER_SAID_H
#define JUMUN_ORDER_SAID_H

#include "given.h"
#include "invariant.h"
#include "order.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define STORY(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

static const struct uuid order_id = {{1}}, customer = {{2}}, stranger = {{3}}, payment_id = {{4}};
static const struct uuid tea = {{0x10}}, cup = {{0x11}};

#define WINDOW MINUTES(15)

static inline struct money krw(int64_t amount)
{
    return (struct money){amount, "KRW"};
}

/* ── what is said ───────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static inline struct command product_is(struct uuid id, int64_t version, struct str name, struct money price, int64_t available)
{
    static struct record_product seen;
    seen = (struct record_product){id, {.product_version = version, .name = name, .price = price, .available = available}};
    return (struct command){.type = RECORD_PRODUCT, .data = &seen};
}

static inline struct command place(const struct place_item *items, size_t n, struct payment_means means)
{
    static struct place_order said;
    said = (struct place_order){
        .order = order_id,
        .customer = customer,
        .items = items,
        .item_count = n,
        .address = {.recipient = STR("김주문"), .phone = STR("010-1234-5678"), .zip = STR("04524"), .line1 = STR("세종대로 110")},
        .means = means,
        .payment_window = WINDOW,
    };
    return (struct command){.type = PLACE_ORDER, .data = &said};
}

static const struct payment_means card = {STR_CONST("card"), STR_CONST("tok_ok")};

static inline struct command place_two_teas_and_a_cup(void)
{
    static const struct place_item items[] = {{{{0x10}}, 2}, {{{0x11}}, 1}};
    return place(items, 2, card);
}

static inline struct command pay_by(struct uuid who, struct payment_means means, bool repeated)
{
    static struct pay_order said;
    said = (struct pay_order){order_id, who, means, repeated};
    return (struct command){.type = PAY_ORDER, .data = &said};
}

static inline struct command pay(void)
{
    return pay_by(customer, card, false);
}

static inline struct command payment(int64_t attempt, enum payment_outcome outcome, struct money amount)
{
    static struct record_payment said;
    said = (struct record_payment){.order = order_id, .attempt = attempt, .outcome = outcome};
    if (outcome == PAYMENT_APPROVED) {
        said.payment_id = payment_id;
        said.amount = amount;
    }
    if (outcome == PAYMENT_DECLINED)
        said.decline_code = STR("insufficient_funds");
    return (struct command){.type = RECORD_PAYMENT, .data = &said};
}

static inline struct command approved(int64_t attempt)
{
    return payment(attempt, PAYMENT_APPROVED, krw(25000));
}

static inline struct command declined(int64_t attempt)
{
    return payment(attempt, PAYMENT_DECLINED, krw(0));
}

static inline struct command unknown(int64_t attempt)
{
    return payment(attempt, PAYMENT_UNKNOWN, krw(0));
}

static inline struct command fact(enum order_command type)
{
    static const struct order_fact said = {{{1}}};
    return (struct command){.type = (int)type, .data = &said};
}

static inline struct command cancel_by(struct uuid who, bool by_operator)
{
    static struct cancel_order said;
    said = (struct cancel_order){order_id, who, by_operator};
    return (struct command){.type = CANCEL_ORDER, .data = &said};
}

static inline struct command refunded(struct money amount)
{
    static struct record_refund said;
    said = (struct record_refund){order_id, amount};
    return (struct command){.type = RECORD_REFUNDED, .data = &said};
}

static inline struct command review(int64_t attempt)
{
    static struct payment_review said;
    said = (struct payment_review){order_id, attempt, STR("the provider is silent")};
    return (struct command){.type = RECORD_PAYMENT_NEEDS_REVIEW, .data = &said};
}

static inline struct command timer_due(void)
{
    static const struct timer_due due = {.timer = ORDER_UNPAID_TIMER, .aggregate_kind = ORDER, .id = {{1}}};
    return (struct command){.type = COMMAND_TIMER_DUE, .data = &due};
}

static inline const struct order *order(struct story *s)
{
    return story_state(s, ORDER, order_id);
}

static inline void given_a_catalog(struct story *s)
{
    given(s, product_is(tea, 1, STR("녹차"), krw(10000), 10));
    given(s, product_is(cup, 1, STR("찻잔"), krw(5000), 3));
}

static inline int setup(void **state)
{
    static struct story s;
    story_init(&s, &order_decider);
    given_a_catalog(&s);
    *state = &s;
    return 0;
}

static inline int teardown(void **state)
{
    story_release(*state);
    return 0;
}

static inline void refused_for(struct story *s, int status, const char *type, const char *pointer, const char *code)
{
    const struct refusal *r = then_refused(s, status, type);
    for (size_t i = 0; i < r->error_count; i++)
        if (str_is(r->errors[i].pointer, pointer) && strcmp(r->errors[i].code, code) == 0)
            return;
    fail_msg("no error %s at %s", code, pointer);
}

#endif
