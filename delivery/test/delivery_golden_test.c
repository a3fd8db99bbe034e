/* Whatever release sent them: delivery reads all golden messages of the types that it takes, and has one of each type that it publishes. */
#include "delivery.h"
#include "golden.h"
#include "inbound/inbound.h"

int main(void)
{
    return golden_test(delivery_events, &delivery_decider);
}
