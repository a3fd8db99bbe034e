"""What customers are told: of every change, in their language, by the channel that they prefer, or by the next that reaches them."""
import contextlib
import re

import pytest

from lifecycle import NOTICES
from people import has_all
from problems import assert_problem
from receivers import ALIMTALK_PORT, Mailbox, Posts, is_signed
from waiting import until

PATH = "/api/my/preferences"
CANCELLED = ["CANCEL_REQUESTED", "ORDER_CANCELLED"]
HANGUL = re.compile("[가-힣]")


@pytest.fixture
def mailbox():
    with contextlib.closing(Mailbox()) as mailbox:
        yield mailbox


@contextlib.contextmanager
def alimtalk(code):
    """A provider that answers every message with this code."""
    with contextlib.closing(Posts(lambda n, body: (200, {"code": code, "message": "…"}), ALIMTALK_PORT)) as posts:
        yield posts


@contextlib.contextmanager
def webhook(*statuses):
    """The first posts are answered so, all others by 204."""
    with contextlib.closing(Posts(lambda n, body: (statuses[n - 1] if n <= len(statuses) else 200, {}))) as posts:
        yield posts


def prefers(customer, language="ko", channels=("log",), **addresses):
    answer = customer.asks("PUT", PATH, {"language": language, "channels": list(channels), **addresses})
    assert answer.status == 200, answer
    return answer


def notices_of(order, kinds, settled=("SENT",)):
    """By kind, once all of these have come to an end."""
    def ended():
        notices = {notice["kind"]: notice for notice in order.notices()}
        return notices if all(kind in notices and notices[kind]["status"] in settled for kind in kinds) else None

    return until(ended, lambda: f"{kinds} of order {order.id}: {order.notices()}")


# ── preferences ──

def test_who_has_said_nothing_has_the_defaults(customer):
    answer = customer.gets(PATH)
    assert answer.headers["ETag"] == '"0"'
    shown = answer.json
    assert (shown["language"], shown["channels"]) == ("ko", ["log"])
    assert shown["offered"] == ["log", "email", "webhook", "alimtalk"]
    assert not {"email", "phone", "webhookUrl"} & set(shown)


def test_preferences_are_kept_and_guarded_by_their_version(customer):
    wanted = {"language": "en", "channels": ["alimtalk", "email"], "email": "kim@example.com", "phone": "010-1234-5678"}
    first = customer.asks("PUT", PATH, wanted, headers={"If-Match": '"0"'})
    assert (first.status, first.headers["ETag"]) == (200, '"1"')
    assert first.json["phone"] == "01012345678"
    assert customer.gets(PATH).json == first.json and customer.gets(PATH).headers["ETag"] == '"1"'
    assert_problem(customer.asks("PUT", PATH, wanted, headers={"If-Match": '"0"'}), 412, "/problems/precondition-failed")
    assert customer.asks("PUT", PATH, wanted, headers={"If-Match": '"1"'}).headers["ETag"] == '"1"'  # nothing has changed
    second = customer.asks("PUT", PATH, {"language": "ko", "channels": ["log"]}, headers={"If-Match": '"1"'})
    assert second.headers["ETag"] == '"2"' and "email" not in second.json


def test_everybody_has_preferences_and_a_signing_key_of_their_own(customer, neighbour):
    prefers(customer, "en")
    assert neighbour.reads(PATH)["language"] == "ko"
    assert customer.reads(PATH)["webhookSecret"] != neighbour.reads(PATH)["webhookSecret"]


@pytest.mark.parametrize("body, faults", [
    ({"language": "fr", "channels": ["pigeon"]}, [("/language", "invalid"), ("/channels/0", "invalid")]),
    ({"language": "ko", "channels": []}, [("/channels", "too-few")]),
    ({"language": "ko", "channels": ["log", "log"]}, [("/channels/1", "duplicate")]),
    ({"language": "ko", "channels": ["email", "webhook", "alimtalk"]}, [("/email", "required"), ("/webhookUrl", "required"), ("/phone", "required")]),
    ({"language": "ko", "channels": ["log"], "email": "kim@example.com\r\nBcc: all@example.com", "phone": "call me", "webhookUrl": "file:///etc/passwd"},
     [("/email", "invalid"), ("/phone", "invalid"), ("/webhookUrl", "invalid")]),
    ({"language": "ko", "channels": ["log"], "webhookSecret": "mine"}, [("/webhookSecret", "unknown-field")]),
    ({"channels": ["log"], "email": "x" * 255}, [("/language", "required"), ("/email", "too-long")]),
])
def test_what_is_wrong_with_preferences_is_said(customer, body, faults):
    assert_problem(customer.asks("PUT", PATH, body), 422, "/problems/invalid-fields", *faults)
    assert customer.gets(PATH).headers["ETag"] == '"0"'


# ── in which language, of what ──

@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_change_is_told_once_in_the_customers_language(shop, customer, language):
    tea = shop.sells("Jeju tea")
    prefers(customer, language)
    order = customer.orders(tea).waits_until("COMPLETED")
    unpaid = customer.orders(tea, token="tok_declined").is_declined()
    assert unpaid.cancels().status == 202
    told = {**notices_of(order, NOTICES), **notices_of(unpaid, ["PAYMENT_DECLINED", *CANCELLED])}
    assert len(order.notices()) == len(NOTICES) and len(unpaid.notices()) == 4
    carrier = order.delivery()["carrier"]  # has one name in all languages
    for notice in told.values():
        assert notice["language"] == language and bool(HANGUL.search(notice["text"].replace(carrier, ""))) == (language == "ko"), notice
        assert "{" not in notice["text"] and notice["channel"] == "log", notice
    assert told["ORDER_CANCELLED"]["text"] == {
        "ko": "요청하신 대로 Jeju tea 주문이 취소되었습니다. 결제된 금액은 없습니다.",
        "en": "As you asked, your order of Jeju tea is cancelled. Nothing had been charged.",
    }[language]


