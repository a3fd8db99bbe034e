"""The people of the stories: customers, administrators, couriers, and somebody without a token; and the orders that customers hold."""
import contextlib
import uuid

from waiting import LIMIT, until
from wire import NoAnswer, new_key

PAYMENT_TIME = 1.5  # seconds that the provider may take (JUMUN_PROVIDER_DEADLINE_MS); then order answers 202, and the payment follows by itself
ADDRESS = {"recipient": "김주문", "phone": "010-1234-5678", "zip": "63535", "line1": "제주특별자치도 서귀포시 녹차분재로 15", "line2": "2층"}


class Person:
    """Whoever asks the gateway; without roles, somebody it does not know."""

    told = None  # or where it is kept what each attempt of what it insists on was answered: told.py

    def __init__(self, wire, *roles):
        self.wire, self.roles = wire, roles
        self.id = str(uuid.uuid4())
        self.token = self.fetch_token() if roles else None

    def fetch_token(self):
        answer = self.wire.send("POST", "/api/auth/demo", {"sub": self.id, "roles": list(self.roles)})
        assert answer.status == 200, answer
        return answer.json["access_token"]

    def asks(self, method, path, body=None, headers=None, key=None, **options):
        headers = dict(headers or {})
        if key is not None:
            headers["Idempotency-Key"] = key
        if not self.token or "Authorization" in headers:
            return self.wire.send(method, path, body, headers, **options)
        answer = self.wire.send(method, path, body, {**headers, "Authorization": f"Bearer {self.token}"}, **options)
        if answer.status == 401:  # the gateway was started anew, and with it the demo issuer: log in again
            self.token = self.fetch_token()
            answer = self.wire.send(method, path, body, {**headers, "Authorization": f"Bearer {self.token}"}, **options)
        return answer

    def gets(self, path, **options):
        return self.asks("GET", path, **options)

    def posts(self, path, body=None, **options):
        return self.asks("POST", path, body, **options)

    def reads(self, path):
        """What is there, as JSON: it must be. A service that has too much to do just now, or was just started, says 503, and to ask again; and an idle connection may be closed just when it
        is used, which whoever only reads answers by asking again (RFC 9110, 9.2.2)."""
        def answered():
            with contextlib.suppress(NoAnswer):
                answer = self.gets(path)
                assert answer.status in (200, 503), f"GET {path}: {answer}"
                return answer if answer.status == 200 else None

        return until(answered, f"GET {path} is answered").json

    def pages(self, path, limit, filter=None):
        """All pages of a list, one after the other, as long as the caller wants more."""
        cursor = None
        while True:
            page = self.reads(f"{path}?limit={limit}" + (f"&{filter}" if filter else "") + (f"&cursor={cursor}" if cursor else ""))
            assert len(page["items"]) <= limit
            yield page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return

    def insists(self, method, path, body, key, limit=LIMIT):
        """Repeats the same request until it is answered for good: neither lost, nor unavailable, nor still being answered, nor half heard by somebody who stood still (408)."""
        def answered():
            answer = None
            with contextlib.suppress(NoAnswer):
                answer = self.asks(method, path, body, key=key, timeout=30)
            if self.told:
                self.told.keep(self, method, path, key, answer)
            return None if answer is None or answer.is_under_way or answer.status in (408, 503, 504) else answer

        return until(answered, f"an answer to {method} {path} with the key {key}", limit)


class Admin(Person):
    def __init__(self, wire):
        super().__init__(wire, "admin")

    def registers(self, name, price, stock, description=""):
        answer = self.posts("/api/products", {"name": name, "description": description, "price": {"amount": price, "currency": "KRW"}, "stock": stock})
        assert answer.status == 201, answer
        return answer.json

    def reprices(self, product, amount, **options):
        return self.asks("PATCH", f"/api/products/{product['id']}", {"price": {"amount": amount, "currency": "KRW"}}, **options)

    def discontinues(self, product, **options):
        return self.posts(f"/api/products/{product['id']}/discontinue", None, **options)

    def restocks(self, product, quantity, **options):
        return self.posts(f"/api/products/{product['id']}/restock", {"quantity": quantity}, **options)


class Courier(Person):
    def __init__(self, wire):
        super().__init__(wire, "courier")

    def starts(self, order):
        return self.posts(f"/api/deliveries/{order.id}/start")

    def completes(self, order):
        return self.posts(f"/api/deliveries/{order.id}/complete")


