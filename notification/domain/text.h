/*
 * text — the sentence of a notice, in the customer's language.
 *
 *     notice_text(arena, DELIVERY_STARTED, LANGUAGE_ko, &(struct text_facts){.first_item = STR("녹차"), .item_count = 3, …})
 *     → "녹차 외 2건 배송을 시작했습니다. CJ대한통운, 운송장 번호 6012"
 *
 * What is not known yet is said in general words ("주문하신 상품").
 */
#ifndef JUMUN_NOTICE_TEXT_H
#define JUMUN_NOTICE_TEXT_H

#include "notification.h"

struct text_facts {
    struct str first_item; /* absent: not known */
    int64_t item_count;    /* lines of the order */
    struct money total;
    struct str carrier, tracking_number;
};

struct str notice_text(struct arena *arena, enum notice_kind kind, enum notice_language language, const struct text_facts *facts);

/* "12,000원", "KRW 12,000", "USD 12.34" */
struct str money_text(struct arena *arena, enum notice_language language, struct money m);

#endif
