/* What a customer is told, as stories. */
#include "given.h"

#include "notification.h"
#include "text.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define THE_ORDER                                                                                                                          \
    {                                                                                                                                      \
        {                                                                                                                                  \
            1                                                                                                                              \
        }                                                                                                                                  \
    }
#define KIM                                                                                                                                \
    {                                                                                                                                      \
        {                                                                                                                                  \
            2                                                                                                                              \
        }                                                                                                                                  \
    }
static const struct uuid order = THE_ORDER, kim = KIM, lee = {{3}}, event = {{4}};

static int begin(void **state)
{
    static struct story story;
    story_init(&story, &notification_decider);
    *state = &story;
    return 0;
}

static int end(void **state)
{
    story_release(*state);
    return 0;
}

/* ── what happens ── */

static struct command tell(const struct tell *t)
{
    return (struct command){.type = TELL, .data = t, .cause = event, .correlation = t->order};
}

static const struct tell placed = {
    .order = THE_ORDER, .kind = ORDER_PLACED, .customer = KIM, .first_item = {"녹차", 6}, .item_count = 3, .amount = {24000, "KRW"}};
static const struct tell confirmed = {
    .order = THE_ORDER, .kind = ORDER_CONFIRMED, .customer = KIM, .first_item = {"녹차", 6}, .item_count = 3, .amount = {24000, "KRW"}};
static const struct tell declined = {.order = THE_ORDER, .kind = PAYMENT_DECLINED, .customer = KIM};
static const struct tell ready = {.order = THE_ORDER, .kind = DELIVERY_READY, .customer = KIM};
static const struct tell started = {
    .order = THE_ORDER, .kind = DELIVERY_STARTED, .customer = KIM, .carrier = {"CJ", 2}, .tracking_number = {"6012", 4}};
static const struct tell cancel_requested = {.order = THE_ORDER, .kind = CANCEL_REQUESTED, .customer = KIM, .reason = REASON_OUT_OF_STOCK};
static const struct tell cancel_refused = {.order = THE_ORDER, .kind = CANCEL_REFUSED, .customer = KIM, .reason = REASON_CUSTOMER};
static const struct tell cancelled = {
    .order = THE_ORDER, .kind = ORDER_CANCELLED, .customer = KIM, .reason = REASON_OUT_OF_STOCK, .amount = {24000, "KRW"}};
static const struct tell refunded = {.order = THE_ORDER, .kind = PAYMENT_REFUNDED, .customer = KIM, .amount = {24000, "KRW"}};
static const struct tell completed = {.order = THE_ORDER, .kind = DELIVERY_COMPLETED, .customer = KIM};

static struct command about(int type, enum notice_kind kind)
{
    static struct sending_outcome outcome;
    static struct resumed resumed;
    outcome = (struct sending_outcome){notice_id(order, kind), kim, CHANNEL_log, FAILURE_UNREACHABLE};
    resumed = (struct resumed){notice_id(order, kind), kim};
    return (struct command){.type = type, .data = type == SEND_AGAIN ? (void *)&resumed : &outcome, .correlation = order};
}

/* The channel says why it has not taken the notice. */
static struct command failed(enum notice_kind kind, int channel, enum channel_failure failure)
{
    static struct sending_outcome outcome;
    outcome = (struct sending_outcome){notice_id(order, kind), kim, channel, failure};
    return (struct command){.type = RECORD_FAILED, .data = &outcome, .correlation = order};
}

static struct command taken(enum notice_kind kind, int channel)
{
    struct command c = failed(kind, channel, 0);
    c.type = RECORD_SENT;
    return c;
}

/* What RESUME brings, as the service would submit it. */
static struct command resumed(struct story *s)
{
    static struct resume resume;
    resume = *(const struct resume *)then_effect(s, RESUME);
    return (struct command){.type = resume.command, .data = &resume.resumed, .correlation = order};
}

