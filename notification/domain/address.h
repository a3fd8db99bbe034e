/* address — whether a text can be an e-mail address, a telephone number, a URL of the web. Not whether anybody is there. */
#ifndef JUMUN_ADDRESS_H
#define JUMUN_ADDRESS_H

#include "str.h"

#define ADDRESS_EMAIL_MAX 254
#define ADDRESS_URL_MAX   1000
#define ADDRESS_PHONE_MAX 30

bool address_is_email(struct str s);
bool address_is_phone(struct str s); /* 8 to 15 digits, with hyphens and spaces between them, perhaps a plus in front */
bool address_is_web_url(struct str s);

/* Host and port of a URL of the web; false when it is none. Brackets of an IPv6 address are not part of it; port absent: not said. */
bool address_of_web_url(struct str url, struct str *host, struct str *port);

#endif
