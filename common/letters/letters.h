/*
 * letters — a service's dead letters: written to jumun.dlq.<service>, read back from there, and marked when somebody has dealt with them.
 *
 * The topic is all there is: letters and marks stand on it (letter_book.h), every replica reads it whole, and keeps the book in memory. So
 * a restart forgets nothing, replicas agree, and a context without a database has dead letters like any other. See docs/decisions/0011.
 *
 *     struct letters *l = letters_start(&(struct letters_config){.brokers = brokers, .service = "order"});
 *     letters_send(l, arena, records, reasons, n);   // those with a reason; returns when Kafka has them
 *     letters_await(l, SECONDS(3));                  // the book says all that is on the topic by now
 *
 * Any thread, any time, except where it says otherwise.
 */
#ifndef JUMUN_LETTERS_H
#define JUMUN_LETTERS_H

#include "letter_book.h"
#include "metrics.h"

struct letters_config {
    const char *brokers;
    const char *service;
};

struct letters;
struct letters *letters_start(const struct letters_config *config);
void letters_stop(struct letters *l);

/* The records whose reason is not absent, as they came. Waits for Kafka as long as it takes. False: not all were taken; send them again. */
bool letters_send(struct letters *l, struct arena *arena, const struct kafka_record *records, const struct str *reasons, size_t n);

bool letters_await(struct letters *l, duration patience); /* false: the topic cannot be read now */

/* Copies in the arena. */
bool letters_find(struct letters *l, const struct letter_place *place, struct arena *arena, struct letter *out);
size_t letters_list(struct letters *l, unsigned states, const struct letter_place *after, struct arena *arena, struct letter *out,
                    size_t most);
size_t letters_count(struct letters *l, enum letter_state state);

/* The message that the letter is about, as it came. False: it cannot be read now. */
bool letters_fetch(struct letters *l, const struct letter *letter, struct arena *arena, struct kafka_record *message);

/* Writes the mark, and returns when the book has it. False: Kafka has not taken it in time; it may still come to stand there. */
bool letters_mark(struct letters *l, const struct letter *letter, enum letter_state state, struct uuid by, struct str note);

void letters_show(struct letters *l, struct metrics_page *page);

#endif
