/*
 * world — one run: five contexts, the network between them, and everybody outside, in one thread and in virtual time.
 *
 * What is to come stands in the agenda, by its time; world_run() does one thing after the other until nothing is left, first with faults,
 * then (from CALM on) without, so that everything can end. Everything is taken from one arena, and nothing is given back before the run
 * ends: what a state points to therefore stays, as it would in the database.
 *
 *     world_begin(w, seed); world_run(w); if (w->violation[0]) …
 */
#ifndef SIMULATOR_WORLD_H
#define SIMULATOR_WORLD_H

#include "choice.h"
#include "coverage.h"
#include "decider.h"
#include "fact.h"
#include <setjmp.h>

enum service { ORDER_SERVICE, PAYMENT_SERVICE, PRODUCT_SERVICE, DELIVERY_SERVICE, NOTIFICATION_SERVICE, SERVICES };

#define ORDERS_MAX     6
#define PRODUCTS_MAX   3
#define PARTITIONS     2
#define LOG_MAX        512 /* messages of a partition */
#define QUEUE_MAX      256 /* commands that wait for a service's engine */
#define AGENDA_MAX     1024
#define SLOTS          512 /* aggregates of a context, a power of two */
#define TIMERS_MAX     4   /* kinds, of a context */
#define OUTBOX_MAX     512
#define CHARGES_MAX    64
#define OPENING        MILLISECONDS(500) /* the catalog is filled, and nothing fails */
#define FAULTS_END     MINUTES(45)       /* all that people do, the payment window and the patience with payments lie before */
#define RUN_END        MINUTES(180)
#define STEPS_MAX      20000
#define BEGINNING      ((instant)1767225600 * 1000000) /* 2026-01-01 */
#define MOOD_OF_TOPICS 6

struct world;
struct happening;
typedef void (*action)(struct world *w, const struct happening *h);

/* Something that is to come. With a service: forgotten when that service has crashed meanwhile. */
struct happening {
    instant at;
    uint32_t number; /* of two at once the first announced comes first */
    int16_t service; /* -1: of nobody's memory */
    uint16_t life;   /* of the service */
    action act;
    void *what;
    int64_t number_of; /* whatever it is: a partition, an order, a timer */
};

/* ── a context: the engine's part, in memory ────────────────────────────────────────────────────────────────────────────────────────── */

/* Who waits for an answer, as engine.h has it: composed before the commit, told after it. */
struct parked {
    /* True: no answer yet, an effect of this decision takes the asker along. */
    bool (*compose)(struct world *w, struct parked *asker, struct aggregate *const *a, const struct command *c, const struct decision *d);
    void (*answer)(struct world *w, struct parked *asker);
    void (*noted)(struct world *w, struct parked *asker, bool answered); /* its key, in the deciding transaction; may be NULL */
};

struct poll;
struct entry { /* a command in the queue */
    struct command c;
    struct fact *fact; /* a message; NULL: it is none */
    struct poll *poll; /* likewise: what it was read with */
    struct parked *asker;
    bool answers; /* it tells what came of our own question: never to be refused */
};

struct slot { /* an aggregate as the database has it, with its timers */
    struct aggregate a;
    int number; /* of the order or product that it belongs to; -1 */
    instant due[TIMERS_MAX];
    struct uuid correlation[TIMERS_MAX];
    uint32_t decided[TIMERS_MAX]; /* the last batch that set, cleared or fired it */
};

struct poll { /* how far a context has read a partition */
    uint32_t position, committed;
    uint32_t under_way; /* of the last reading, not decided yet */
    bool planned;
};

struct context;
/* What a context's adapter tells: see sides.h. */
struct side {
    const char *name;
    const struct decider *decider;
    uint32_t topics; /* bits: those that it listens to */
    /* As inbound/events.c: false passes over. *c has cause, correlation and fresh. */
    bool (*take)(struct world *w, const struct fact *f, struct command *c);
    /* As outbound/event_data.c: type, ids and time are there. */
    void (*tell)(struct world *w, const struct decided_event *e, struct fact *f);
    void (*start_effect)(struct world *w, const struct decided_effect *e, const struct command *c, struct uuid cause, struct parked *asker);
    void (*restart)(struct world *w);                                                                              /* may be NULL */
    void (*decided)(struct world *w, const struct entry *e, struct aggregate *const *a, const struct decision *d); /* watches */
    void (*changed)(struct world *w, const struct aggregate *a);                                                   /* may complain; NULL */
    const char *(*command_name)(int type);
    const char *(*state_name)(const struct aggregate *a); /* NULL: it has no states */
};

struct context {
    const struct side *side;
    struct slot *slots[SLOTS];
    size_t slot_count;
    struct slot *touched[SLOTS]; /* by this batch: for settle */
    size_t touched_count;
    uint32_t batch;

