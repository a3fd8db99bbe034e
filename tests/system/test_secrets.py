"""What nobody is to know stands where only its owner may read it, and nowhere else: not in a log, not in an answer of the admin port, not in `--help`, not
on a command line, not in the complaint about a wrong setting."""
import os
import pathlib
import subprocess

import pytest

from shop import RUN, SERVICES

SECRET = "wh0-r3ads-th1s-kn0ws-1t"


def program(shop, service):
    return os.readlink(f"/proc/{shop.pid(service)}/exe").removesuffix(" (deleted)")


@pytest.fixture
def secrets(shop, customer, admin):
    """By name: all that the shop keeps, and what people bring along. Of a stored token the payload is enough."""
    kept = {path.name: path.read_text().strip() for path in (RUN / "secrets").iterdir()}
    assert len(kept) >= 5 and all(len(secret) >= 16 for secret in kept.values()), kept.keys()
    return {**kept, "a customer's token": customer.token.split(".")[1], "an admin's signature": admin.token.split(".")[2]}


def told_in(secrets, text):
    return sorted(name for name, secret in secrets.items() if secret in text)


def test_no_log_tells_a_secret(shop, customer, secrets):
    order = customer.orders(shop.tea, token="tok_s3cret_card_0f_a_cust0mer")  # a card the provider has never heard of
    customer.orders(shop.tea).waits_until("COMPLETED")
    assert order.answer.status in (201, 202, 402)
    customer.gets("/api/my/orders", headers={"Authorization": f"Bearer {customer.token}x"})
    secrets["a card's token"] = "tok_s3cret_card_0f_a_cust0mer"
    files = [path for path in (RUN / "log").rglob("*") if path.is_file() and path.name != "lock"]
    assert len(files) >= len(SERVICES)
    assert {str(path.relative_to(RUN)): told for path in files if (told := told_in(secrets, path.read_text(errors="replace")))} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_neither_help_nor_the_admin_port_tells_one(shop, secrets, service):
    settings = {**shop.settings(service), **{name: SECRET for name in ("JUMUN_CURSOR_SECRET",)}}
    done = subprocess.run([program(shop, service), "--help"], env=settings, check=True, capture_output=True, text=True)
    pages = done.stdout + done.stderr + "".join(shop.asks_admin(service, path).text for path in ("/metrics", "/healthz", "/readyz"))
    assert "JUMUN_HTTP_LISTEN" in pages and "jumun_ready" in pages
    assert told_in({**secrets, "one of ours": SECRET}, pages) == []


def test_no_command_line_tells_one(shop, secrets):
    lines = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines[path.parent.name] = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
    assert any("/gateway" in line for line in lines.values())
    assert {line[:80]: told for line in lines.values() if (told := told_in(secrets, line))} == {}


def test_only_their_owner_may_read_them(shop):
    files = [*(RUN / "secrets").iterdir(), *(RUN / "service" / service / "settings" for service in SERVICES)]
    assert {str(path.relative_to(RUN)): oct(path.stat().st_mode & 0o777) for path in files if path.stat().st_mode & 0o077} == {}
    assert (RUN / "secrets").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", [
    f"postgresql://product:{SECRET}/x@127.0.0.1:1/product", f"postgresql://product:a/{SECRET}@127.0.0.1:1/product", f"postgresql://product:{SECRET}%zz@127.0.0.1:1/product",
    f"postgresql://product:p@127.0.0.1:1/product?{SECRET}=1", f"host=127.0.0.1 password={SECRET} port=x", SECRET,
], ids=["slash behind", "slash before", "bad escape", "as a parameter", "another form", "no URL"])
@pytest.mark.parametrize("by_file", [False, True], ids=["variable", "file"])
def test_a_wrong_url_of_a_database_is_refused_at_the_start_and_not_told(shop, tmp_path, url, by_file):
    settings = {name: value for name, value in shop.settings("product").items() if name != "JUMUN_DATABASE_URL"}
    if by_file:
        (tmp_path / "url").write_text(url + "\n")
        settings["JUMUN_DATABASE_URL_FILE"] = str(tmp_path / "url")
    else:
        settings["JUMUN_DATABASE_URL"] = url
    done = subprocess.run([program(shop, "product")], env=settings, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done
    assert "JUMUN_DATABASE_URL: it is not of the form" in done.stderr
    assert SECRET not in done.stdout + done.stderr


def test_a_secret_that_cannot_be_read_is_named_by_its_file(shop):
    settings = {name: value for name, value in shop.settings("product").items() if name != "JUMUN_DATABASE_URL"}
    done = subprocess.run([program(shop, "product")], env={**settings, "JUMUN_DATABASE_URL_FILE": "/nowhere/url"}, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "JUMUN_DATABASE_URL_FILE: the file /nowhere/url cannot be read" in done.stderr, done
