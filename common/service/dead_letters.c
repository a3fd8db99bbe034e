/* For operators: the dead letters of this service. */
#include "dead_letters.h"
#include "json_encode.h"
#include "letters.h"
#include "log.h"
#include "state.h"
#include <openssl/evp.h>

#define READ_PATIENCE SECONDS(5)
#define TAKE_PATIENCE SECONDS(5)
#define ALL_STATES    ((1u << LETTER_STATES) - 1)
#define VALUE_SHOWN   ((size_t)32768) /* bytes of a message: more is on the topic */

/* ── answers ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static const struct http_problem unreadable = {.status = 503,
                                               .type = "/problems/unavailable",
                                               .title = "The dead letters cannot be reached now",
                                               .detail = STR_CONST("Repeat the request after a moment; it does no harm."),
                                               .retry_after = 1};

static void put_letter(struct json_writer *w, const struct letter *l, struct arena *arena)
{
    json_put_text(w, "id", letter_place_text(arena, &l->place));
    json_put_text(w, "state", str_of(letter_state_names[l->state]));
    json_put_text(w, "topic", l->place.topic);
    json_put_integer(w, "partition", l->place.partition);
    json_put_integer(w, "offset", l->place.offset);
    json_put_text(w, "type", l->type);
    json_put_text(w, "reason", l->reason);
    json_put_time(w, "since", l->since);
    if (l->state == LETTER_OPEN)
        return;
    json_put_time(w, "closedAt", l->closed);
    json_put_id(w, "closedBy", l->by);
    if (!str_empty(l->note))
        json_put_text(w, "note", l->note);
}

static void answer_letter(struct call *call, const struct letter *l)
{
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    put_letter(&w, l, http_arena(call->http));
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

/* ── which ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool is_ours(struct call *call)
{
    if (str_is(http_param(call->http, "service"), call->service->service->name))
        return true;
    call_problem(call, &problem_not_found);
    return false;
}

/* The book, read as far as the topic goes by now. */
static bool read_book(struct call *call)
{
    if (letters_await(call->service->letters, READ_PATIENCE))
        return true;
    call_problem(call, &unreadable);
    return false;
}

static bool find_letter(struct call *call, struct letter *letter)
{
    struct letter_place place;
    if (!is_ours(call) || !read_book(call))
        return false;
    if (letter_place_parse(http_param(call->http, "letter"), &place) &&
        letters_find(call->service->letters, &place, http_arena(call->http), letter))
        return true;
    call_problem(call, &problem_not_found);
    return false;
}

static bool fetch_message(struct call *call, const struct letter *letter, struct kafka_record *message)
{
    if (letters_fetch(call->service->letters, letter, http_arena(call->http), message))
        return true;
    call_problem(call, &unreadable);
    return false;
}

/* ── GET /ops/dead-letters/{service} ─────────────────────────────────────────────────────────────────────────────────────────────────── */

static bool ask_states(struct call *call, unsigned *states)
{
    struct str text = http_query(call->http, "state");
    *states = str_absent(text) ? 1u << LETTER_OPEN : str_is(text, "all") ? ALL_STATES : 0;
    for (int i = 0; i < LETTER_STATES; i++)
        if (str_is(text, letter_state_names[i]))
            *states = 1u << i;
    if (*states)
        return true;
    call_problem(call, &(struct http_problem){.status = 400,
                                              .type = "/problems/invalid-filter",
                                              .title = "The filter is not valid",
                                              .detail = STR("state is OPEN, REDRIVEN, DISCARDED or all; left out it is OPEN.")});
    return false;
}

static void put_counts(struct json_writer *w, struct letters *letters)
{
    json_begin_object(w, "counts");
    for (int i = 0; i < LETTER_STATES; i++)
        json_put_integer(w, letter_state_names[i], (int64_t)letters_count(letters, (enum letter_state)i));
    json_end_object(w);
}

/* `count` is one more than a page when another page follows. */
static void answer_list(struct call *call, const struct letter *letters, size_t count, size_t limit)
{
    struct arena *arena = http_arena(call->http);
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    size_t shown = count > limit ? limit : count;
    json_begin_object(&w, NULL);
    json_put_text(&w, "service", str_of(call->service->service->name));
    put_counts(&w, call->service->letters);
    json_begin_array(&w, "items");
    for (size_t i = 0; i < shown; i++) {
        json_begin_object(&w, NULL);
        put_letter(&w, &letters[i], arena);
        json_end_object(&w);
    }
    json_end_array(&w);
    call_put_next_cursor(call, &w, count > limit ? letter_place_text(arena, &letters[shown - 1].place) : (struct str){0});
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

static void list_letters(struct call *call, void *connection)
{
    unsigned states;
    int64_t limit;
    struct str cursor;
    struct letter_place after;
    (void)connection;
    if (!is_ours(call) || !ask_states(call, &states) || !call_cursor(call, &cursor) || !call_limit(call, &limit) || !read_book(call))
        return;
    bool further = letter_place_parse(cursor, &after); /* signed: what comes back is what was given */
    struct arena *arena = http_arena(call->http);
    struct letter *letters = ARENA_ARRAY(arena, struct letter, (size_t)limit + 1);
    size_t count = letters_list(call->service->letters, states, further ? &after : NULL, arena, letters, (size_t)limit + 1);
    answer_list(call, letters, count, (size_t)limit);
}

/* ── GET /ops/dead-letters/{service}/{letter} ────────────────────────────────────────────────────────────────────────────────────────── */

static struct str base64(struct arena *arena, struct str bytes)
{
    char *text = arena_alloc(arena, (bytes.n + 2) / 3 * 4 + 1);
    int n = EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)bytes.p, (int)bytes.n);
    return (struct str){text, (size_t)n};
}

