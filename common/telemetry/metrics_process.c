/* What the kernel knows of this process, by the names that Prometheus' own clients use. */
#include "metrics.h"

#include "clock.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static instant started;

__attribute__((constructor)) static void note_start(void)
{
    started = clock_now();
}

/* 0 where there is no /proc: a page with a hole is better than none. */
static double resident_bytes(void)
{
    char line[200] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t n = read(file, line, sizeof line - 1);
    close(file);
    const char *resident = n > 0 ? strchr(line, ' ') : NULL; /* the second number, in pages */
    return resident ? strtod(resident, NULL) * (double)sysconf(_SC_PAGESIZE) : 0;
}

static double open_files(void)
{
    DIR *d = opendir("/proc/self/fd");
    if (!d)
        return 0;
    int n = 0;
    for (struct dirent *e = readdir(d); e; e = readdir(d))
        n += e->d_name[0] != '.';
    closedir(d);
    return n - 1; /* without the directory itself */
}

static double cpu_seconds(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void metrics_process(struct metrics_page *page)
{
    metrics_value(page, "process_resident_memory_bytes", "Resident memory size in bytes.", NULL, resident_bytes());
    buf_printf(page->out,
               "# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.\n"
               "# TYPE process_cpu_seconds_total counter\n"
               "process_cpu_seconds_total %.6f\n",
               cpu_seconds());
    metrics_value(page, "process_open_fds", "Number of open file descriptors.", NULL, open_files());
    metrics_value(page, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", NULL,
                  (double)started / 1e6);
    metrics_value(page, "jumun_build_info", "The version of this build, as a label; the value is 1.", "version=\"" JUMUN_VERSION "\"", 1);
}
