/* A refund between struct and JSON: {"number":1,"key":…,"charge":"ch_…","at":…,"reference":"re_…"}. */
#include "refund.h"

#include "invariant.h"
#include "json_decode.h"
#include "json_encode.h"

void refund_encode(const void *field, struct buf *json)
{
    const struct payment_refund *refund = field;
    struct json_writer w = {.out = json};
    if (!refund->number)
        return;
    json_begin_object(&w, NULL);
    json_put_integer(&w, "number", refund->number);
    json_put_id(&w, "key", refund->key);
    json_put_text(&w, "charge", refund->charge);
    json_put_time(&w, "at", refund->at);
    if (!str_absent(refund->fault_code))
        json_put_text(&w, "faultCode", refund->fault_code);
    if (!str_absent(refund->reference))
        json_put_text(&w, "reference", refund->reference);
    json_end_object(&w);
}

static const struct json_field refund_fields[] = {
    JSON_FIELD(struct payment_refund, number, "number", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct payment_refund, key, "key", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct payment_refund, charge, "charge", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct payment_refund, at, "at", JSON_TIME, JSON_REQUIRED),
    JSON_FIELD(struct payment_refund, fault_code, "faultCode", JSON_TEXT, JSON_OPTIONAL),
    JSON_FIELD(struct payment_refund, reference, "reference", JSON_TEXT, JSON_OPTIONAL),
};
static const struct json_shape refund_shape = JSON_SHAPE(struct payment_refund, refund_fields, JSON_IGNORE_UNKNOWN);

void refund_decode(struct arena *arena, struct str json, void *field)
{
    struct json_errors errors = {0};
    invariant(json_decode(arena, json, &refund_shape, field, &errors)); /* nobody but refund_encode() writes it */
}