class Customer(Person):
    def __init__(self, wire, told=None):
        super().__init__(wire, "customer")
        self.told = told

    def orders(self, product, quantity=1, token="tok_ok", key=None):
        """An order that is placed; whether it is paid its `answer` tells."""
        return self.orders_all([(product, quantity)], token, key)

    def orders_all(self, lines, token="tok_ok", key=None):
        answer = self.places(basket(lines, token), key or new_key())
        assert answer.status in (201, 202, 402), answer
        return Order(self, answer)

    def orders_in_time(self, status, product, quantity=1, token="tok_ok", **options):
        """An order whose answer tells what became of its payment. Where payment took too long for that, another one is placed."""
        def told():
            answer = self.places(basket([(product, quantity)], token), **options)
            assert_in_time(answer, status)
            return Order(self, answer) if answer.status == status else None

        return until(told, f"an order is answered {status}")

    def regrets(self, product, token):
        """An order that payment knows of, and not what became of it; cancelled before it does. Where the wish came too late for that, another one."""
        def in_time():
            order = self.orders(product, token=token)
            assert order.answer.status == 202, order.answer
            until(order.is_known_to_payment, f"payment knows of {order.id}")
            answer = order.cancels()
            return order if answer.status == 202 and answer.json["payment"]["status"] == "ASKED" and answer.json["status"] == "CANCELLING" else None

        return until(in_time, "an order is cancelled before its payment is known")

    def insists_on_ordering(self, product, quantity=1, token="tok_ok"):
        answer = self.insists("POST", "/api/orders", basket([(product, quantity)], token), new_key())
        assert answer.status in (201, 202), answer
        return Order(self, answer)

    def places(self, body, key=None, **options):
        """POST /api/orders as it stands, good or not."""
        return self.posts("/api/orders", body, key=new_key() if key is None else key, **options)

    def history(self, limit=100):
        return [order for page in self.pages("/api/my/orders", limit) for order in page]

    def notices(self):
        return [notice for page in self.pages("/api/my/notifications", 100) for notice in page]

    def waits_for_all(self, orders, status="COMPLETED", limit=LIMIT):
        """Until the customer's view shows all of them in this state."""
        missing = {order.id for order in orders}

        def all_there():
            answer = self.gets("/api/my/orders?limit=100")
            if answer.status == 200:  # not while it is being restarted
                missing.difference_update(shown["id"] for shown in self.history() if shown["status"] == status)
            return not missing

        until(all_there, lambda: f"{status}: {len(missing)} of {len(orders)} orders, such as {sorted(missing)[:3]}", limit)


def basket(lines, token="tok_ok"):
    """A good body for POST /api/orders."""
    return {
        "items": [{"productId": product["id"], "quantity": quantity} for product, quantity in lines],
        "address": dict(ADDRESS),
        "payment": {"method": "card", "token": token},
    }


class Order:
    """A placed order, in the hands of its customer."""

    def __init__(self, customer, answer):
        self.customer, self.answer = customer, answer
        self.id = answer.json["orderId"] if answer.status == 402 else answer.json["id"]

    def seen(self):
        """As the customer's view shows it; None before it has heard of it."""
        answer = self.customer.gets(f"/api/my/orders/{self.id}")
        return answer.json if answer.status == 200 else None

    def is_ready(self):
        """For a courier: delivery has both words that it waits for. PREPARED in the customer's view is product's word alone: order and delivery may
        not have heard it."""
        until(lambda: (answer := self.customer.gets(f"/api/deliveries/{self.id}")).status == 200 and answer.json["status"] == "READY",
              lambda: f"the delivery of {self.id} is ready; it is {self.customer.gets(f'/api/deliveries/{self.id}')}")
        until(lambda: self.shown()["status"] == "PREPARED", lambda: f"order {self.id} is prepared; it is {self.shown()}")
        return self

    def shown(self):
        """As order shows it, payment and delivery likewise."""
        return self.customer.reads(f"/api/orders/{self.id}")

    def payment(self):
        return self.customer.reads(f"/api/payments/{self.id}")

    def is_known_to_payment(self):
        return self.customer.gets(f"/api/payments/{self.id}").status == 200

    def delivery(self):
        return self.customer.reads(f"/api/deliveries/{self.id}")

    def is_paid(self):
        """When it was answered; or, where payment took too long for that, by itself a moment later."""
        return self.payment_is_known(201, "APPROVED")

    def is_declined(self):
        return self.payment_is_known(402, "DECLINED")

    def payment_is_known(self, in_time, status):
        assert_in_time(self.answer, in_time)
        if self.answer.status != in_time:
            until(lambda: self.shown()["payment"]["status"] == status, lambda: f"the payment is {status}: {self.shown()}")
        return self

    def pays(self, token, key=None):
        return self.customer.posts(f"/api/orders/{self.id}/payment", {"method": "card", "token": token}, key=key or new_key())

    def cancels(self, by=None, key=None):
        """DELETE, by its customer or by somebody else."""
        return (by or self.customer).asks("DELETE", f"/api/orders/{self.id}", key=key)

    def cancels_the_payment(self, by=None, key=None):
        return (by or self.customer).posts(f"/api/payments/{self.id}/cancel", key=key)

    def waits_until(self, status, limit=LIMIT):
        def there():
            seen = self.seen()
            return seen is not None and seen["status"] == status

        until(there, lambda: f"order {self.id} is {status} in the customer's view; it is {self.seen()}", limit)
        return self

    def waits_for(self, what, condition, limit=LIMIT):
        """Until the condition holds of the order as the customer sees it; returns that."""
        def there():
            seen = self.seen()
            return seen if seen is not None and condition(seen) else None

        return until(there, lambda: f"{what} of order {self.id}; it is {self.seen()}", limit)

    def timeline(self, *types):
        """The whole timeline, once it has all of these types."""
        return self.waits_for(f"{types} in the timeline", lambda seen: has_all([entry["type"] for entry in seen["timeline"]], types))["timeline"]

    def notices(self):
        return [notice for notice in self.customer.notices() if notice["orderId"] == self.id]


def assert_in_time(answer, status):
    """What is answered when the payment's outcome is known; or 202, not known yet, but no sooner than payment's time is over."""
    assert answer.status == status or answer.status == 202 and answer.took >= PAYMENT_TIME, (answer, answer.took)


def has_all(items, wanted):
    """As often as wanted, in any order, others between them or not."""
    return all(items.count(item) >= wanted.count(item) for item in wanted)
