/* Whatever release sent them: product reads all golden messages of the types that it takes, and has one of each type that it publishes. */
#include "golden.h"
#include "inbound/inbound.h"
#include "product_decider.h"

int main(void)
{
    return golden_test(product_events, &product_decider);
}
