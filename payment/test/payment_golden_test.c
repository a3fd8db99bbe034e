/* Whatever release sent them: payment reads all golden messages of the types that it takes, and has one of each type that it publishes. */
#include "golden.h"
#include "inbound/inbound.h"
#include "payment.h"

int main(void)
{
    return golden_test(payment_events, &payment_decider);
}
