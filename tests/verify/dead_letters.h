/*
 * dead_letters — what is on the dead-letter topics, by where it came from: read before the topics themselves, which are then known to have
 * been dead-lettered or not.
 */
#ifndef VERIFY_DEAD_LETTERS_H
#define VERIFY_DEAD_LETTERS_H

#include "uuid.h"
#include "words.h"

struct dead_letter {
    uint8_t context, topic;
    int16_t partition;
    int64_t offset;      /* where it came from */
    int64_t own_offset;  /* where it lies among the dead letters */
    uint64_t bytes;      /* of key and value */
    struct uuid id;      /* the event's; nil: it has none */
    bool found;          /* it was there, with the same bytes */
    bool mark, redriven; /* mark: not a letter, but what was done about it */
    char reason[100];
};
struct dead_letters {          /* {0} */
    struct dead_letter *items; /* by where they came from */
    size_t count, room;
    struct dead_letter *by_id; /* the same again */
};

void dead_letters_add(struct dead_letters *d, const struct dead_letter *letter);
void dead_letters_sort(struct dead_letters *d); /* when all are added; each letter once, with what was done about it */
/* The contexts, as bits, among whose dead letters this message is; notes that it was found. */
uint8_t dead_letters_at(struct dead_letters *d, uint8_t topic, int16_t partition, int64_t offset, uint64_t bytes);
const struct dead_letter *dead_letters_of(const struct dead_letters *d, uint8_t context, uint8_t topic, int16_t partition, int64_t offset);
bool dead_letters_have(const struct dead_letters *d, uint8_t context, struct uuid id);
void dead_letters_release(struct dead_letters *d);

#endif
