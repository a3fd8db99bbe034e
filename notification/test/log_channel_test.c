/* The log as a channel keeps the contract. */
#include "channel_contract.h"
#include "settings.h"

static void start(void)
{
    notification_config.log_channel = false;
}

int main(void)
{
    const struct channel_provider log = {.channel = &log_channel, .address = "", .start = start};
    return channel_contract_test("log", &log);
}