static struct command prefers(struct preferences wanted)
{
    static struct prefer prefer;
    prefer = (struct prefer){.customer = kim, .version = PREFERENCES_VERSION_ANY, .wanted = wanted, .offered = ~0U};
    return (struct command){.type = PREFER, .data = &prefer, .correlation = kim};
}

static const struct preferences english_by_alimtalk_then_email = {
    .language = LANGUAGE_en,
    .channels = {2, {CHANNEL_alimtalk, CHANNEL_email}},
    .email = {"kim@example.com", 15},
    .phone = {"01012345678", 11},
};

static struct command due(int timer, int aggregate_kind, struct uuid id)
{
    static struct timer_due data;
    data = (struct timer_due){timer, aggregate_kind, id};
    return (struct command){.type = COMMAND_TIMER_DUE, .data = &data, .correlation = order};
}

static const struct notice *notice(struct story *s, enum notice_kind kind)
{
    return story_state(s, NOTICE, notice_id(order, kind));
}

static const struct dialogue *dialogue(struct story *s)
{
    return story_state(s, DIALOGUE, order);
}

static void assert_text(struct str text, const char *expected)
{
    if (!str_is(text, expected))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(text), expected);
}

/* ── stories ── */

static void a_placed_order_is_told_in_korean_by_the_log(void **state)
{
    struct story *s = *state;
    when(s, tell(&placed));
    then_event(s, DIALOGUE_LEARNT);
    const struct notice *n = then_event(s, NOTICE_INTENDED);
    then_no_more(s);
    assert_text(n->text, "녹차 외 2건 주문을 접수했습니다. 결제하실 금액은 24,000원입니다.");
    assert_true(uuid_equal(n->customer, kim) && uuid_equal(n->cause, event));
    assert_int_equal(n->status, NOTICE_PENDING);
    assert_int_equal(n->language, LANGUAGE_ko);
    assert_int_equal(n->at, s->now);
    const struct send *send = then_effect(s, SEND);
    assert_true(uuid_equal(send->notice, notice_id(order, ORDER_PLACED)));
    assert_text((struct str){send->text, send->text_length}, "녹차 외 2건 주문을 접수했습니다. 결제하실 금액은 24,000원입니다.");
}

static void a_kind_is_told_once_whatever_comes_again(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    given(s, tell(&declined));
    when(s, tell(&declined)); /* the second attempt */
    then_nothing(s);
    when(s, tell(&placed));
    then_nothing(s);
}

static void what_the_channel_took_is_sent_and_published_once(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    when(s, about(RECORD_SENT, ORDER_PLACED));
    const struct notice_told *told = then_event(s, NOTIFICATION_SENT);
    then_no_more(s);
    assert_true(uuid_equal(told->order, order) && uuid_equal(told->customer, kim));
    assert_int_equal(told->kind, ORDER_PLACED);
    assert_int_equal(notice(s, ORDER_PLACED)->status, NOTICE_SENT);
    assert_int_equal(story_aggregate(s, NOTICE, notice_id(order, ORDER_PLACED))->version, 1);
    when(s, about(RECORD_SENT, ORDER_PLACED));
    then_nothing(s);
}

static void a_delivery_speaks_of_the_order_and_its_carrier(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    when(s, tell(&started));
    const struct notice *n = then_event(s, NOTICE_INTENDED);
    then_no_more(s);
    assert_text(n->text, "녹차 외 2건 배송을 시작했습니다. CJ, 운송장 번호 6012");
    assert_true(uuid_equal(n->customer, kim));
}

