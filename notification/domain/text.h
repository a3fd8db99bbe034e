/*
 * text — the sentence of a notice, in the customer's language.
 *
 *     notice_text(arena, DELIVERY_STARTED, LANGUAGE_ko, &(struct text_facts){.first_item = STR("녹차"), .item_count = 3, …})
 *     → "녹차 외 2건 배송을 시작했습니다. CJ대한통운, 운송장 번호 6012"
 *
 * What is not known is said in general words ("고객님의 주문"). A fact may be followed by a Korean particle that depends on its last sound:
 * "{order:을/를}" gives "녹차 주문을", "{amount:이/가}" gives "12,000원이" or "USD 12.34가".
 */
#ifndef JUMUN_NOTICE_TEXT_H
#define JUMUN_NOTICE_TEXT_H

#include "notification.h"

struct text_facts {
    struct str first_item; /* absent: not known */
    int64_t item_count;    /* lines of the order */
    struct money amount;   /* to be paid, or refunded */
    enum cancel_reason reason;
    struct str carrier, tracking_number;
};

struct str notice_text(struct arena *arena, enum notice_kind kind, enum notice_language language, const struct text_facts *facts);

/* What stands above the sentence where a channel has room for it: "배송 시작". */
struct str notice_title(enum notice_kind kind, enum notice_language language);

/* "12,000원", "KRW 12,000", "USD 12.34" */
struct str money_text(struct arena *arena, enum notice_language language, struct money m);

/* Which of "을/를" fits behind the word: the first after a final consonant, the second after a vowel, "을(를)" where the letters do not
 * tell. */
struct str particle_after(struct arena *arena, struct str word, struct str both);

#endif
