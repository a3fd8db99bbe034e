/* Alimtalk as a channel keeps the contract, with an HTTP server that answers as Kakao's message centre does. */
#include "provider.h"
#include "settings.h"
#include <stdio.h>

static void start(void)
{
    static char url[60];
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/alimtalk", provider_start("alimtalk", "our-sender-key"));
    notification_config.alimtalk_url = url;
    notification_config.alimtalk_sender_key = "our-sender-key";
    notification_config.alimtalk_template_prefix = "jumun_";
}

int main(void)
{
    const struct channel_provider alimtalk = {&alimtalk_channel, "01012345678",     start, provider_stop,
                                              provider_behave,   provider_received, true};
    return channel_contract_test("alimtalk", &alimtalk);
}
