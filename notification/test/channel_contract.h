/*
 * channel_contract — what every channel keeps to (outbound/channel.h), as one suite for the fake and for each adapter.
 *
 *     const struct channel_provider mail = {&email_channel, "kim@example.com", mail_start, mail_stop, mail_behaves, mail_received, true};
 *     int main(void) { return channel_contract_test("email", &mail); }
 */
#ifndef JUMUN_CHANNEL_CONTRACT_H
#define JUMUN_CHANNEL_CONTRACT_H

#include "outbound/channel.h"

enum behaviour { TAKES, IS_BUSY, REFUSES, KNOWS_NOBODY, HANGS };

struct channel_provider {
    const struct channel *channel;
    const char *address;                /* of a customer there */
    void (*start)(void);                /* it takes; and the settings of the channel lead to it */
    void (*leave)(void);                /* nobody answers there any more */
    void (*behave)(enum behaviour how); /* NULL: it always takes */

    /* Waits for the next notice that it has got: "<notice id> <address> <text>". NULL: nobody can see. */
    const char *(*received)(void);
    bool waits; /* for an answer, until a deadline */
};

int channel_contract_test(const char *name, const struct channel_provider *provider);

#endif
