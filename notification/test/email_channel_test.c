/* E-mail as a channel keeps the contract, with a real SMTP server: aiosmtpd. */
#include "provider.h"
#include "settings.h"
#include <stdio.h>

static void start(void)
{
    static char url[60];
    (void)snprintf(url, sizeof url, "smtp://127.0.0.1:%u", provider_start("mail", ""));
    notification_config.smtp_url = url;
    notification_config.smtp_from = "shop@jumun.example";
    notification_config.smtp_user = notification_config.smtp_password = "";
}

int main(void)
{
    const struct channel_provider mail = {&email_channel,  "kim@example.com", start, provider_stop,
                                          provider_behave, provider_received, true};
    return channel_contract_test("email", &mail);
}
