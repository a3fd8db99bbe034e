"""./jumun demo and its other ends: what it shows is how the order ended."""
import pytest

pytestmark = [pytest.mark.faults, pytest.mark.told(CARRIER_START_DELAY_MS="1000", CARRIER_COMPLETE_DELAY_MS="100")]

STORIES = {
    "": ["(201)", "PaymentApproved", "DeliveryStarted", "OrderCompleted", "The order is COMPLETED", "배송이 완료되었습니다"],
    "--cancel": ["OrderCancelRequested", "DeliveryCancelled", "PreparationCancelled", "PaymentRefunded", "OrderCancelled", "The order is CANCELLED (customer); refunded:"],
    "--declined": ["Declined (402", "PaymentDeclined", "PaymentApproved", "The order is COMPLETED"],
    "--sold-out": ["product is stopped", "product is back", "PreparationRejected", "PaymentRefunded", "The order is CANCELLED (out-of-stock); refunded: 240000 KRW", "The order is COMPLETED"],
    "--payment-down": ["payment is stopped", "(202)", "payment is back", "PaymentApproved", "The order is COMPLETED"],
}


@pytest.mark.parametrize("story", STORIES)
def test_the_demo_shows_how_it_ends(shop, story):
    shown = shop.jumun("demo", *[story] * bool(story))
    for told in STORIES[story]:
        assert told in shown, f"{told!r} is not in {shown}"
    assert shop.is_ready("payment") and shop.is_ready("product")


def test_payment_comes_back_when_the_demo_fails(shop):
    """Order is away, so the demo cannot place: it says so, and leaves payment as it was."""
    with shop.down("order"):
        with pytest.raises(AssertionError, match="the order was not taken"):
            shop.jumun("demo", "--payment-down")
    shop.waits_until_ready()
