/* A provider's process, with a pipe to and one from it. */
#include "provider.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct {
    pid_t pid;
    FILE *to, *from;
    char line[2000];
} process;

static const char *hear(void)
{
    if (!fgets(process.line, sizeof process.line, process.from))
        fail_msg("the provider has ended: is python3-aiosmtpd there?");
    process.line[strcspn(process.line, "\n")] = '\0';
    return process.line;
}

unsigned provider_start(const char *what, const char *key)
{
    int to[2], from[2];
    assert_int_equal(pipe2(to, O_CLOEXEC) | pipe2(from, O_CLOEXEC), 0);
    process.pid = fork();
    if (process.pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        execl(PYTHON3, PYTHON3, PROVIDER, what, key, (char *)NULL);
        _exit(127);
    }
    close(to[0]), close(from[1]);
    process.to = fdopen(to[1], "w");
    process.from = fdopen(from[0], "r");
    if (strncmp(hear(), "port ", 5) != 0)
        fail_msg("%s", process.line);
    return (unsigned)strtoul(process.line + 5, NULL, 10);
}

void provider_stop(void)
{
    if (process.pid == 0)
        return;
    kill(process.pid, SIGKILL);
    waitpid(process.pid, NULL, 0);
    (void)fclose(process.to);
    (void)fclose(process.from);
    process.pid = 0;
}

/* What it had to say of earlier notices, which nobody asked for, goes by. */
void provider_behave(enum behaviour how)
{
    static const char *const words[] = {
        [TAKES] = "takes", [IS_BUSY] = "busy", [REFUSES] = "refuses", [KNOWS_NOBODY] = "nobody", [HANGS] = "hangs"};
    (void)fprintf(process.to, "%s\n", words[how]);
    (void)fflush(process.to);
    while (strcmp(hear(), "so be it") != 0)
        assert_null(strstr(process.line, "wrong:"));
}

const char *provider_received(void)
{
    return hear();
}
