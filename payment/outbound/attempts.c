/* Attempts between struct and JSON: {"attempts":[{"number":1,"status":"APPROVED","key":…,"reference":…,"at":…}]}. */
#include "attempts.h"

#include "invariant.h"
#include "json_decode.h"
#include "json_encode.h"

void attempts_encode(const void *field, struct buf *json)
{
    const struct payment_attempts *attempts = field;
    struct json_writer w = {.out = json};
    json_begin_object(&w, NULL);
    json_begin_array(&w, "attempts");
    for (size_t i = 0; i < attempts->count; i++) {
        const struct payment_attempt *attempt = &attempts->items[i];
        json_begin_object(&w, NULL);
        json_put_integer(&w, "number", attempt->number);
        json_put_text(&w, "status", str_of(payment_status_names[attempt->status]));
        json_put_id(&w, "key", attempt->key);
        if (!str_absent(attempt->decline_code))
            json_put_text(&w, "declineCode", attempt->decline_code);
        if (!str_absent(attempt->reference))
            json_put_text(&w, "reference", attempt->reference);
        json_put_time(&w, "at", attempt->at);
        json_end_object(&w);
    }
    json_end_array(&w);
    json_end_object(&w);
}

struct stored_attempt {
    int64_t number;
    struct str status;
    struct uuid key;
    struct str decline_code, reference;
    instant at;
};
static const struct json_field attempt_fields[] = {
    JSON_FIELD(struct stored_attempt, number, "number", JSON_INTEGER, JSON_REQUIRED),
    JSON_FIELD(struct stored_attempt, status, "status", JSON_TEXT, JSON_REQUIRED),
    JSON_FIELD(struct stored_attempt, key, "key", JSON_ID, JSON_REQUIRED),
    JSON_FIELD(struct stored_attempt, decline_code, "declineCode", JSON_TEXT, JSON_OPTIONAL),
    JSON_FIELD(struct stored_attempt, reference, "reference", JSON_TEXT, JSON_OPTIONAL),
    JSON_FIELD(struct stored_attempt, at, "at", JSON_TIME, JSON_REQUIRED),
};
static const struct json_shape attempt_shape = JSON_SHAPE(struct stored_attempt, attempt_fields, JSON_IGNORE_UNKNOWN);
struct stored_attempts {
    struct json_list attempts;
};
static const struct json_field stored_fields[] = {
    JSON_FIELD_ARRAY(struct stored_attempts, attempts, "attempts", JSON_REQUIRED, &attempt_shape, 0, INT64_MAX),
};
static const struct json_shape stored_shape = JSON_SHAPE(struct stored_attempts, stored_fields, JSON_IGNORE_UNKNOWN);

static int status_named(struct str name)
{
    for (int status = 0; status < PAYMENT_STATUSES; status++)
        if (str_is(name, payment_status_names[status]))
            return status;
    unreachable();
}

void attempts_decode(struct arena *arena, struct str json, void *field)
{
    struct stored_attempts stored;
    struct json_errors errors = {0};
    invariant(json_decode(arena, json, &stored_shape, &stored, &errors)); /* nobody but attempts_encode() writes it */
    const struct stored_attempt *from = stored.attempts.items;
    struct payment_attempt *to = ARENA_ARRAY(arena, struct payment_attempt, stored.attempts.count);
    for (size_t i = 0; i < stored.attempts.count; i++)
        to[i] = (struct payment_attempt){
            .number = from[i].number,
            .status = status_named(from[i].status),
            .key = from[i].key,
            .decline_code = from[i].decline_code,
            .reference = from[i].reference,
            .at = from[i].at,
        };
    *(struct payment_attempts *)field = (struct payment_attempts){.items = to, .count = stored.attempts.count};
}