static void a_delivery_that_overtakes_its_order_waits_for_the_customer(void **state)
{
    struct story *s = *state;
    when(s, tell(&started));
    then_event(s, DIALOGUE_WAITS);
    then_no_more(s);
    when(s, tell(&started));
    then_nothing(s);
    given(s, tell(&completed));

    when(s, tell(&placed));
    assert_int_equal(then_timer(s, CATCH_UP), s->now + SENDING_PATIENCE); /* should the effect be lost in a crash */
    when(s, resumed(s));
    assert_int_equal(then_timer(s, CATCH_UP), 0);
    const struct notice *n = then_event(s, NOTICE_INTENDED);
    assert_text(n->text, "녹차 외 2건 배송을 시작했습니다. CJ, 운송장 번호 6012");
    assert_true(uuid_equal(n->cause, event));
    n = then_event(s, NOTICE_INTENDED);
    assert_int_equal(n->kind, DELIVERY_COMPLETED);
    then_event(s, DIALOGUE_CAUGHT_UP);
    then_no_more(s);
    assert_true(str_absent(dialogue(s)->carrier));
    when(s, due(CATCH_UP, DIALOGUE, order));
    then_nothing(s);
}

static void a_cancel_is_told_with_its_reason_and_what_was_refunded(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    given(s, tell(&cancel_requested));
    assert_text(notice(s, CANCEL_REQUESTED)->text,
                "죄송합니다. 재고가 부족하여 녹차 외 2건 주문을 취소하고 있습니다. 취소가 끝나면 다시 알려 드리겠습니다.");
    given(s, tell(&refunded));
    assert_text(notice(s, PAYMENT_REFUNDED)->text,
                "녹차 외 2건 주문의 결제 금액 24,000원을 환불했습니다. 카드사에 따라 며칠 뒤에 반영될 수 있습니다.");
    given(s, tell(&cancelled));
    assert_text(notice(s, ORDER_CANCELLED)->text,
                "죄송합니다. 재고가 부족하여 녹차 외 2건 주문이 취소되었습니다. 결제하신 24,000원을 환불해 드렸습니다.");
}

static void an_order_that_was_never_paid_is_cancelled_without_a_refund(void **state)
{
    struct story *s = *state;
    struct tell unpaid = cancelled;
    unpaid.amount.amount = 0;
    unpaid.reason = REASON_PAYMENT_WINDOW_CLOSED;
    given(s, tell(&placed));
    given(s, tell(&unpaid));
    assert_text(notice(s, ORDER_CANCELLED)->text, "결제 기한이 지나 녹차 외 2건 주문이 취소되었습니다. 결제된 금액은 없습니다.");
}

static void a_cancel_that_came_too_late_is_told_as_such(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    when(s, tell(&cancel_refused));
    const struct notice *n = then_event(s, NOTICE_INTENDED);
    then_no_more(s);
    assert_text(n->text, "녹차 외 2건 배송이 이미 시작되어 주문을 취소할 수 없습니다. 배송은 예정대로 진행됩니다.");
}

static void a_refund_that_overtakes_its_order_waits_and_keeps_its_amount(void **state)
{
    struct story *s = *state;
    when(s, tell(&refunded));
    then_event(s, DIALOGUE_WAITS);
    then_no_more(s);
    when(s, tell(&placed));
    given(s, resumed(s));
    assert_text(notice(s, PAYMENT_REFUNDED)->text,
                "녹차 외 2건 주문의 결제 금액 24,000원을 환불했습니다. 카드사에 따라 며칠 뒤에 반영될 수 있습니다.");
    assert_int_equal(dialogue(s)->amount.amount, 0);
}

static void another_customer_for_the_same_order_is_a_contradiction(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    struct tell other = confirmed;
    other.customer = lee;
    when(s, tell(&other));
    then_refused(s, 409, "/problems/other-customer");
}

static void a_failed_sending_is_tried_again_after_longer_and_longer_pauses(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    when(s, about(RECORD_FAILED, ORDER_PLACED));
    then_event(s, NOTICE_DELAYED);
    assert_int_equal(then_timer(s, RETRY), s->now + SECONDS(2));
    when(s, due(RETRY, NOTICE, notice_id(order, ORDER_PLACED)));
    then_no_more(s);
    assert_int_equal(then_timer(s, RETRY), s->now + SENDING_PATIENCE); /* should the answer be lost in a crash */
    when(s, resumed(s));
    then_no_more(s);
    then_effect(s, SEND);
    when(s, about(RECORD_FAILED, ORDER_PLACED));
    assert_int_equal(then_timer(s, RETRY), s->now + SECONDS(4));
    when(s, about(RECORD_SENT, ORDER_PLACED));
    then_event(s, NOTIFICATION_SENT);
    assert_int_equal(then_timer(s, RETRY), 0);
    when(s, due(RETRY, NOTICE, notice_id(order, ORDER_PLACED)));
    then_nothing(s);
}

