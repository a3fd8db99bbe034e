/* Text: templates and facts become a sentence. */
#include "text.h"

#include "buf.h"
#include <string.h>

#define NOTICE_KIND(kind, type, brings, korean, english) [kind] = {[LANGUAGE_ko] = (korean), [LANGUAGE_en] = (english)},
static const char *const templates[NOTICE_KINDS][NOTICE_LANGUAGES] = {
#include "notification.def"
};

/* ISO 4217: how many digits of the minor unit stand behind the point. The currencies that we sell in have two, or none. */
static int currency_digits(const char *currency)
{
    return strcmp(currency, "KRW") == 0 || strcmp(currency, "JPY") == 0 ? 0 : 2;
}

static void add_grouped(struct buf *b, int64_t n)
{
    if (n >= 1000) {
        add_grouped(b, n / 1000);
        buf_printf(b, ",%03d", (int)(n % 1000));
    } else {
        buf_printf(b, "%d", (int)n);
    }
}

static void add_money(struct buf *b, enum notice_language language, struct money m)
{
    bool won = language == LANGUAGE_ko && strcmp(m.currency, "KRW") == 0;
    if (!won)
        buf_printf(b, "%s ", m.currency);
    if (currency_digits(m.currency) == 0) {
        add_grouped(b, m.amount);
    } else {
        add_grouped(b, m.amount / 100);
        buf_printf(b, ".%02d", (int)(m.amount % 100));
    }
    if (won)
        buf_add(b, STR("원"));
}

static void add_items(struct buf *b, enum notice_language language, const struct text_facts *facts)
{
    bool korean = language == LANGUAGE_ko;
    if (str_empty(facts->first_item)) {
        buf_add(b, korean ? STR("주문하신 상품") : STR("your order"));
        return;
    }
    buf_add(b, facts->first_item);
    if (facts->item_count > 1)
        buf_printf(b, korean ? " 외 %d건" : " and %d more", (int)facts->item_count - 1);
}

static void add_fact(struct buf *b, struct str name, enum notice_language language, const struct text_facts *facts)
{
    if (str_is(name, "items"))
        add_items(b, language, facts);
    else if (str_is(name, "total"))
        add_money(b, language, facts->total);
    else if (str_is(name, "carrier"))
        buf_add(b, facts->carrier);
    else
        buf_add(b, facts->tracking_number);
}

static struct str kept(struct arena *arena, struct buf *b)
{
    struct str text = arena_str(arena, buf_str(b));
    buf_release(b);
    return text;
}

struct str notice_text(struct arena *arena, enum notice_kind kind, enum notice_language language, const struct text_facts *facts)
{
    struct buf b = BUF_INIT;
    for (const char *p = templates[kind][language]; *p;) {
        const char *open = strchr(p, '{');
        const char *close = open ? strchr(open, '}') : NULL;
        size_t plain = open ? (size_t)(open - p) : strlen(p);
        buf_add_bytes(&b, p, plain);
        p += plain;
        if (close) {
            add_fact(&b, (struct str){open + 1, (size_t)(close - open) - 1}, language, facts);
            p = close + 1;
        }
    }
    return kept(arena, &b);
}

struct str money_text(struct arena *arena, enum notice_language language, struct money m)
{
    struct buf b = BUF_INIT;
    add_money(&b, language, m);
    return kept(arena, &b);
}
