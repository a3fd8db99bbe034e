/*
 * letter_book — what a dead-letter topic says, folded: which letters there are, and what has become of each.
 *
 * Two kinds of records stand on the topic. A *letter* is a message as it came, with four headers behind its own: x-reason, and where it
 * came from (x-original-topic, x-original-partition, x-original-offset): by this place it is known, and a copy of it, written after a
 * crash, is nothing new. A *mark* says what was done about the letter of a place: x-original-…, x-by, x-note, and at the very end x-mark
 * (REDRIVEN or DISCARDED). The last header tells the kinds apart, so that nothing in a message can make it look like a mark.
 *
 *     struct letter_book *b = letter_book_new();
 *     letter_book_read(b, &record);                           // each record, in the order of the topic
 *     const struct letter *l = letter_book_find(b, &place);   // valid until the next letter_book_read()
 *
 * Pure: no I/O, no clock, no lock. What it keeps of a letter is small, and its texts are kept of the first LETTER_TEXTS only: the letters
 * themselves are on the topic.
 */
#ifndef JUMUN_LETTER_BOOK_H
#define JUMUN_LETTER_BOOK_H

#include "arena.h"
#include "kafka.h"

/* X(state): OPEN, and what marks say. Redriven wins over discarded, as what it has done is done. */
#define LETTER_STATES_TABLE(X)                                                                                                             \
    X(OPEN)                                                                                                                                \
    X(DISCARDED)                                                                                                                           \
    X(REDRIVEN)

enum letter_state {
#define X(state) LETTER_##state,
    LETTER_STATES_TABLE(X)
#undef X
        LETTER_STATES
};
extern const char *const letter_state_names[LETTER_STATES];

#define LETTER_TEXTS 10000

/* Where a message stood that could not be taken. As text: "jumun.order:3:42". */
struct letter_place {
    struct str topic;
    int32_t partition;
    int64_t offset;
};
bool letter_place_parse(struct str text, struct letter_place *place);
struct str letter_place_text(struct arena *arena, const struct letter_place *place);

struct letter {
    struct letter_place place;
    int32_t partition; /* where it stands on the dead-letter topic */
    int64_t offset;
    instant since;
    struct str reason, type; /* type: as its header says; absent when it has none, or when there were too many */
    enum letter_state state;
    instant closed; /* … and by whom; 0 while it is open */
    struct uuid by;
    struct str note;
    bool there; /* false: only a mark of it was read so far */
};

struct letter_book;
struct letter_book *letter_book_new(void);
void letter_book_free(struct letter_book *b);

void letter_book_read(struct letter_book *b, const struct kafka_record *record);
const struct letter *letter_book_find(const struct letter_book *b, const struct letter_place *place); /* NULL: no such letter */
size_t letter_book_count(const struct letter_book *b, enum letter_state state);

/* The letters of these states (bits of 1 << state) in the order in which they came, behind `after` (NULL: from the first); at most `most`.
 */
size_t letter_book_list(const struct letter_book *b, unsigned states, const struct letter_place *after, const struct letter **out,
                        size_t most);

/* ── the two kinds of records ───────────────────────────────────────────────────────────────────────────────────────────────────── */

#define LETTER_HEADERS 4
#define MARK_HEADERS   6
/* The headers of a letter, or of a mark, in the arena. */
struct kafka_header *letter_headers(struct arena *arena, const struct kafka_record *message, struct str reason);
struct kafka_header *mark_headers(struct arena *arena, const struct letter_place *place, enum letter_state state, struct uuid by,
                                  struct str note);

/* The message that a letter is about, as it came. False: the record is no letter. */
bool letter_message(const struct kafka_record *letter, struct kafka_record *message);

#endif