static void what_no_channel_takes_is_given_up_in_public(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    for (int i = 1; i < NOTICE_ATTEMPTS_MAX; i++)
        given(s, about(RECORD_FAILED, ORDER_PLACED));
    when(s, about(RECORD_FAILED, ORDER_PLACED));
    then_event(s, NOTIFICATION_GIVEN_UP);
    then_no_more(s);
    assert_int_equal(then_timer(s, RETRY), 0);
    assert_int_equal(notice(s, ORDER_PLACED)->status, NOTICE_GIVEN_UP);
    when(s, about(SEND_AGAIN, ORDER_PLACED));
    then_nothing(s);
}

/* ── preferences and channels ── */

static void a_customer_is_told_in_their_language_by_the_channel_they_like_best(void **state)
{
    struct story *s = *state;
    given(s, prefers(english_by_alimtalk_then_email));
    when(s, tell(&placed));
    const struct send *send = then_effect(s, SEND);
    assert_int_equal(send->channel, CHANNEL_alimtalk);
    assert_int_equal(send->language, LANGUAGE_en);
    assert_text((struct str){send->text, send->text_length}, "We have received your order of 녹차 and 2 more, KRW 24,000.");
    assert_text((struct str){send->text + send->text_length, send->address_length}, "01012345678");
}

static void a_changed_preference_holds_from_the_next_notice_on(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    given(s, prefers(english_by_alimtalk_then_email));
    given(s, tell(&started));
    assert_int_equal(notice(s, ORDER_PLACED)->language, LANGUAGE_ko);
    assert_int_equal(notice(s, DELIVERY_STARTED)->language, LANGUAGE_en);
    assert_int_equal(notice(s, DELIVERY_STARTED)->channel, CHANNEL_alimtalk);
}

static void a_delivery_that_does_not_say_whose_it_is_is_told_as_its_customer_prefers(void **state)
{
    struct story *s = *state;
    struct tell nameless = ready;
    nameless.customer = (struct uuid){{0}};
    given(s, prefers(english_by_alimtalk_then_email));
    given(s, tell(&placed));
    when(s, tell(&nameless));
    then_event(s, DIALOGUE_WAITS);
    then_no_more(s);
    given(s, resumed(s));
    assert_text(notice(s, DELIVERY_READY)->text, "녹차 and 2 more: packed, and waiting for the carrier.");
    when(s, tell(&nameless));
    then_nothing(s);
}

static void a_lost_resumption_is_taken_up_by_the_timer(void **state)
{
    struct story *s = *state;
    given(s, tell(&started));
    given(s, tell(&placed)); /* and here the process ends */
    when(s, due(CATCH_UP, DIALOGUE, order));
    given(s, resumed(s));
    assert_int_equal(notice(s, DELIVERY_STARTED)->status, NOTICE_PENDING);
    when(s, due(CATCH_UP, DIALOGUE, order));
    then_nothing(s);
}

