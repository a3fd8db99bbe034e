/*
 * preferences — how a customer wants to be told: in which language, and by which channels, the best loved first.
 *
 * All zero is a customer who has said nothing: the first language, the first channel (notification.def). A channel that cannot reach the
 * customer is followed by the next of the list.
 */
#ifndef JUMUN_PREFERENCES_H
#define JUMUN_PREFERENCES_H

#include "decider.h"

#define NOTICE_CHANNEL(channel, address) CHANNEL_##channel,
enum notice_channel {
#include "notification.def"
    NOTICE_CHANNELS
};
#define NOTICE_LANGUAGE(language) LANGUAGE_##language,
enum notice_language {
#include "notification.def"
    NOTICE_LANGUAGES
};
extern const char *const notice_channel_names[NOTICE_CHANNELS];
extern const char *const notice_language_names[NOTICE_LANGUAGES];

struct channel_list {
    int64_t count;
    int items[NOTICE_CHANNELS];
};

struct preferences {
    int language;
    struct channel_list channels;
    struct str email, phone, webhook_url; /* absent: not given */
};

/* The channels as who has said nothing would have them, too. */
struct channel_list preferences_channels(const struct preferences *p);

/* The first channel that is not among `failed` (bits by channel); -1: there is none. */
int preferences_channel(const struct preferences *p, unsigned failed);

/* Where the channel reaches the customer: an e-mail address, a URL, a telephone number; absent for a channel that needs none. */
struct str preferences_address(const struct preferences *p, int channel);

#define PREFERENCES_VERSION_ANY (-2)
struct prefer {
    struct uuid customer;
    int64_t version;           /* that they must still have; 0: never said; PREFERENCES_VERSION_ANY */
    struct preferences wanted; /* language or channel -1: a name that is none */
    unsigned offered;          /* bits by channel: those that the shop has */
    bool webhook_forbidden;    /* its URL names an address that the shop does not call */
};
/* `a` is the customer's PREFERENCES. */
void decide_prefer(const struct prefer *p, struct aggregate *a, struct decision *d);

#endif
