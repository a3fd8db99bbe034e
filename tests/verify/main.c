/* verify: reads a quiet system from the outside, checks what must hold, and names what does not. */
#include "clock.h"
#include "history.h"
#include "json_encode.h"
#include "run.h"
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define TIMES 3 /* it is read again when it was not quiet all the time */

struct options {
    bool json;
    int64_t min_orders, list, threads, patience_s, provider_patience_ms;
    const char *history, *scratch;
};

static void usage(FILE *out)
{
    fputs("verify: reads the databases, topics, Redis and the provider's books of a quiet system, and checks the invariants of "
          "docs/reliability.md\n\n"
          "  --json              for a program: every violation, and all figures\n"
          "  --min-orders N      fails, too, when fewer than N orders were there to check (0)\n"
          "  --history FILE      what clients were told, a JSON object a line (tests/verify/history.h): for 19 and 20\n"
          "  --list N            name at most N violations of an invariant (20)\n"
          "  --patience S        wait so long for quiet (30)\n"
          "  --provider-patience MS   how long a payment may stay unknown until a person is to look (600000)\n"
          "  --threads N         that look at orders (2)\n"
          "  --scratch DIR       where what is read is sorted; files without a name (/var/tmp)\n\n"
          "Where the system is, from the environment: VERIFY_ORDER, VERIFY_PRODUCT, VERIFY_PAYMENT, VERIFY_DELIVERY, VERIFY_NOTIFICATION "
          "(postgresql://…),\n"
          "VERIFY_KAFKA (host:port,…), VERIFY_REDIS (redis://…), VERIFY_PROVIDER (simulated; anything else: its books are elsewhere)\n\n"
          "Ends with 0: all holds; 1: something does not, or could not be checked; 2: the system could not be read.\n",
          out);
}

