/* Whatever release sent them: order reads all golden messages of the types that it takes, and has one of each type that it publishes. */
#include "golden.h"
#include "inbound/inbound.h"
#include "order.h"

int main(void)
{
    return golden_test(order_intake, &order_decider);
}