static void who_has_no_kakaotalk_is_told_by_the_next_channel_at_once(void **state)
{
    struct story *s = *state;
    given(s, prefers(english_by_alimtalk_then_email));
    given(s, tell(&placed));
    when(s, failed(ORDER_PLACED, CHANNEL_alimtalk, FAILURE_NO_RECIPIENT));
    then_event(s, NOTICE_MOVED);
    then_no_more(s);
    const struct send *send = then_effect(s, SEND);
    assert_int_equal(send->channel, CHANNEL_email);
    assert_text((struct str){send->text + send->text_length, send->address_length}, "kim@example.com");
    assert_int_equal(((const struct report *)then_effect(s, REPORT))->given_up, false);
    assert_int_equal(then_timer(s, RETRY), s->now + SENDING_PATIENCE);

    when(s, failed(ORDER_PLACED, CHANNEL_alimtalk, FAILURE_BUSY)); /* a late answer of the first */
    then_nothing(s);
    when(s, taken(ORDER_PLACED, CHANNEL_email));
    const struct notice_told *told = then_event(s, NOTIFICATION_SENT);
    assert_int_equal(told->channel, CHANNEL_email);
    assert_int_equal(told->failures.count, 1);
    assert_int_equal(told->failures.items[0].channel, CHANNEL_alimtalk);
    assert_int_equal(told->failures.items[0].failure, FAILURE_NO_RECIPIENT);
    assert_int_equal(then_timer(s, RETRY), 0);
}

static void a_channel_that_stays_away_is_left_for_the_next_after_half_a_minute(void **state)
{
    struct story *s = *state;
    given(s, prefers(english_by_alimtalk_then_email));
    given(s, tell(&placed));
    duration waited = 0;
    for (int i = 1; i < NOTICE_ATTEMPTS_BEFORE_FALLBACK; i++) {
        when(s, failed(ORDER_PLACED, CHANNEL_alimtalk, FAILURE_UNREACHABLE));
        then_event(s, NOTICE_DELAYED);
        waited += then_timer(s, RETRY) - s->now;
    }
    assert_int_equal(waited, SECONDS(30));
    when(s, failed(ORDER_PLACED, CHANNEL_alimtalk, FAILURE_UNREACHABLE));
    then_event(s, NOTICE_MOVED);
    assert_int_equal(notice(s, ORDER_PLACED)->attempts, 0);
}

static void when_the_last_channel_fails_it_is_given_up_and_says_why(void **state)
{
    struct story *s = *state;
    given(s, prefers(english_by_alimtalk_then_email));
    given(s, tell(&placed));
    given(s, failed(ORDER_PLACED, CHANNEL_alimtalk, FAILURE_NO_RECIPIENT));
    when(s, failed(ORDER_PLACED, CHANNEL_email, FAILURE_REFUSED));
    const struct notice_told *told = then_event(s, NOTIFICATION_GIVEN_UP);
    then_no_more(s);
    assert_int_equal(told->failures.count, 2);
    assert_int_equal(told->failures.items[1].failure, FAILURE_REFUSED);
    assert_int_equal(((const struct report *)then_effect(s, REPORT))->given_up, true);
    assert_int_equal(notice(s, ORDER_PLACED)->status, NOTICE_GIVEN_UP);
    assert_int_equal(notice(s, ORDER_PLACED)->failures.count, 2);
}

static void a_retry_goes_to_the_address_that_was_corrected_meanwhile(void **state)
{
    struct story *s = *state;
    struct preferences corrected = {.channels = {1, {CHANNEL_email}}, .email = STR("kim@exmaple.com")};
    given(s, prefers(corrected));
    given(s, tell(&placed));
    given(s, failed(ORDER_PLACED, CHANNEL_email, FAILURE_UNREACHABLE));
    corrected.email = STR("kim@example.com");
    given(s, prefers(corrected));
    when(s, due(RETRY, NOTICE, notice_id(order, ORDER_PLACED)));
    when(s, resumed(s));
    const struct send *send = then_effect(s, SEND);
    assert_text((struct str){send->text + send->text_length, send->address_length}, "kim@example.com");
}

static void a_retry_goes_by_the_channel_that_is_preferred_meanwhile(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    given(s, failed(ORDER_PLACED, CHANNEL_log, FAILURE_UNREACHABLE));
    given(s, prefers(english_by_alimtalk_then_email));
    when(s, due(RETRY, NOTICE, notice_id(order, ORDER_PLACED)));
    when(s, resumed(s));
    then_event(s, NOTICE_MOVED);
    assert_int_equal(((const struct send *)then_effect(s, SEND))->channel, CHANNEL_alimtalk);
}

