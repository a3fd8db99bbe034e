/* Mail: a message's headers and body, encoded. */
#include "mail.h"

#include <openssl/evp.h>
#include <string.h>
#include <time.h>

#define HEADER_WORD 45 /* bytes: 60 characters of base64, and with its frame less than the 75 that RFC 2047 allows */
#define BODY_LINE   57 /* bytes: 76 characters of base64 */

static void add_base64(struct buf *out, struct str bytes)
{
    unsigned char text[(BODY_LINE + 2) / 3 * 4 + 1];
    int n = EVP_EncodeBlock(text, (const unsigned char *)bytes.p, (int)bytes.n);
    buf_add_bytes(out, text, (size_t)n);
}

/* How much of it fits into `most` bytes without cutting a character. */
static size_t whole_characters(struct str s, size_t most)
{
    size_t n = s.n < most ? s.n : most;
    while (n > 0 && n < s.n && ((unsigned char)s.p[n] & 0xc0) == 0x80)
        n--;
    return n > 0 ? n : most;
}

/* As encoded words, however plain it is: then nothing in it can be taken for a header. */
static void add_words(struct buf *out, struct str s)
{
    const char *between = "";
    while (s.n > 0) {
        size_t n = whole_characters(s, HEADER_WORD);
        buf_printf(out, "%s=?UTF-8?B?", between);
        add_base64(out, (struct str){s.p, n});
        buf_add(out, STR("?="));
        s = (struct str){s.p + n, s.n - n};
        between = "\r\n ";
    }
}

static void add_body(struct buf *out, struct str s)
{
    while (s.n > 0) {
        size_t n = s.n < BODY_LINE ? s.n : BODY_LINE;
        add_base64(out, (struct str){s.p, n});
        buf_add(out, STR("\r\n"));
        s = (struct str){s.p + n, s.n - n};
    }
}

/* Not strftime: its names of days and months follow the locale. */
static void add_date(struct buf *out, instant at)
{
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t seconds = at / SECONDS(1);
    struct tm t;
    gmtime_r(&seconds, &t);
    buf_printf(out, "%.3s, %d %.3s %d %02d:%02d:%02d +0000", days + t.tm_wday * 3, t.tm_mday, months + t.tm_mon * 3, t.tm_year + 1900,
               t.tm_hour, t.tm_min, t.tm_sec);
}

static struct str domain_of(struct str address)
{
    const char *at = memrchr(address.p, '@', address.n);
    return at ? (struct str){at + 1, (size_t)(address.p + address.n - at - 1)} : STR("localhost");
}

void mail_write(struct buf *out, const struct mail *m)
{
    char id[UUID_TEXT + 1];
    uuid_format(m->id, id);
    buf_add(out, STR("Date: "));
    add_date(out, m->at);
    buf_add(out, STR("\r\nFrom: "));
    add_words(out, m->from_name);
    buf_printf(out, " <%.*s>\r\nTo: <%.*s>\r\n", STR_ARG(m->from), STR_ARG(m->to));
    buf_printf(out, "Message-ID: <%s@%.*s>\r\nSubject: ", id, STR_ARG(domain_of(m->from)));
    add_words(out, m->subject);
    buf_printf(out, "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n");
    buf_printf(out, "Content-Language: %.*s\r\nAuto-Submitted: auto-generated\r\n\r\n", STR_ARG(m->language));
    add_body(out, m->text);
}
