/* Whatever release sent them: notification reads all golden messages of the types that it takes, and has one of each type that it
 * publishes. */
#include "golden.h"
#include "inbound/inbound.h"
#include "notification.h"

int main(void)
{
    return golden_test(notification_events, &notification_decider);
}
