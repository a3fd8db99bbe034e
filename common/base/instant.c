/*
 * Points in time as RFC 3339 writes them.
 *
 * Days are counted in the proleptic Gregorian calendar, in years that begin with March, so that the leap day is a year's last (Howard
 * Hinnant, "chrono-Compatible Low-Level Date Algorithms"). Digits are written by hand: every row and every message has a time.
 */
#include "instant.h"

#include "invariant.h"
#include <string.h>

#define SECONDS_OF_DAY    86400
#define DAYS_OF_ERA       146097 /* 400 years */
#define DAYS_BEFORE_EPOCH 719468 /* from 0000-03-01 to 1970-01-01 */

#define FIRST_SECOND (-62135596800) /* 0001-01-01T00:00:00Z */
#define LAST_SECOND  253402300799   /* 9999-12-31T23:59:59Z */

struct date {
    int year, month, day;
};

static int64_t days_of_date(struct date d)
{
    int64_t year = d.month <= 2 ? d.year - 1 : d.year;
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t month_from_march = d.month > 2 ? d.month - 3 : d.month + 9;
    int64_t day_of_year = (153 * month_from_march + 2) / 5 + d.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_OF_ERA + day_of_era - DAYS_BEFORE_EPOCH;
}

static struct date date_of_days(int64_t days)
{
    days += DAYS_BEFORE_EPOCH; /* positive: year 1 begins 306 days after the March of year 0 */
    unsigned era = (unsigned)(days / DAYS_OF_ERA);
    unsigned day_of_era = (unsigned)(days % DAYS_OF_ERA);
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;
    struct date d = {
        .year = (int)(year_of_era + era * 400),
        .month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9),
        .day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
    };
    d.year += d.month <= 2;
    return d;
}

static char *put_digits(char *p, unsigned value, int count)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        p[i] = (char)('0' + value % 10);
    return p + count;
}

void instant_format(instant t, char text[INSTANT_TEXT + 1])
{
    int64_t second = t / 1000000, fraction = t % 1000000;
    if (fraction < 0) {
        fraction += 1000000;
        second--;
    }
    invariant(second >= FIRST_SECOND && second <= LAST_SECOND);
    int64_t days = (second - FIRST_SECOND) / SECONDS_OF_DAY + FIRST_SECOND / SECONDS_OF_DAY;
    unsigned rest = (unsigned)(second - days * SECONDS_OF_DAY);
    struct date d = date_of_days(days);

    memcpy(text, "0000-00-00T00:00:00.000000Z", INSTANT_TEXT + 1);
    put_digits(text, (unsigned)d.year, 4);
    put_digits(text + 5, (unsigned)d.month, 2);
    put_digits(text + 8, (unsigned)d.day, 2);
    put_digits(text + 11, rest / 3600, 2);
    put_digits(text + 14, rest / 60 % 60, 2);
    put_digits(text + 17, rest % 60, 2);
    put_digits(text + 20, (unsigned)fraction, 6);
}

/* Reads exactly `count` digits off the front. */
static bool take_number(struct str *s, size_t count, int *value)
{
    if (s->n < count)
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        *value = *value * 10 + (s->p[i] - '0');
    }
    s->p += count;
    s->n -= count;
    return true;
}

/* Reads one of `choices` off the front. */
static bool take_one_of(struct str *s, const char *choices, char *taken)
{
    if (s->n == 0 || s->p[0] == '\0' || !strchr(choices, s->p[0]))
        return false;
    *taken = s->p[0];
    s->p++;
    s->n--;
    return true;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct str *s, int64_t *seconds)
{
    struct date d;
    char c;
    if (!take_number(s, 4, &d.year) || !take_one_of(s, "-", &c) || !take_number(s, 2, &d.month) || !take_one_of(s, "-", &c) ||
        !take_number(s, 2, &d.day))
        return false;
    if (d.month < 1 || d.month > 12 || d.day < 1 || d.day > days_of_month(d.year, d.month))
        return false;
    *seconds = days_of_date(d) * SECONDS_OF_DAY;
    return true;
}

/* 60 is let through for leap seconds; whether it can be one shows only in UTC. */
static bool take_time_of_day(struct str *s, int64_t *seconds, bool *leap)
{
    int hour, minute, second;
    char c;
    if (!take_number(s, 2, &hour) || !take_one_of(s, ":", &c) || !take_number(s, 2, &minute) || !take_one_of(s, ":", &c) ||
        !take_number(s, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    *leap = second == 60;
    *seconds += hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_fraction(struct str *s, int64_t *microseconds)
{
    char c;
    *microseconds = 0;
    if (!take_one_of(s, ".", &c))
        return true;
    int digits = 0, digit;
    for (int64_t unit = 100000; take_number(s, 1, &digit); unit /= 10, digits++)
        *microseconds += digit * unit;
    return digits >= 1 && digits <= 9;
}

static bool take_offset(struct str *s, int64_t *seconds)
{
    char sign, c;
    int hours, minutes;
    if (take_one_of(s, "Zz", &sign))
        return true;
    if (!take_one_of(s, "+-", &sign) || !take_number(s, 2, &hours) || !take_one_of(s, ":", &c) || !take_number(s, 2, &minutes))
        return false;
    if (hours > 23 || minutes > 59)
        return false;
    int64_t offset = hours * 3600 + minutes * 60;
    *seconds -= sign == '+' ? offset : -offset;
    return true;
}

bool instant_parse(struct str text, instant *t)
{
    int64_t seconds, microseconds;
    bool leap;
    char c;
    if (!take_date(&text, &seconds) || !take_one_of(&text, "Tt", &c) || !take_time_of_day(&text, &seconds, &leap) ||
        !take_fraction(&text, &microseconds) || !take_offset(&text, &seconds) || text.n > 0)
        return false;
    if (leap && seconds % SECONDS_OF_DAY != 0) /* a leap second is the last of a UTC day; we count it as the first of the next */
        return false;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND)
        return false;
    *t = seconds * 1000000 + microseconds;
    return true;
}
