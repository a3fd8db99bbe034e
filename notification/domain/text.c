/* Text: templates and facts become a sentence. */
#include "text.h"

#include "buf.h"
#include "invariant.h"
#include <string.h>

#define NOTICE_KIND(kind, type, brings, title_ko, title_en, korean, english) [kind] = {{title_ko, korean}, {title_en, english}},
static const struct {
    const char *title, *text;
} templates[NOTICE_KINDS][NOTICE_LANGUAGES] = {
#include "notification.def"
};

#define CANCEL_REASON(reason, name, korean, english) [REASON_##reason] = {korean, english},
static const char *const reasons[CANCEL_REASONS][NOTICE_LANGUAGES] = {
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

/* ── Korean particles ────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

enum ending { ENDING_UNKNOWN, ENDING_VOWEL, ENDING_CONSONANT };

/* Hangul syllables stand in the order of Unicode 3.12: every 28th has no final consonant. */
static enum ending ending_of_syllable(const unsigned char *p)
{
    int point = (p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f);
    if (point < 0xac00 || point > 0xd7a3)
        return ENDING_UNKNOWN;
    return (point - 0xac00) % 28 ? ENDING_CONSONANT : ENDING_VOWEL;
}

/* 영 일 이 삼 사 오 육 칠 팔 구 */
static enum ending ending_of_digit(char digit)
{
    return strchr("013678", digit) ? ENDING_CONSONANT : ENDING_VOWEL;
}

/* Foreign words are read in too many ways to tell. What closes a word, as a bracket does, has no sound. */
static enum ending ending_of(struct str word)
{
    while (word.n > 0 && strchr(")]}\"'.!? ", word.p[word.n - 1]))
        word.n--;
    if (word.n > 0 && word.p[word.n - 1] >= '0' && word.p[word.n - 1] <= '9')
        return ending_of_digit(word.p[word.n - 1]);
    const unsigned char *last = (const unsigned char *)word.p + word.n - 3;
    return word.n >= 3 && last[0] >> 4 == 0xe ? ending_of_syllable(last) : ENDING_UNKNOWN;
}

struct str particle_after(struct arena *arena, struct str word, struct str both)
{
    struct str consonant = {0}, vowel = both;
    str_split(&vowel, '/', &consonant);
    switch (ending_of(word)) {
    case ENDING_CONSONANT: return consonant;
    case ENDING_VOWEL: return vowel;
    case ENDING_UNKNOWN: return arena_printf(arena, "%.*s(%.*s)", STR_ARG(consonant), STR_ARG(vowel));
    }
    unreachable();
}

/* ── facts ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct writing {
    struct arena *arena;
    struct buf *out;
    enum notice_language language;
    const struct text_facts *facts;
};

static void write_text(const struct writing *w, const char *text);

static void add_items(const struct writing *w, const char *unknown)
{
    if (str_empty(w->facts->first_item)) {
        buf_add(w->out, str_of(unknown));
        return;
    }
    buf_add(w->out, w->facts->first_item);
    if (w->facts->item_count > 1)
        buf_printf(w->out, w->language == LANGUAGE_ko ? " 외 %d건" : " and %d more", (int)w->facts->item_count - 1);
}

static void add_order(const struct writing *w)
{
    bool known = !str_empty(w->facts->first_item);
    if (w->language == LANGUAGE_ko) {
        add_items(w, "고객님의");
        buf_add(w->out, STR(" 주문"));
    } else {
        buf_add(w->out, known ? STR("your order of ") : STR("your order"));
        add_items(w, "");
    }
}

static void add_refunded(const struct writing *w)
{
    bool any = w->facts->amount.amount > 0;
    if (w->language == LANGUAGE_ko)
        write_text(w, any ? "결제하신 {amount:을/를} 환불해 드렸습니다." : "결제된 금액은 없습니다.");
    else
        write_text(w, any ? "{amount} has been refunded." : "Nothing had been charged.");
}

static void add_fact(const struct writing *w, struct str name)
{
    if (str_is(name, "items"))
        add_items(w, w->language == LANGUAGE_ko ? "주문하신 상품" : "Your order");
    else if (str_is(name, "order"))
        add_order(w);
    else if (str_is(name, "amount"))
        add_money(w->out, w->language, w->facts->amount);
    else if (str_is(name, "because"))
        buf_add(w->out, str_of(reasons[w->facts->reason][w->language]));
    else if (str_is(name, "refunded"))
        add_refunded(w);
    else if (str_is(name, "carrier"))
        buf_add(w->out, w->facts->carrier);
    else if (str_is(name, "tracking"))
        buf_add(w->out, w->facts->tracking_number);
    else
        unreachable();
}

/* "amount:이/가" */
static void write_slot(const struct writing *w, struct str slot)
{
    struct str name, both = slot;
    size_t before = w->out->n;
    str_split(&both, ':', &name);
    add_fact(w, name);
    if (both.n > 0)
        buf_add(w->out, particle_after(w->arena, (struct str){w->out->p + before, w->out->n - before}, both));
}

static void write_text(const struct writing *w, const char *text)
{
    const char *open;
    while ((open = strchr(text, '{'))) {
        const char *close = strchr(open, '}');
        invariant(close);
        buf_add_bytes(w->out, text, (size_t)(open - text));
        write_slot(w, (struct str){open + 1, (size_t)(close - open) - 1});
        text = close + 1;
    }
    buf_add(w->out, str_of(text));
}

/* ── the whole ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static struct str kept(struct arena *arena, struct buf *b)
{
    struct str text = arena_str(arena, buf_str(b));
    buf_release(b);
    return text;
}

struct str notice_text(struct arena *arena, enum notice_kind kind, enum notice_language language, const struct text_facts *facts)
{
    struct buf b = BUF_INIT;
    write_text(&(struct writing){arena, &b, language, facts}, templates[kind][language].text);
    return kept(arena, &b);
}

struct str notice_title(enum notice_kind kind, enum notice_language language)
{
    return str_of(templates[kind][language].title);
}

struct str money_text(struct arena *arena, enum notice_language language, struct money m)
{
    struct buf b = BUF_INIT;
    add_money(&b, language, m);
    return kept(arena, &b);
}
