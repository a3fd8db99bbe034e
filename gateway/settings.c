/* The gateway's settings. */
#include "settings.h"
#include <stddef.h>

struct gateway_config gateway_config;

const struct setting gateway_settings[] = {
#define X(name, variable, folder)                                                                                                          \
    {variable, SETTING_URL, NULL, &gateway_config.upstreams[UPSTREAM_##name], 0, 0, "where " folder " answers"},
    GATEWAY_UPSTREAMS(X)
#undef X
        {"JUMUN_ROUTES", SETTING_TEXT, "", &gateway_config.routes, 0, 0,
         "further routes: PATH=URL, separated by commas, e.g. /api/loyalty=http://127.0.0.1:8101"},
    {"JUMUN_UPSTREAM_DEADLINE_MS", SETTING_MILLISECONDS, "10000", &gateway_config.upstream_deadline, 1, 600000,
     "a service that has not answered by then is given up: 504"},
    {"JUMUN_STREAM_SILENCE_MS", SETTING_MILLISECONDS, "45000", &gateway_config.stream_silence, 100, 600000,
     "a stream without a byte for so long, not even a heartbeat, is given up"},
    {"JUMUN_STREAMS_MAX", SETTING_INTEGER, "1000", &gateway_config.streams_max, 1, 100000, "streams at once; more get 503"},
    {"JUMUN_ADDRESS_RATE", SETTING_INTEGER, "5000", &gateway_config.address_rate, 0, 1000000,
     "requests a second of one address, at each gateway; more get 429; 0: no limit"},
    {"JUMUN_CUSTOMER_RATE", SETTING_INTEGER, "1000", &gateway_config.customer_rate, 0, 1000000,
     "the same of one customer, whatever the address"},
    {"JUMUN_PROXIES", SETTING_INTEGER, "0", &gateway_config.proxies, 0, 10,
     "how many proxies of ours stand before it: so many entries at the end of X-Forwarded-For are believed; 0: none"},
    {"JUMUN_JWKS_FILE", SETTING_TEXT, "", &gateway_config.jwks_file, 0, 0, "a JWKS file (RFC 7517): the keys whose tokens are believed"},
    {"JUMUN_TOKEN_ISSUER", SETTING_TEXT, "jumun", &gateway_config.issuer, 0, 0, "iss that a token must have"},
    {"JUMUN_TOKEN_AUDIENCE", SETTING_TEXT, "jumun", &gateway_config.audience, 0, 0, "aud that a token must have"},
    {"JUMUN_DEMO_ISSUER", SETTING_SWITCH, "off", &gateway_config.demo_issuer, 0, 0,
     "POST /api/auth/demo gives anyone any token: for one's own machine only"},
    {"JUMUN_DEMO_KEY", SETTING_SECRET, "", &gateway_config.demo_key, 0, 0,
     "what it signs these with, a private EC key (PKCS#8 in base64); the same for all replicas; left out, tokens end with the process"},
    {NULL, 0, NULL, NULL, 0, 0, NULL},
};
