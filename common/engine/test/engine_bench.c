/*
 * What a state change costs: inbox, lock, update, event and outbox, by batches of 1, 8, 32, 128 and 512, all durable.
 *
 *     TEST_POSTGRES_URL=… engine_bench [CHANGES-OF-A-ROUND [SIZE-OF-BATCH]]
 *
 * Prints, by size of batch: changes a second; CPU of this process for each (commands made and queued included); CPU of the machine for
 * each, which says something only when nothing else runs.
 */
#include "bank.h"
#include "clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { ACCOUNTS = 20000, AHEAD = 4096 };
static struct uuid accounts[ACCOUNTS];

static atomic_long done_count;

static void one_done(struct engine_command *c, enum engine_outcome outcome, const struct refusal *refusal)
{
    (void)c;
    (void)refusal;
    if (outcome != ENGINE_DONE)
        abort();
    atomic_fetch_add(&done_count, 1);
}

/* Keeps a few thousand ahead of the engine: enough for whole batches, and the memory of a real queue. */
static void change_all(struct engine *e, long changes)
{
    atomic_store(&done_count, 0);
    for (long i = 0; i < changes; i++) {
        struct engine_command *c = bank_deposit(accounts[i % ACCOUNTS], 1);
        c->event = uuid_new();
        c->done = one_done;
        engine_submit(e, c);
        while (i - atomic_load(&done_count) > AHEAD)
            usleep(200);
    }
    while (atomic_load(&done_count) < changes)
        usleep(200);
}

static double cpu_of_process(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void first_line(const char *path, char line[200])
{
    FILE *f = fopen(path, "re");
    if (!f || !fgets(line, 200, f))
        line[0] = '\0';
    if (f)
        (void)fclose(f);
}

/* "cpu  user nice system …", in ticks */
static double cpu_of_machine(void)
{
    char line[200], *at = line + 3;
    first_line("/proc/stat", line);
    long ticks = strtol(at, &at, 10);
    ticks += strtol(at, &at, 10);
    ticks += strtol(at, &at, 10);
    return (double)ticks * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

/* The server runs on this machine, or else it is 0. */
static double cpu_of_backend(void)
{
    static const char backend[] =
        "select pid::bigint from pg_stat_activity where application_name = 'engine' and datname = current_database()";
    char path[64], line[200];
    (void)snprintf(path, sizeof path, "/proc/%lld/schedstat", (long long)bank_number(backend, accounts[0]));
    first_line(path, line);
    return (double)strtoll(line, NULL, 10) / 1e3;
}

static void measure(size_t batch, long changes)
{
    struct engine *e = bank_engine(&(struct engine_config){.batch_max = batch, .queue_max = 2 * AHEAD});
    change_all(e, (long)batch * 4);
    double process = cpu_of_process(), backend = cpu_of_backend(), machine = cpu_of_machine();
    duration began = clock_monotonic();
    change_all(e, changes);
    double took = (double)(clock_monotonic() - began), n = (double)changes;
    printf("%5zu %10.0f %10.2f %10.2f %10.2f\n", batch, n / took * 1e6, (cpu_of_process() - process) / n, (cpu_of_backend() - backend) / n,
           (cpu_of_machine() - machine) / n);
    (void)fflush(stdout);
    bank_engine_end(e);
}

static void make_accounts(void)
{
    struct engine *e = bank_engine(NULL);
    for (int i = 0; i < ACCOUNTS; i++)
        accounts[i] = uuid_new();
    change_all(e, ACCOUNTS);
    bank_engine_end(e);
}

int main(int argc, char **argv)
{
    long round = argc > 1 ? strtol(argv[1], NULL, 10) : 60000;
    void *state = NULL;
    bank_setup(&state);
    make_accounts();
    size_t only = argc > 2 ? strtoul(argv[2], NULL, 10) : 0;
    printf("batch  changes/s    µs here µs backend  µs in all\n");
    static const size_t sizes[] = {1, 8, 32, 128, 512};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && !only; i++)
        measure(sizes[i], sizes[i] < 32 ? round * (long)sizes[i] / 32 : round);
    if (only)
        measure(only, round);
    bank_teardown(&state);
    return 0;
}
