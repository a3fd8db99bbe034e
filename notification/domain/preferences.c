/* Preferences: what a customer may wish, and what follows from it. */
#include "preferences.h"

#include "address.h"
#include "notification.h"
#include <string.h>

#define NOTICE_CHANNEL(channel, address) #channel,
const char *const notice_channel_names[] = {
#include "notification.def"
};
#define NOTICE_LANGUAGE(language) #language,
const char *const notice_language_names[] = {
#include "notification.def"
};

/* ── what follows from them ──────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct channel_list preferences_channels(const struct preferences *p)
{
    return p->channels.count > 0 ? p->channels : (struct channel_list){.count = 1};
}

int preferences_channel(const struct preferences *p, unsigned failed)
{
    struct channel_list channels = preferences_channels(p);
    for (int i = 0; i < channels.count; i++)
        if (!(failed & 1U << channels.items[i]))
            return channels.items[i];
    return -1;
}

struct str preferences_address(const struct preferences *p, int channel)
{
#define ADDRESS_NONE                     ((struct str){0})
#define ADDRESS_EMAIL                    p->email
#define ADDRESS_WEBHOOK_URL              p->webhook_url
#define ADDRESS_PHONE                    p->phone
#define NOTICE_CHANNEL(channel, address) [CHANNEL_##channel] = ADDRESS_##address,
    const struct str addresses[NOTICE_CHANNELS] = {
#include "notification.def"
    };
    return addresses[channel];
}

/* ── what may be wished ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct faults {
    struct arena *arena;
    struct refusal_error items[NOTICE_CHANNELS * 2 + 4]; /* two a channel, and the addresses */
    size_t count;
};

static void fault(struct faults *f, struct str pointer, const char *code, struct str detail)
{
    f->items[f->count++] = (struct refusal_error){.pointer = pointer, .code = code, .detail = detail};
}

static struct str phone_digits(struct arena *arena, struct str s)
{
    char *kept = arena_alloc(arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != '-' && s.p[i] != ' ')
            kept[n++] = s.p[i];
    return (struct str){kept, n};
}

static void check_channels(struct faults *f, const struct prefer *p)
{
#define NEEDS_NONE                       NULL
#define NEEDS_EMAIL                      "email"
#define NEEDS_WEBHOOK_URL                "webhookUrl"
#define NEEDS_PHONE                      "phone"
#define NOTICE_CHANNEL(channel, address) [CHANNEL_##channel] = NEEDS_##address,
    static const char *const needs[NOTICE_CHANNELS] = {
#include "notification.def"
    };
    unsigned seen = 0;
    for (int i = 0; i < p->wanted.channels.count; i++) {
        int channel = p->wanted.channels.items[i];
        struct str pointer = arena_printf(f->arena, "/channels/%d", i);
        if (channel < 0) {
            fault(f, pointer, "invalid", STR("There is no such channel; 'offered' lists those that there are."));
            continue;
        }
        if (seen & 1U << channel)
            fault(f, pointer, "duplicate", STR("It stands in the list already."));
        else if (!(p->offered & 1U << channel))
            fault(f, pointer, "not-offered", STR("This shop cannot use it now; 'offered' lists what it can."));
        else if (needs[channel] && str_absent(preferences_address(&p->wanted, channel)))
            fault(f, arena_printf(f->arena, "/%s", needs[channel]), "required",
                  arena_printf(f->arena, "The channel %s needs it.", notice_channel_names[channel]));
        seen |= 1U << channel;
    }
}

static void check_addresses(struct faults *f, const struct prefer *p)
{
    const struct preferences *wanted = &p->wanted;
    if (!str_absent(wanted->email) && !address_is_email(wanted->email))
        fault(f, STR("/email"), "invalid", STR("An e-mail address such as kim@example.com is expected."));
    if (!str_absent(wanted->phone) && !address_is_phone(wanted->phone))
        fault(f, STR("/phone"), "invalid",
              STR("A telephone number of 8 to 15 digits is expected, such as 010-1234-5678 or +82 10 1234 5678."));
    if (!str_absent(wanted->webhook_url) && !address_is_web_url(wanted->webhook_url))
        fault(f, STR("/webhookUrl"), "invalid", STR("An http or https URL in ASCII is expected, without user or fragment."));
    else if (p->webhook_forbidden)
        fault(f, STR("/webhookUrl"), "forbidden-target", STR("This shop calls public addresses only."));
}

/* ── the decision ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool same_channels(struct channel_list a, struct channel_list b)
{
    return a.count == b.count && memcmp(a.items, b.items, (size_t)a.count * sizeof a.items[0]) == 0;
}

static bool same_preferences(const struct preferences *a, const struct preferences *b)
{
    return a->language == b->language && same_channels(a->channels, b->channels) && str_equal(a->email, b->email) &&
           str_equal(a->phone, b->phone) && str_equal(a->webhook_url, b->webhook_url);
}

void decide_prefer(const struct prefer *p, struct aggregate *a, struct decision *d)
{
    struct faults faults = {.arena = d->arena};
    if (p->wanted.language < 0)
        fault(&faults, STR("/language"), "invalid", STR("It is one of the languages that we write: ko, en."));
    check_channels(&faults, p);
    check_addresses(&faults, p);
    if (faults.count > 0) {
        decision_refuse(d, &(struct refusal){.status = 422,
                                             .type = "/problems/invalid-fields",
                                             .title = "Some fields are not as they should be",
                                             .detail = STR("Correct what 'errors' names, and send the request again."),
                                             .errors = faults.items,
                                             .error_count = faults.count});
        return;
    }
    if (p->version != PREFERENCES_VERSION_ANY && p->version != a->version) {
        decision_refuse_with(d, 412, "/problems/precondition-failed", "The preferences have changed",
                             "They are not the version any more that If-Match names. Read them, and decide again.");
        return;
    }
    struct preferences wanted = p->wanted;
    if (!str_absent(wanted.phone))
        wanted.phone = phone_digits(d->arena, wanted.phone);
    if (!same_preferences(&wanted, a->state))
        decision_event(d, a, PREFERENCES_CHANGED, &wanted);
}
