/* id_text — an id as text, for a sentence: printf("%s", id_text(id).p). */
#ifndef VERIFY_ID_TEXT_H
#define VERIFY_ID_TEXT_H

#include "uuid.h"

struct id_text {
    char p[UUID_TEXT + 1];
};
static inline struct id_text id_text(struct uuid id)
{
    struct id_text text = {""};
    uuid_format(id, text.p);
    return text;
}

#endif
