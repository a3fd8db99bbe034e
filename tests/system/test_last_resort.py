"""What is left when nothing helps: a person looks at a payment, and a notice that nobody takes is given up. Both can be seen."""
import contextlib
import http.server
import threading

import pytest

from waiting import until


@pytest.mark.told(PROVIDER_PATIENCE_MS="2000")
def test_a_provider_that_stays_silent_leaves_the_payment_to_a_person(shop, customer, topics):
    order = customer.orders(shop.tea, token="tok_hang")
    assert order.answer.status == 202
    review = next(event for event in topics.of(order.id, "PaymentNeedsReview") if event.name == "PaymentNeedsReview")
    assert (review.data["attempt"], review.data["paymentId"]) == (1, order.payment()["id"])
    until(lambda: "needsReview" in order.shown(), "order says that a person is to look at it")
    order.waits_for("the review", lambda seen: "needsReview" in seen)
    assert order.shown()["status"] == "PENDING_PAYMENT"


class Refuses(http.server.BaseHTTPRequestHandler):
    """Somebody who wants no notices."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(self.path)
        self.send_response(410)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def webhook_that_refuses():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuses)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def test_a_notice_that_nobody_takes_is_given_up_and_shown_as_such(shop, customer, topics):
    with webhook_that_refuses() as server:
        wanted = {"language": "ko", "channels": ["webhook"], "webhookUrl": f"http://127.0.0.1:{server.server_port}/notices"}
        assert customer.asks("PUT", "/api/my/preferences", wanted).status == 200
        order = customer.orders(shop.tea)
        events = topics.of(order.id, "OrderCompleted", "NotificationGivenUp")
        given_up = next(event for event in events if event.name == "NotificationGivenUp")
        assert (given_up.data["orderId"], given_up.data["customer"], given_up.data["channel"]) == (order.id, customer.id, "webhook")
        until(lambda: given_up.data["kind"] in [notice["kind"] for notice in order.notices() if notice["status"] == "GIVEN_UP"],
              "the customer sees that it was given up")
        assert server.asked
    order.waits_until("COMPLETED")  # whoever is not told gets the goods all the same