/* ── options ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

static int64_t number(const char *text)
{
    int64_t n;
    if (str_to_int64(str_of(text), &n) && n >= 0)
        return n;
    fprintf(stderr, "verify: '%s' is no number\n", text);
    exit(2);
}

static void options_read(struct options *o, int argc, char **argv)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'},           {"min-orders", required_argument, NULL, 'm'},
        {"history", required_argument, NULL, 'h'},  {"list", required_argument, NULL, 'l'},
        {"patience", required_argument, NULL, 'p'}, {"provider-patience", required_argument, NULL, 'q'},
        {"threads", required_argument, NULL, 't'},  {"scratch", required_argument, NULL, 's'},
        {"help", no_argument, NULL, '?' + 128},     {0},
    };
    *o = (struct options){.list = 20, .threads = 2, .patience_s = 30, .provider_patience_ms = 600000, .scratch = "/var/tmp"};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;)
        switch (c) {
        case 'j': o->json = true; break;
        case 'm': o->min_orders = number(optarg); break;
        case 'h': o->history = optarg; break;
        case 'l': o->list = number(optarg); break;
        case 'p': o->patience_s = number(optarg); break;
        case 'q': o->provider_patience_ms = number(optarg); break;
        case 't': o->threads = number(optarg); break;
        case 's': o->scratch = optarg; break;
        case '?' + 128: usage(stdout); exit(0);
        default: usage(stderr); exit(2);
        }
    if (optind < argc) {
        fprintf(stderr, "verify: what is '%s'?\n", argv[optind]);
        exit(2);
    }
}

static const char *told_where(const char *name)
{
    const char *where = getenv(name);
    if (where && where[0])
        return where;
    fprintf(stderr, "verify: %s is not set (see --help)\n", name);
    exit(2);
}

static void audit_make(struct audit *a, const struct options *o)
{
    static const char *const names[DATABASES] = {"VERIFY_ORDER", "VERIFY_PRODUCT", "VERIFY_PAYMENT", "VERIFY_DELIVERY",
                                                 "VERIFY_NOTIFICATION"};
    char fault[200] = "";
    memset(a, 0, sizeof *a);
    for (int i = 0; i < DATABASES; i++)
        a->databases[i] = told_where(names[i]);
    a->brokers = told_where("VERIFY_KAFKA");
    a->redis = told_where("VERIFY_REDIS");
    const char *provider = getenv("VERIFY_PROVIDER");
    a->simulated_provider = !provider || strcmp(provider, "simulated") == 0;
    a->scratch = o->scratch;
    a->patience = SECONDS(o->patience_s);
    a->provider_patience = MILLISECONDS(o->provider_patience_ms);
    audit_init(a);
    if (o->history && !(a->told = history_load(o->history, fault))) {
        fprintf(stderr, "verify: %s: %s\n", o->history, fault);
        exit(2);
    }
}

/* ── telling ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

struct took {
    duration read, look, all;
};

static double resident_mb(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

static void tell_person(const struct audit *a, const struct options *o, const struct took *took)
{
    findings_print(&a->findings, (size_t)o->list);
    printf("\n%lld orders: %lld completed, %lld cancelled, %lld under way; %lld under review\n", (long long)a->orders,
           (long long)a->completed, (long long)a->cancelled, (long long)a->under_way, (long long)a->reviewed);
    printf("%.1f s: %.1f s to read, %.1f s to look; %.0f MB of memory at most, %.0f MB on disk\n", (double)took->all / 1e6,
           (double)took->read / 1e6, (double)took->look / 1e6, resident_mb(), (double)audit_spilled(a) / 1e6);
    if (a->orders < o->min_orders)
        printf("too few orders: %lld were wanted\n", (long long)o->min_orders);
}

static void tell_program(const struct audit *a, const struct options *o, const struct took *took, bool good)
{
    struct buf out = BUF_INIT;
    struct json_writer w = {.out = &out};
    json_begin_object(&w, NULL);
    json_put_boolean(&w, "holds", good);
    json_put_integer(&w, "orders", a->orders);
    json_put_integer(&w, "minOrders", o->min_orders);
    json_put_integer(&w, "completed", a->completed);
    json_put_integer(&w, "cancelled", a->cancelled);
    json_put_integer(&w, "underWay", a->under_way);
    json_put_integer(&w, "underReview", a->reviewed);
    json_put_integer(&w, "poison", a->poison);
    json_put_integer(&w, "readMicroseconds", took->read);
    json_put_integer(&w, "lookMicroseconds", took->look);
    json_put_integer(&w, "microseconds", took->all);
    json_put_integer(&w, "residentKiB", (int64_t)(resident_mb() * 1024));
    json_put_integer(&w, "spilledBytes", (int64_t)audit_spilled(a));
    findings_json(&a->findings, &w);
    json_end_object(&w);
    puts(out.p);
    buf_release(&out);
}

/* ── once ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */

/* False: it was not quiet all the time, and is to be read again. */
static bool audit_run(struct audit *a, const struct options *o, struct took *took)
{
    struct quiet *quiet = quiet_await(a);
    duration began = clock_monotonic();
    if (!a->fault[0])
        audit_read(a);
    took->read = clock_monotonic() - began;
    began = clock_monotonic();
    if (!a->fault[0])
        audit_look(a, (int)o->threads);
    took->look = clock_monotonic() - began;
    bool still = quiet_still(a, quiet);
    quiet_free(quiet);
    return still;
}

int main(int argc, char **argv)
{
    /* What is read comes in pieces of a megabyte: taken from the system each time, they would cost more than reading them. */
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    mallopt(M_TRIM_THRESHOLD, 256 << 20);
    struct options o;
    struct took took;
    static struct audit a; /* large */
    options_read(&o, argc, argv);
    duration began = clock_monotonic();
    audit_make(&a, &o);
    for (int times = 1; !audit_run(&a, &o, &took) && times < TIMES; times++) {
        audit_release(&a);
        audit_make(&a, &o);
    }
    took.all = clock_monotonic() - began;
    if (a.fault[0]) {
        fprintf(stderr, "verify: %s\n", a.fault);
        return 2;
    }
    bool good = findings_none(&a.findings) && a.orders >= o.min_orders;
    if (o.json)
        tell_program(&a, &o, &took, good);
    else
        tell_person(&a, &o, &took);
    audit_release(&a);
    return good ? 0 : 1;
}
