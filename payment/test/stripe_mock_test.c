/*
 * The adapter for Stripe against stripe-mock (https://github.com/stripe/stripe-mock), Stripe's own stand-in: it checks each request by
 * Stripe's published description, and answers with what that shows as an example. It remembers nothing, so what a charge becomes, and
 * that a key is done once, is for stripe_provider_test.c.
 *
 * TEST_STRIPE_MOCK is its program, which `./jumun test unit` makes. Without it this test fails.
 */
#include "clock.h"
#include "provider_contract.h"
#include "settings.h"
#include "testing.h"
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t mock;
static char url[64];

/* It tells its port, which it chooses itself, in its third line or so. */
static bool read_url(FILE *said)
{
    static const char before[] = "Listening for HTTP at address: ";
    char line[256];
    while (fgets(line, sizeof line, said)) {
        if (strncmp(line, before, strlen(before)) == 0) {
            line[strcspn(line, "\n")] = '\0';
            (void)snprintf(url, sizeof url, "http://%.50s", line + strlen(before));
            return true;
        }
    }
    return false;
}

static void become_mock(const char *program, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    execl(program, program, "-http-addr", "127.0.0.1:", "-https-addr", "127.0.0.1:", NULL);
    _exit(127);
}

static int setup(void **state)
{
    (void)state;
    const char *program = testing_environment("TEST_STRIPE_MOCK");
    int out[2];
    char problem[200];
    if (access(program, X_OK) != 0)
        fail_msg("stripe-mock is not at %s: ./jumun test unit makes it", program);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    mock = fork();
    if (mock == 0)
        become_mock(program, out[1]);
    close(out[1]);
    FILE *said = fdopen(out[0], "r");
    if (!read_url(said))
        fail_msg("stripe-mock ended before it listened");
    payment_config.stripe_url = url;
    payment_config.stripe_key = "sk_test_123";
    return stripe_provider.start(NULL, problem) ? 0 : -1; /* the pipe stays open: what it says does not stop it */
}

static int teardown(void **state)
{
    (void)state;
    stripe_provider.stop();
    kill(mock, SIGTERM);
    waitpid(mock, NULL, 0);
    return 0;
}

/* Its example of a PaymentIntent waits for a means of payment. A request that Stripe does not describe would be refused, and be silence. */
static void a_charge_is_asked_for_as_stripe_describes_it(void **state)
{
    (void)state;
    struct asked a = charge_of(&stripe_provider, uuid_new(), "pm_card_visa", PROVIDER_LONG);
    assert_int_equal(a.answer, PROVIDER_DECLINED);
    assert_string_equal(a.text, "requires_payment_method");
}

static void a_refund_is_asked_for_and_understood_as_stripe_describes_it(void **state)
{
    (void)state;
    struct asked a = refund_of(&stripe_provider, uuid_new(), "pi_3MtwBwLkdIwHu7ix28a3tqPa");
    assert_int_equal(a.answer, PROVIDER_APPROVED);
    assert_memory_equal(a.text, "re_", 3);
}

static void a_key_of_another_form_than_stripes_is_silence(void **state)
{
    (void)state;
    payment_config.stripe_key = "nonsense";
    struct asked a = charge_of(&stripe_provider, uuid_new(), "pm_card_visa", PROVIDER_LONG);
    payment_config.stripe_key = "sk_test_123";
    assert_int_equal(a.answer, PROVIDER_SILENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_charge_is_asked_for_as_stripe_describes_it),
        cmocka_unit_test(a_refund_is_asked_for_and_understood_as_stripe_describes_it),
        cmocka_unit_test(a_key_of_another_form_than_stripes_is_silence),
    };
    return cmocka_run_group_tests_name("stripe-mock", tests, setup, teardown);
}