@pytest.mark.told(CARRIER="manual")
def test_a_cancel_is_told_with_what_was_refunded(shop, customer):
    order = customer.orders(shop.tea, 2).is_ready()
    assert order.cancels().status == 202
    told = notices_of(order, [*CANCELLED, "PAYMENT_REFUNDED"])
    assert told["ORDER_CANCELLED"]["text"] == "요청하신 대로 시험 녹차 주문이 취소되었습니다. 결제하신 36,000원을 환불해 드렸습니다."
    assert "36,000원을 환불했습니다" in told["PAYMENT_REFUNDED"]["text"]


@pytest.mark.told(CARRIER="manual")
def test_a_changed_preference_holds_for_orders_under_way(shop, customer, courier):
    order = customer.orders(shop.tea).is_ready()
    notices_of(order, ["DELIVERY_READY"])
    prefers(customer, "en")
    assert courier.starts(order).status == 200
    told = notices_of(order, ["DELIVERY_STARTED"])
    assert (told["DELIVERY_READY"]["language"], told["DELIVERY_STARTED"]["language"]) == ("ko", "en")
    assert "on the way with" in told["DELIVERY_STARTED"]["text"]


# ── by which channel ──

def test_mails_arrive_readable_and_once(shop, customer, mailbox):
    address = f"kim.{customer.id}@example.com"
    prefers(customer, "ko", ["email"], email=address)
    order = customer.orders(shop.tea, 2).waits_until("COMPLETED")
    told = notices_of(order, NOTICES)
    mails = {mail["Message-ID"].strip("<>").split("@")[0]: mail for mail in mailbox.to(address)}
    assert sorted(mails) == sorted(notice["id"] for notice in told.values())
    for notice in told.values():
        mail = mails[notice["id"]]
        assert notice["channel"] == "email" and mail.get_content().strip() == notice["text"]
        assert mail["To"] == address and mail["Content-Language"] == "ko" and HANGUL.search(mail["Subject"])
    assert mails[told["DELIVERY_COMPLETED"]["id"]]["Subject"] == "배송 완료"


def test_a_webhook_is_signed_and_repeated_until_it_is_taken(shop, customer):
    with webhook(503, 500) as hook:
        prefers(customer, "en", ["webhook"], webhookUrl=hook.url)
        order = customer.orders(shop.tea).waits_until("COMPLETED")
        told = notices_of(order, NOTICES)
        secret = customer.reads(PATH)["webhookSecret"]
        assert all(is_signed(secret, headers, body) for headers, body in hook.received)
        assert len(hook.received) == len(NOTICES) + 2
        for notice in told.values():
            assert hook.bodies(id=notice["id"], orderId=order.id, customer=customer.id, kind=notice["kind"], text=notice["text"], language="en")
            assert "failures" not in notice  # it was only late


def test_who_has_no_kakaotalk_is_told_by_the_next_channel(shop, customer, mailbox, topics):
    address = f"kim.{customer.id}@example.com"
    with alimtalk("3018") as provider:
        prefers(customer, "ko", ["alimtalk", "email"], phone="010-1234-5678", email=address)
        order = customer.orders(shop.tea).waits_until("COMPLETED")
        told = notices_of(order, NOTICES)
    for notice in told.values():
        assert (notice["channel"], notice["failures"]) == ("email", [{"channel": "alimtalk", "reason": "no-recipient"}])
        assert provider.bodies(serial_number=notice["id"], phone_number="01012345678", template_code=f"jumun_{notice['kind'].lower()}_ko",
                               message=notice["text"])
    assert len(mailbox.to(address)) == len(NOTICES)
    sent = [event.data for event in topics.of(order.id, *["NotificationSent"] * len(NOTICES)) if event.name == "NotificationSent"]
    assert all(data["channel"] == "email" and data["failures"] == [{"channel": "alimtalk", "reason": "no-recipient"}] for data in sent)


def test_who_has_kakaotalk_is_told_there(shop, customer):
    with alimtalk("0000"):
        prefers(customer, "en", ["alimtalk", "log"], phone="+82 10 1234 5678")
        told = notices_of(customer.orders(shop.tea).waits_until("COMPLETED"), NOTICES)
    assert {notice["channel"] for notice in told.values()} == {"alimtalk"}


def test_what_no_channel_takes_is_given_up_for_all_to_see(shop, customer, mailbox, topics):
    def given_up():
        return int(re.search(r"^jumun_notification_given_up_total (\d+)$", shop.asks_admin("notification", "/metrics").text, re.M)[1])

    before = given_up()
    with webhook(*[410] * 100) as hook:
        prefers(customer, "ko", ["webhook", "email"], webhookUrl=hook.url, email=f"nobody@{customer.id}.example")
        order = customer.orders(shop.tea).waits_until("COMPLETED")
        told = notices_of(order, NOTICES, settled=("GIVEN_UP",))
    failures = [{"channel": "webhook", "reason": "no-recipient"}, {"channel": "email", "reason": "no-recipient"}]
    assert all(notice["failures"] == failures for notice in told.values()), told
    until(lambda: given_up() >= before + len(NOTICES), lambda: f"{len(NOTICES)} more are counted than {before}: {given_up()}")
    events = [event for event in topics.of(order.id, *["NotificationGivenUp"] * len(NOTICES)) if event.name == "NotificationGivenUp"]
    assert has_all([event.data["kind"] for event in events], NOTICES)
    assert all(event.data["failures"] == failures and event.data["customer"] == customer.id for event in events)