/* Exact, and readable: bytes that are no text show in the latter as U+FFFD. */
static void put_bytes(struct json_writer *w, const char *name, const char *exact, struct str bytes, struct arena *arena)
{
    struct str shown = {bytes.p, bytes.n < VALUE_SHOWN ? bytes.n : VALUE_SHOWN};
    json_put_text(w, name, shown);
    json_put_text(w, exact, str_absent(bytes) ? bytes : base64(arena, shown));
}

static void put_message(struct json_writer *w, const struct kafka_record *m, struct arena *arena)
{
    json_begin_object(w, "message");
    put_bytes(w, "key", "keyBase64", m->key, arena);
    put_bytes(w, "value", "valueBase64", m->value, arena);
    json_put_integer(w, "valueSize", (int64_t)m->value.n);
    json_begin_array(w, "headers");
    for (size_t i = 0; i < m->header_count; i++) {
        json_begin_object(w, NULL);
        json_put_text(w, "name", m->headers[i].name);
        json_put_text(w, "value", m->headers[i].value);
        json_end_object(w);
    }
    json_end_array(w);
    json_end_object(w);
}

static void show_letter(struct call *call, void *connection)
{
    struct letter letter;
    struct kafka_record message;
    (void)connection;
    if (!find_letter(call, &letter) || !fetch_message(call, &letter, &message))
        return;
    struct buf body = BUF_INIT;
    struct json_writer w = {.out = &body};
    json_begin_object(&w, NULL);
    put_letter(&w, &letter, http_arena(call->http));
    put_message(&w, &message, http_arena(call->http));
    json_end_object(&w);
    call_json(call, 200, buf_str(&body));
    buf_release(&body);
}

/* ── POST …/redrive, …/discard ───────────────────────────────────────────────────────────────────────────────────────────────────────── */

static void close_letter(struct call *call, struct letter *letter, enum letter_state state, struct str note)
{
    struct letters *letters = call->service->letters;
    log_info("a dead letter is closed", LOG_TEXT_OF("letter", letter_place_text(http_arena(call->http), &letter->place)),
             LOG_STR("state", letter_state_names[state]), LOG_ID("by", call->who.subject));
    if (letters_mark(letters, letter, state, call->who.subject, note) &&
        letters_find(letters, &letter->place, http_arena(call->http), letter))
        answer_letter(call, letter);
    else
        call_problem(call, &unreadable);
}

static void answer_still_dead(struct call *call, struct str reason)
{
    call_problem(call, &(struct http_problem){.status = 409,
                                              .type = "/problems/still-refused",
                                              .title = "The message cannot be taken now either",
                                              .detail = arena_printf(http_arena(call->http), "%.*s", STR_ARG(reason))});
}

static enum intake_again take_again(struct call *call, void *connection, const struct kafka_record *message, struct str *reason)
{
    struct service_state *s = call->service;
    struct arena *arena = http_arena(call->http);
    return s->intake ? intake_take_again(s->intake, message, TAKE_PATIENCE, arena, reason)
                     : s->service->take_again(connection, message, arena, reason);
}

/* What was redriven stays so; what was discarded may still be redriven. The message itself is effective once, by its id. */
static void redrive_letter(struct call *call, void *connection)
{
    struct letter letter;
    struct kafka_record message;
    struct str reason = {0};
    if (!find_letter(call, &letter))
        return;
    if (letter.state == LETTER_REDRIVEN) {
        answer_letter(call, &letter);
        return;
    }
    if (!fetch_message(call, &letter, &message))
        return;
    switch (take_again(call, connection, &message, &reason)) {
    case INTAKE_TAKEN: close_letter(call, &letter, LETTER_REDRIVEN, (struct str){0}); return;
    case INTAKE_STILL_DEAD: answer_still_dead(call, reason); return;
    case INTAKE_NOT_DECIDED: call_problem(call, &unreadable); return;
    }
}

struct discarding {
    struct str note;
};
static const struct json_field discarding_fields[] = {
    JSON_FIELD_RANGE(struct discarding, note, "note", JSON_TEXT, JSON_REQUIRED, 1, 250),
};
static const struct json_shape discarding_shape = JSON_SHAPE(struct discarding, discarding_fields, JSON_REFUSE_UNKNOWN);

static void discard_letter(struct call *call, void *connection)
{
    struct letter letter;
    struct discarding discarding;
    (void)connection;
    if (!call_decode(call, &discarding_shape, &discarding) || !find_letter(call, &letter))
        return;
    if (letter.state == LETTER_OPEN)
        close_letter(call, &letter, LETTER_DISCARDED, discarding.note);
    else if (letter.state == LETTER_DISCARDED)
        answer_letter(call, &letter);
    else
        call_problem(call, &(struct http_problem){.status = 409,
                                                  .type = "/problems/already-redriven",
                                                  .title = "The message was taken in the meantime",
                                                  .detail = STR("It has had its effect: there is nothing to discard.")});
}

const struct service_route dead_letter_routes[DEAD_LETTER_ROUTES] = {
    {.method = "GET", .path = "/ops/dead-letters/{service}", .roles = ROLE_OPERATOR, .query = list_letters},
    {.method = "GET", .path = "/ops/dead-letters/{service}/{letter}", .roles = ROLE_OPERATOR, .query = show_letter},
    {.method = "POST",
     .path = "/ops/dead-letters/{service}/{letter}/redrive",
     .roles = ROLE_OPERATOR,
     .flags = HTTP_KEY_ACCEPTED,
     .query = redrive_letter},
    {.method = "POST",
     .path = "/ops/dead-letters/{service}/{letter}/discard",
     .roles = ROLE_OPERATOR,
     .flags = HTTP_KEY_ACCEPTED,
     .query = discard_letter},
};
