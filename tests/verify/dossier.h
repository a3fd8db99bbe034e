/*
 * dossier — all that any store knows of one order (or one product, or one customer's preferences), side by side.
 *
 *     struct bucket b; bucket_init(&b);
 *     if (bucket_load(&b, spills, n, i))
 *         while (bucket_next(&b, &dossier)) …       // the dossier lasts until the next
 *
 * Here the topics meet the histories: each event has its first message, and messages that no history has are those without an event.
 */
#ifndef VERIFY_DOSSIER_H
#define VERIFY_DOSSIER_H

#include "arena.h"
#include "buf.h"
#include "history.h"
#include "records.h"
#include "spill.h"

struct told_message {
    const struct message *m;
    const struct change *change; /* NULL: it is not shown */
    struct happened *event;      /* NULL: in no history */
    bool copy;                   /* not the first of its event */
    bool excused;                /* as no history has it, and that is known: it was dead-lettered, or is a drill */
};
struct happened {
    const struct history *h;
    const struct told_message *first; /* NULL: not on its topic */
    uint8_t walked;                   /* for who follows causes: 0 not yet, 1 on the way, 2 it ends */
};

struct dossier {
    struct uuid key;
    struct happened *events; /* by kind, aggregate, version */
    size_t event_count;
    struct happened **by_id;       /* the same, by id */
    struct told_message *messages; /* by topic, partition, offset */
    size_t message_count;
    const struct order_row *order;
    const struct payment_row *payment;
    const struct attempt_row *attempts; /* payment->attempts of them */
    const struct state_row *preparation, *delivery;
    const struct product_row *product;
    const struct document_row *document;
    const struct notice_row **notices;
    const struct charge_row **charges, **refunds;
    const struct uuid **listed;
    const struct client_answer **answers;
    size_t notice_count, charge_count, refund_count, listed_count, answer_count;
};

struct happened *dossier_event(const struct dossier *d, struct uuid id); /* NULL: none has this id */
bool dossier_happened(const struct dossier *d, enum event event);

struct group;
struct bucket {
    struct buf bytes;
    struct arena arena; /* of the dossier */
    struct group *groups;
    size_t group_count, slot_count, at;
    uint32_t *slots;
};
void bucket_init(struct bucket *b);
void bucket_release(struct bucket *b);
bool bucket_load(struct bucket *b, struct spill *const *spills, size_t n, size_t number);
bool bucket_next(struct bucket *b, struct dossier *d);

#endif
