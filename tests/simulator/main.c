/* simulate: many seeds, or one; what fails is told as briefly as it can be. */
#include "shrink.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX 64

struct options {
    uint64_t seeds, first;
    int jobs;
    bool tells, reports, expects;
};

/* What the processes share. */
struct finding {
    uint64_t failed; /* a seed; UINT64_MAX: none */
    struct coverage coverage[JOBS_MAX];
};

static void usage(FILE *out)
{
    fputs("simulate: all contexts in one thread and in virtual time, with faults; each seed is one history\n\n"
          "  --seeds N             so many seeds (20000)\n"
          "  --first S             beginning with this one (1)\n"
          "  --seed S              this one only; with its history when nothing is wrong, else with the shortest that fails\n"
          "  --jobs N              processes (1)\n"
          "  --report              how often each fault, race, event and state came about; fails when one never did\n"
          "  --expect-violation    succeeds when a seed fails: for planted mutations\n",
          out);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Of this process and its jobs: what one core would have needed if it had nothing else to do. */
static double cpu_seconds(void)
{
    struct rusage own, jobs;
    getrusage(RUSAGE_SELF, &own);
    getrusage(RUSAGE_CHILDREN, &jobs);
    return (double)(own.ru_utime.tv_sec + jobs.ru_utime.tv_sec + own.ru_stime.tv_sec + jobs.ru_stime.tv_sec) +
           (double)(own.ru_utime.tv_usec + jobs.ru_utime.tv_usec + own.ru_stime.tv_usec + jobs.ru_stime.tv_usec) / 1e6;
}

static struct world *world_new(struct coverage *coverage)
{
    struct world *w = calloc(1, sizeof *w);
    if (!w)
        abort();
    arena_init(&w->arena);
    w->coverage = coverage;
    return w;
}

static void world_free(struct world *w)
{
    arena_release(&w->arena);
    free(w);
}

static void run_seeds(const struct options *o, int job, struct finding *found)
{
    struct world *w = world_new(&found->coverage[job]);
    for (uint64_t i = (uint64_t)job; i < o->seeds && __atomic_load_n(&found->failed, __ATOMIC_RELAXED) == UINT64_MAX;
         i += (uint64_t)o->jobs) {
        world_run(w, o->first + i);
        if (w->violation[0])
            __atomic_store_n(&found->failed, o->first + i, __ATOMIC_RELAXED);
    }
    world_free(w);
}

static bool run_jobs(const struct options *o, struct finding *found)
{
    if (o->jobs == 1) {
        run_seeds(o, 0, found);
        return true;
    }
    for (int job = 0; job < o->jobs; job++)
        if (fork() == 0) {
            run_seeds(o, job, found);
            _exit(0);
        }
    bool good = true;
    for (int status; wait(&status) > 0;)
        good &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
    return good;
}

static int report(const struct options *o, const struct finding *found, double took)
{
    struct coverage *sum = calloc(1, sizeof *sum);
    if (!sum)
        abort();
    for (int job = 0; job < o->jobs; job++)
        coverage_add(sum, &found->coverage[job]);
    int holes = 0;
    if (o->reports) {
        coverage_print(sum);
        printf("\n");
        holes = coverage_holes(sum);
    }
    double runs = (double)sum->runs, cpu = cpu_seconds();
    printf("%llu seeds, no violation: %.0f steps each; %.1f s, %.1f s of a core: %.0f seeds a minute and core\n",
           (unsigned long long)sum->runs, (double)sum->steps / (runs > 0 ? runs : 1), took, cpu, runs * 60 / cpu);
    free(sum);
    return holes > 0;
}

static int tell_failure(const struct options *o, uint64_t seed)
{
    struct world *w = world_new(NULL);
    shrink_and_tell(w, seed);
    world_free(w);
    if (!o->expects)
        printf("\nagain: ./jumun simulate --seed %llu\n", (unsigned long long)seed);
    return !o->expects;
}

static int run_many(const struct options *o)
{
    struct finding *found = mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (found == MAP_FAILED)
        abort();
    found->failed = UINT64_MAX;
    double began = seconds();
    if (!run_jobs(o, found))
        return 1;
    double took = seconds() - began;
    if (found->failed != UINT64_MAX)
        return tell_failure(o, found->failed);
    return report(o, found, took) || o->expects;
}

static int run_one(const struct options *o)
{
    struct world *w = world_new(NULL);
    world_run(w, o->first);
    bool failed = w->violation[0];
    w->tells = true;
    if (!failed)
        world_run(w, o->first);
    world_free(w);
    if (failed)
        return tell_failure(o, o->first);
    printf("seed %llu: no violation\n", (unsigned long long)o->first);
    return 0;
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t n = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0')
        return n;
    fprintf(stderr, "simulate: \"%s\" is not a number\n", text);
    exit(2);
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"seeds", required_argument, NULL, 'n'}, {"first", required_argument, NULL, 'f'},
                                          {"seed", required_argument, NULL, 's'},  {"jobs", required_argument, NULL, 'j'},
                                          {"report", no_argument, NULL, 'r'},      {"expect-violation", no_argument, NULL, 'x'},
                                          {"help", no_argument, NULL, 'h'},        {0}};
    struct options o = {.seeds = 20000, .first = 1, .jobs = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'n': o.seeds = number(optarg); break;
        case 'f': o.first = number(optarg); break;
        case 's':
            o.first = number(optarg);
            o.tells = true;
            break;
        case 'j': o.jobs = (int)number(optarg); break;
        case 'r': o.reports = true; break;
        case 'x': o.expects = true; break;
        case 'h': usage(stdout); return 0;
        default: usage(stderr); return 2;
        }
    }
    if (o.jobs < 1 || o.jobs > JOBS_MAX || o.seeds < 1 || optind < argc) {
        usage(stderr);
        return 2;
    }
    return o.tells ? run_one(&o) : run_many(&o);
}