static void the_sweep_sends_what_was_intended_and_never_answered(void **state)
{
    struct story *s = *state;
    given(s, tell(&placed));
    when(s, about(SEND_AGAIN, ORDER_PLACED));
    then_no_more(s);
    const struct send *send = then_effect(s, SEND);
    assert_true(uuid_equal(send->cause, event));
    given(s, about(RECORD_SENT, ORDER_PLACED));
    when(s, about(SEND_AGAIN, ORDER_PLACED));
    then_nothing(s);
}

/* ── any order of arrival ── */

static const struct tell *const life[] = {&placed, &declined, &cancel_requested, &ready, &started, &completed, &refunded};
enum { LIFE = sizeof life / sizeof life[0] };

static void live(struct story *s, const int arrival[LIFE])
{
    static const struct resumed whose = {THE_ORDER, KIM};
    const struct command catch_up = {.type = TELL_WAITING, .data = &whose, .correlation = order};
    for (int i = 0; i < LIFE; i++)
        given(s, tell(life[arrival[i]]));
    given(s, catch_up);
}

static bool same_notice(const struct notice *a, const struct notice *b)
{
    return uuid_equal(a->customer, b->customer) && a->kind == b->kind && a->status == b->status && str_equal(a->text, b->text);
}

/* Topics mix as they like; within jumun.order placed comes first, for it is the first of its topic. */
static void assert_arrival(const struct story *usual, const int arrival[LIFE])
{
    struct story s;
    story_init(&s, &notification_decider);
    live(&s, arrival);
    for (int kind = 0; kind < NOTICE_KINDS; kind++)
        assert_true(same_notice(notice((struct story *)usual, kind), notice(&s, kind)));
    assert_int_equal(dialogue(&s)->waiting, 0);
    story_release(&s);
}

static void permute(const struct story *usual, int arrival[LIFE], int n, int *tried)
{
    if (n == LIFE) {
        int at[LIFE];
        for (int i = 0; i < LIFE; i++)
            at[arrival[i]] = i;
        if (at[0] < at[1] && at[1] < at[2]) {
            assert_arrival(usual, arrival);
            ++*tried;
        }
        return;
    }
    for (int i = n; i < LIFE; i++) {
        int t = arrival[n];
        arrival[n] = arrival[i], arrival[i] = t;
        permute(usual, arrival, n + 1, tried);
        arrival[i] = arrival[n], arrival[n] = t;
    }
}

static void every_order_of_arrival_tells_the_same(void **state)
{
    int arrival[LIFE] = {0, 1, 2, 3, 4, 5, 6}, tried = 0;
    live(*state, arrival);
    permute(*state, arrival, 0, &tried);
    assert_int_equal(tried, 840);
}

/* ── every status and every command ── */

enum expected { NOTHING_ = 1, INTENDS, RESUMES, SENDS, SENT_, FAILS, PREFERS };

static const int cells[NOTICE_STATUSES][NOTIFICATION_COMMANDS] = {
    [NOTICE_NONE] = {NOTHING_, INTENDS, NOTHING_, NOTHING_, NOTHING_, NOTHING_,
                     PREFERS}, /* timer, tell, waiting, again, sent, failed, prefer */
    [NOTICE_PENDING] = {RESUMES, NOTHING_, NOTHING_, SENDS, SENT_, FAILS, PREFERS},
    [NOTICE_SENT] = {NOTHING_, NOTHING_, NOTHING_, NOTHING_, NOTHING_, NOTHING_, PREFERS},
    [NOTICE_GIVEN_UP] = {NOTHING_, NOTHING_, NOTHING_, NOTHING_, NOTHING_, NOTHING_, PREFERS},
};

