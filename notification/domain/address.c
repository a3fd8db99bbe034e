/* Address: what can be an e-mail address, a telephone number, a URL of the web. Outside bytes: anything may come. */
#include "address.h"

#include <string.h>

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* The last one; NULL when there is none. */
static const char *last_of(struct str s, char c)
{
    while (s.n > 0 && s.p[s.n - 1] != c)
        s.n--;
    return s.n > 0 ? s.p + s.n - 1 : NULL;
}

/* Letters, digits and `others`; a point only between two of these. */
static bool is_dotted(struct str s, const char *others)
{
    for (size_t i = 0; i < s.n; i++) {
        bool point = s.p[i] == '.';
        if (point && (i == 0 || i + 1 == s.n || s.p[i + 1] == '.'))
            return false;
        if (!point && !is_letter_or_digit(s.p[i]) && (!s.p[i] || !strchr(others, s.p[i])))
            return false;
    }
    return s.n > 0;
}

/* RFC 1035 labels; at least two, for a mail host without a point is nobody's on the net. */
static bool is_domain(struct str s)
{
    struct str label;
    bool points = s.n > 0 && memchr(s.p, '.', s.n);
    if (!is_dotted(s, "-") || s.n > 253 || !points)
        return false;
    while (str_split(&s, '.', &label))
        if (label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
            return false;
    return true;
}

/* The dot-atom form of RFC 5322, in ASCII: what people have. Quoted local parts and address literals are not taken. */
bool address_is_email(struct str s)
{
    const char *at = last_of(s, '@');
    if (!at || s.n > ADDRESS_EMAIL_MAX)
        return false;
    struct str local = {s.p, (size_t)(at - s.p)}, domain = {at + 1, s.n - local.n - 1};
    return local.n <= 64 && is_dotted(local, "!#$%&'*+-/=?^_`{|}~") && is_domain(domain);
}

bool address_is_phone(struct str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        bool digit = s.p[i] >= '0' && s.p[i] <= '9';
        if (!digit && s.p[i] != '-' && s.p[i] != ' ' && (s.p[i] != '+' || i > 0))
            return false;
        digits += digit;
    }
    return digits >= 8 && digits <= 15;
}

static bool is_port(struct str s)
{
    int64_t port;
    return str_to_int64(s, &port) && port >= 1 && port <= 65535;
}

static bool is_host(struct str s)
{
    if (s.n > 2 && s.p[0] == '[' && s.p[s.n - 1] == ']') {
        for (size_t i = 1; i + 1 < s.n; i++)
            if (!is_letter_or_digit(s.p[i]) && s.p[i] != ':' && s.p[i] != '.')
                return false;
        return true;
    }
    return is_dotted(s, "-_") && s.n <= 253;
}

static bool is_url_text(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] == 0x7f || strchr("#\\\"<>^`{|}", s.p[i]))
            return false;
    return s.n <= ADDRESS_URL_MAX;
}

static void split_authority(struct str authority, struct str *host, struct str *port)
{
    const char *colon = authority.n && authority.p[authority.n - 1] != ']' ? last_of(authority, ':') : NULL;
    *host = authority;
    *port = (struct str){0};
    if (colon) {
        host->n = (size_t)(colon - authority.p);
        *port = (struct str){colon + 1, authority.n - host->n - 1};
    }
}

/* Visible ASCII, http or https, a host, perhaps a port; no user, no fragment. */
bool address_of_web_url(struct str url, struct str *host, struct str *port)
{
    size_t scheme = str_starts_with(url, STR("https://")) ? 8 : str_starts_with(url, STR("http://")) ? 7 : 0, end = scheme;
    if (!scheme || !is_url_text(url))
        return false;
    while (end < url.n && url.p[end] != '/' && url.p[end] != '?')
        end++;
    split_authority((struct str){url.p + scheme, end - scheme}, host, port);
    if (!is_host(*host) || (!str_absent(*port) && !is_port(*port)))
        return false;
    if (host->p[0] == '[')
        *host = (struct str){host->p + 1, host->n - 2};
    return true;
}

bool address_is_web_url(struct str s)
{
    struct str host, port;
    return address_of_web_url(s, &host, &port);
}
