/*
 * mail — a message of the Internet Message Format (RFC 5322), as text for SMTP: headers and a body in any language, in ASCII (MIME, RFC
 * 2045 and 2047), lines of at most 78 characters, ended by CR LF.
 */
#ifndef JUMUN_NOTIFICATION_MAIL_H
#define JUMUN_NOTIFICATION_MAIL_H

#include "buf.h"
#include "instant.h"
#include "uuid.h"

struct mail {
    struct str from_name, from, to; /* from and to: plain addresses, checked before */
    struct str subject, text;       /* UTF-8 */
    struct str language;            /* "ko" */
    struct uuid id;                 /* the Message-ID is made of it: the same id, the same message */
    instant at;
};
void mail_write(struct buf *out, const struct mail *m);

#endif
