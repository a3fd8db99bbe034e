"""./jumun demo and its other ends: what it shows is how the order ended."""
import pytest

pytestmark = [pytest.mark.faults, pytest.mark.told(CARRIER_START_DELAY_MS="1000", CARRIER_COMPLETE_DELAY_MS="100")]

LIMIT = 600  # seconds for a story, on a slow machine
LATER = "the payment is on its way (202)"  # where it took longer than order waits
STORIES = {  # of alternatives one
    "": [("Paid and confirmed (201)", LATER), "PaymentApproved", "DeliveryStarted", "OrderCompleted", "The order is COMPLETED", "배송이 완료되었습니다"],
    "--declined": [("Declined (402", LATER), "PaymentDeclined", "PaymentApproved", "The order is COMPLETED"],
    "--sold-out": ["product is stopped", "product is back", "PreparationRejected", "PaymentRefunded", "The order is CANCELLED (out-of-stock); refunded: 240000 KRW", "The order is COMPLETED"],
    "--payment-down": ["payment is stopped", "(202)", "payment is back", "PaymentApproved", "The order is COMPLETED"],
    "--cancel": ["OrderCancelRequested", "DeliveryCancelled", "PreparationCancelled", "PaymentRefunded", "OrderCancelled", "The order is CANCELLED (customer); refunded:"],
}
UNHURRIED = pytest.mark.told(CARRIER_START_DELAY_MS="20000")  # so that the cancel is sooner


@pytest.mark.parametrize("story", [pytest.param(story, marks=[UNHURRIED] * (story == "--cancel")) for story in STORIES])
def test_the_demo_shows_how_it_ends(shop, story):
    shown = shop.jumun("demo", *[story] * bool(story), limit=LIMIT)
    for told in STORIES[story]:
        assert any(one in shown for one in ([told] if isinstance(told, str) else told)), f"{told!r} is not in {shown}"
    shop.waits_until_ready()


def test_payment_comes_back_when_the_demo_fails(shop):
    """Order is away, so the demo cannot place: it says so, and leaves payment as it was."""
    with shop.down("order"):
        with pytest.raises(AssertionError, match="the order was not taken"):
            shop.jumun("demo", "--payment-down", limit=LIMIT)
    shop.waits_until_ready()
