/* Whatever release sent them: all golden messages of the types that are taken here are read. */
#include "account.h"
#include "golden.h"
#include "inbound/inbound.h"

int main(void)
{
    return golden_test(account_events, &account_decider);
}
