/* The channel in memory keeps the contract. */
#include "fake_channel.h"

int main(void)
{
    const struct channel_provider fake = {&fake_channel,         "kim", fake_channel_reset, fake_channel_leave, fake_channel_behave,
                                          fake_channel_received, false};
    return channel_contract_test("in memory", &fake);
}
