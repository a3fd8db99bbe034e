/*
 * text — reading JSON that our own services have written, without building anything: members of a flat object, elements of an array.
 *
 *     struct str lines = text_member(data, "lines"), rest = lines, line;
 *     while (text_element(&rest, &line)) … text_integer(text_member(line, "quantity")) …
 *
 * What is malformed gives the absent str: a check then finds a difference, and names it.
 */
#ifndef VERIFY_TEXT_H
#define VERIFY_TEXT_H

#include "buf.h"
#include "uuid.h"

struct str text_member(struct str object, const char *name); /* the value as it stands there; absent: none */
bool text_element(struct str *array, struct str *element);   /* begins with '[': the next one, and what is left; false: no more */
int64_t text_integer(struct str value);                      /* INT64_MIN: it is none */
bool text_id(struct str value, struct uuid *id);
struct str text_string(struct buf *room,
                       struct str value); /* without quotes and escapes; points into value, or into room when it had escapes */

#endif
