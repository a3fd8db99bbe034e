/*
 * json_tree — a text as jansson's tree, checked for all that no shape needs to say. Within this folder only.
 *
 * jansson's names for its types are ours too; here they are JANSSON_OBJECT and so on. Its macros json_is_object(…) are not to be used: they
 * would compare with ours. Ask json_typeof.
 */
#ifndef JUMUN_JSON_TREE_H
#define JUMUN_JSON_TREE_H

#define JSON_OBJECT  JANSSON_OBJECT
#define JSON_ARRAY   JANSSON_ARRAY
#define JSON_INTEGER JANSSON_INTEGER
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_INTEGER

#include "json_decode.h"

/* Give it back by json_decref. NULL: `errors` says why. */
json_t *json_tree_parse(struct arena *arena, struct str text, struct json_errors *errors);

/* Compact text, in the arena. */
struct str json_tree_text(struct arena *arena, const json_t *value);

#endif