    struct entry queue[QUEUE_MAX];
    size_t queued;
    bool batch_planned;

    struct fact *outbox[OUTBOX_MAX]; /* a ring: what is committed and not told yet */
    uint32_t outbox_first, outbox_last;
    bool relay_planned;

    bool up;
    uint16_t life;
    struct poll polls[TOPICS][PARTITIONS];
};

/* ── outside ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct charge { /* a line of the provider's own ledger */
    struct uuid key, order;
    struct money amount;
    struct str token;
    bool refund; /* a line that gives back */
    bool charged, declined;
    instant charged_at, opens; /* opens: until then it does not answer */
    int refunds_asked, refunds;
};

struct customer_order {
    struct uuid customer;
    struct uuid id; /* nil: not placed yet */
    struct fact_lines wanted;
    struct str token;
    bool ever_shipped, ever_delivery_started, ever_confirmed;
    bool told_paid, told_shipped; /* by an answer that came */
    struct uuid resource;         /* that the placing makes */
    int places;                   /* orders made by its Idempotency-Key */
    int wishes;                   /* that the customer still has */
    int status;                   /* of the order, when it last changed */
    uint32_t to_be_told, told;    /* bits by kind of notice */
};

struct stocked {
    struct uuid id;
    int64_t initial, restocked;
    int price;
};

struct mood { /* which faults a run has: in each, some are missing altogether (swarm testing) */
    uint32_t crash, http_lost, answer_lost, copies, provider_lost, channel_fails, reread, carrier_twice, courier;
    uint32_t lag[SERVICES][TOPICS]; /* doublings */
    uint32_t slow_batch, slow_relay, slow_timers, slow_http, slow_provider, down;
    duration provider_deadline; /* payment's patience with one question */
};

struct log {
    struct fact *facts[LOG_MAX];
    uint32_t count;
};

struct world {
    struct choices choices;
    struct arena arena;
    instant now;
    bool calm;
    uint32_t steps, announced;
    uint64_t next_id;

    struct happening agenda[AGENDA_MAX]; /* a heap */
    size_t agenda_count;

    struct context contexts[SERVICES];
    struct log logs[TOPICS][PARTITIONS];
    struct mood mood;

    struct customer_order orders[ORDERS_MAX];
    int order_count;
    struct stocked products[PRODUCTS_MAX];
    int product_count;
    struct charge charges[CHARGES_MAX];
    int charge_count;
    uint16_t received[ORDERS_MAX][32]; /* notices that a channel has got, by kind */

    struct coverage *coverage; /* NULL: not counted */
    bool tells;                /* prints its history */
    uint32_t tells_from;       /* this step */
    uint64_t digest;           /* of its history: what was decided, and when */
    char violation[300];       /* empty: none */
    jmp_buf end;
};

extern const struct side *const sides[SERVICES]; /* sides.c */

void world_run(struct world *w, uint64_t seed); /* whole; w->violation says what was wrong, if anything was */

/* ── for the parts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct uuid world_id(struct world *w); /* that nothing has yet */
struct uuid name_order_customer(int number);
int order_number(const struct world *w, struct uuid order);     /* -1: none of the customers' */
int product_number(const struct world *w, struct uuid product); /* -1 */

void announce(struct world *w, duration wait, int service, action act, void *what, int64_t number_of);
bool fault(struct world *w, enum covered which, int stream, uint32_t of_thousand); /* never when calm */
duration wait_for(struct world *w, int stream, uint32_t doublings);                /* short when calm */

_Noreturn void violated(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tell(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));
#define TELL_HISTORY(w, ...) ((w)->tells ? tell((w), __VA_ARGS__) : (void)0)
void cover(struct world *w, enum covered which);

/* The engine's part: context.c. */
struct slot *context_slot(struct world *w, enum service service, int kind, struct uuid id);                  /* made when not there */
const struct aggregate *context_look(const struct world *w, enum service service, int kind, struct uuid id); /* NULL when not there */
void context_begin(struct world *w, enum service service);
void context_submit(struct world *w, enum service service, const struct entry *e);
void context_plan_timer(struct world *w, enum service service, struct slot *slot, int timer);
struct command command_of(struct world *w, int type, const void *data, size_t size, struct uuid correlation, struct uuid cause);

/* The network: network.c. */
void network_relay(struct world *w, enum service service); /* something is in the outbox */
void network_listen(struct world *w, enum service service);
void network_decided(struct world *w, enum service service, struct poll *poll);
void crash(struct world *w, enum service service, enum covered where);

/* People and others: customers.c, provider.c, carrier.c. */
void people_begin(struct world *w);

/* Is everything as it must be? invariants.c: at the end, when all is quiet. */
void invariants_check(struct world *w);

#endif
