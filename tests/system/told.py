"""What clients were told, as they see it: a line an attempt, in the form that ./jumun verify --history reads (tests/verify/history.h)."""
import hashlib
import json
import re
import threading

REQUESTS = {
    "POST /orders": re.compile(r"POST /api/orders"),
    "POST /orders/payment": re.compile(r"POST /api/orders/([0-9a-f-]+)/payment"),
    "DELETE /orders": re.compile(r"DELETE /api/orders/([0-9a-f-]+)"),
}


class Told:
    """Kept in a file, by many shoppers at once."""

    def __init__(self, path):
        self.path, self.lock, self.lines, self.oks = path, threading.Lock(), 0, 0
        self.path.touch()

    def keep(self, customer, method, path, key, answer):
        """`answer`: None when there was none."""
        line = {**request(method, path, answer), "customer": customer.id, "key": key, "outcome": outcome(answer)}
        if answer is not None:
            line |= {"status": answer.status, "body": hashlib.sha256(answer.body).hexdigest()}
        with self.lock, self.path.open("a") as file:
            file.write(json.dumps(line) + "\n")
            self.lines += 1
            self.oks += line["outcome"] == "ok"


def request(method, path, answer):
    """Which it is, and of which order, as far as the client knows."""
    for name, pattern in REQUESTS.items():
        if found := pattern.fullmatch(f"{method} {path}"):
            order = found[1] if found.groups() else made_by(answer)
            return {"request": name, **({"order": order} if order else {})}
    raise AssertionError(f"the history knows no {method} {path}")


def made_by(answer):
    return (answer.json.get("id") or answer.json.get("orderId")) if outcome(answer) == "ok" else None


def outcome(answer):
    """That a request with this key is still being answered, or did not arrive as a whole, tells as little as no answer."""
    if answer is None or answer.status >= 500 or answer.status == 408 or answer.is_under_way:
        return "unknown"
    return "ok" if answer.status < 300 or answer.status == 402 else "refused"