static void given_status(struct story *s, int status)
{
    given(s, tell(&placed));
    if (status != NOTICE_NONE)
        given(s, tell(&ready));
    if (status == NOTICE_SENT)
        given(s, about(RECORD_SENT, DELIVERY_READY));
    for (int i = 0; status == NOTICE_GIVEN_UP && i < NOTICE_ATTEMPTS_MAX; i++)
        given(s, about(RECORD_FAILED, DELIVERY_READY));
    assert_int_equal(notice(s, DELIVERY_READY)->status, status);
}

static void then_cell(struct story *s, int cell)
{
    switch (cell) {
    case NOTHING_: then_nothing(s); return;
    case INTENDS: then_event(s, NOTICE_INTENDED); break;
    case RESUMES: then_effect(s, RESUME); break;
    case PREFERS: then_event(s, PREFERENCES_CHANGED); break;
    case SENDS: then_effect(s, SEND); break;
    case SENT_: then_event(s, NOTIFICATION_SENT); break;
    case FAILS: then_event(s, NOTICE_DELAYED); break;
    default: fail_msg("a status and a command of which nothing is stated");
    }
    then_no_more(s);
}

static struct command command_for_cell(int command)
{
    static const struct resumed dialogue = {THE_ORDER, KIM};
    switch (command) {
    case COMMAND_TIMER_DUE: return due(RETRY, NOTICE, notice_id(order, DELIVERY_READY));
    case TELL: return tell(&ready);
    case TELL_WAITING: return (struct command){.type = TELL_WAITING, .data = &dialogue, .correlation = order};
    case PREFER: return prefers(english_by_alimtalk_then_email);
    default: return about(command, DELIVERY_READY);
    }
}

static void every_status_knows_every_command(void **state)
{
    (void)state;
    for (int status = 0; status < NOTICE_STATUSES; status++)
        for (int command = 0; command < NOTIFICATION_COMMANDS; command++) {
            struct story s;
            story_init(&s, &notification_decider);
            given_status(&s, status);
            when(&s, command_for_cell(command));
            then_cell(&s, cells[status][command]);
            story_release(&s);
        }
}

/* ── texts ── */

static void texts_say_amounts_as_people_write_them(void **state)
{
    struct arena *a = &((struct story *)*state)->arena;
    assert_text(money_text(a, LANGUAGE_ko, (struct money){0, "KRW"}), "0원");
    assert_text(money_text(a, LANGUAGE_ko, (struct money){1234005, "KRW"}), "1,234,005원");
    assert_text(money_text(a, LANGUAGE_en, (struct money){12000, "KRW"}), "KRW 12,000");
    assert_text(money_text(a, LANGUAGE_ko, (struct money){123405, "USD"}), "USD 1,234.05");
}

