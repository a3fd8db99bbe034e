/*
 * simulated_books — what the simulated provider has charged and given back, in tables of its own (schema simulated_provider).
 *
 * They stand for a bank's: an entry is written in a transaction that is none of payment's, and it is there or not whatever becomes of
 * payment. One thread writes; what has gathered while it wrote is its next transaction. An entry is the caller's, until written() gives it
 * back with what came of it:
 *
 *     struct books_entry *e = …;   // kind, key, amount …, written
 *     books_write(e);              // any thread; returns at once. Later, from the books' thread: e->written(e)
 *
 * The commits wait for the disk, though payment's own, which follows in the same server's log, does so, too: when the server is killed in
 * between, payment still knows the answer, and commits it after the restart, to a log in which the charge is not.
 */
#ifndef JUMUN_PAYMENT_SIMULATED_BOOKS_H
#define JUMUN_PAYMENT_SIMULATED_BOOKS_H

#include "instant.h"
#include "money.h"
#include "payment.h"
#include <sys/queue.h>

enum books_kind {
    BOOKS_CHARGE,          /* at once; who asks need not know whether it was there before */
    BOOKS_CHARGE_AND_TELL, /* `takes` after it was first asked for; tells `times` and `remaining` */
    BOOKS_REFUND,
};

struct books_entry {
    enum books_kind kind;
    struct uuid key; /* the same key is written once */
    struct money amount;
    char token[PAYMENT_TOKEN_MAX + 1]; /* charges */
    duration takes;                    /* BOOKS_CHARGE_AND_TELL */
    struct uuid charge;                /* refunds: of which charge */
    void (*written)(struct books_entry *entry);

    /* What came of it. */
    bool kept;          /* false: the database does not answer; it may have been written, or not */
    bool refused;       /* a refund that has failed */
    int64_t times;      /* asked for so often, this one included */
    duration remaining; /* until the charge is done */
    STAILQ_ENTRY(books_entry) next;
};

void books_open(const char *database_url);
void books_write(struct books_entry *entry);
void books_close(void); /* writes what is left */

#endif