static void texts_take_the_korean_particle_that_fits(void **state)
{
    struct arena *a = &((struct story *)*state)->arena;
    static const struct {
        const char *word, *both, *particle;
    } cases[] = {
        {"주문", "을/를", "을"},
        {"녹차", "을/를", "를"},
        {"12,000원", "이/가", "이"},
        {"제주 녹차 (100g)", "이/가", "이(가)"},
        {"USD 12.30", "을/를", "을"},
        {"USD 12.34", "을/를", "를"},
        {"다기 세트 (2인)", "은/는", "은"},
        {"Mug", "을/를", "을(를)"},
        {"", "을/를", "을(를)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_text(particle_after(a, str_of(cases[i].word), str_of(cases[i].both)), cases[i].particle);
}

static void every_reason_has_its_sentence(void **state)
{
    struct arena *a = &((struct story *)*state)->arena;
    struct text_facts tea = {.first_item = STR("Tea"), .item_count = 1, .amount = {500, "KRW"}};
    struct str told[CANCEL_REASONS][NOTICE_LANGUAGES];
    for (int reason = 0; reason < CANCEL_REASONS; reason++)
        for (int language = 0; language < NOTICE_LANGUAGES; language++) {
            tea.reason = reason;
            told[reason][language] = notice_text(a, CANCEL_REQUESTED, language, &tea);
            for (int other = 0; other < reason; other++)
                assert_false(str_equal(told[reason][language], told[other][language]));
        }
    assert_text(told[REASON_UNKNOWN][LANGUAGE_ko], "Tea 주문을 취소하고 있습니다. 취소가 끝나면 다시 알려 드리겠습니다.");
    assert_text(told[REASON_CUSTOMER][LANGUAGE_en], "As you asked, we are cancelling your order of Tea. We will tell you when it is done.");
}

static void texts_manage_with_what_is_known(void **state)
{
    struct arena *a = &((struct story *)*state)->arena;
    struct text_facts one = {.first_item = STR("Tea {total}"), .item_count = 1, .amount = {500, "KRW"}};
    assert_text(notice_text(a, ORDER_PLACED, LANGUAGE_en, &one), "We have received your order of Tea {total}, KRW 500.");
    assert_text(notice_text(a, ORDER_CANCELLED, LANGUAGE_en, &(struct text_facts){.reason = REASON_CUSTOMER}),
                "As you asked, your order is cancelled. Nothing had been charged.");
    assert_text(notice_text(a, ORDER_CANCELLED, LANGUAGE_ko, &(struct text_facts){.reason = REASON_CUSTOMER}),
                "요청하신 대로 고객님의 주문이 취소되었습니다. 결제된 금액은 없습니다.");
    assert_text(notice_text(a, DELIVERY_READY, LANGUAGE_ko, &(struct text_facts){0}),
                "주문하신 상품 준비를 마쳤습니다. 곧 배송을 시작합니다.");
    for (int kind = 0; kind < NOTICE_KINDS; kind++)
        for (int language = 0; language < NOTICE_LANGUAGES; language++)
            assert_true(notice_text(a, kind, language, &one).n > 10);
}

#define STORY(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORY(a_placed_order_is_told_in_korean_by_the_log),
        STORY(a_kind_is_told_once_whatever_comes_again),
        STORY(what_the_channel_took_is_sent_and_published_once),
        STORY(a_delivery_speaks_of_the_order_and_its_carrier),
        STORY(a_delivery_that_overtakes_its_order_waits_for_the_customer),
        STORY(a_cancel_is_told_with_its_reason_and_what_was_refunded),
        STORY(an_order_that_was_never_paid_is_cancelled_without_a_refund),
        STORY(a_cancel_that_came_too_late_is_told_as_such),
        STORY(a_refund_that_overtakes_its_order_waits_and_keeps_its_amount),
        STORY(another_customer_for_the_same_order_is_a_contradiction),
        STORY(a_failed_sending_is_tried_again_after_longer_and_longer_pauses),
        STORY(what_no_channel_takes_is_given_up_in_public),
        STORY(a_customer_is_told_in_their_language_by_the_channel_they_like_best),
        STORY(a_changed_preference_holds_from_the_next_notice_on),
        STORY(a_delivery_that_does_not_say_whose_it_is_is_told_as_its_customer_prefers),
        STORY(a_lost_resumption_is_taken_up_by_the_timer),
        STORY(who_has_no_kakaotalk_is_told_by_the_next_channel_at_once),
        STORY(a_channel_that_stays_away_is_left_for_the_next_after_half_a_minute),
        STORY(when_the_last_channel_fails_it_is_given_up_and_says_why),
        STORY(a_retry_goes_to_the_address_that_was_corrected_meanwhile),
        STORY(a_retry_goes_by_the_channel_that_is_preferred_meanwhile),
        STORY(the_sweep_sends_what_was_intended_and_never_answered),
        STORY(every_order_of_arrival_tells_the_same),
        STORY(every_status_knows_every_command),
        STORY(texts_say_amounts_as_people_write_them),
        STORY(texts_take_the_korean_particle_that_fits),
        STORY(every_reason_has_its_sentence),
        STORY(texts_manage_with_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
