"""Where notices go to: a mail server, an Alimtalk provider, and a customer's webhook, all real servers in this process."""
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import threading

from aiosmtpd.controller import Controller

from waiting import LIMIT

MAIL_PORT, ALIMTALK_PORT = 8095, 8096  # as local/ports.sh has them


class Mailbox:
    """Takes all mails but those to `nobody@…`."""

    def __init__(self):
        self.mails = []
        self.controller = Controller(self, hostname="127.0.0.1", port=MAIL_PORT, ready_timeout=LIMIT)
        self.controller.start()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.mails.append((envelope.rcpt_tos[0], email.message_from_bytes(envelope.content, policy=email.policy.default)))
        return "250 OK"

    def to(self, address):
        return [mail for to, mail in self.mails if to == address]

    def close(self):
        self.controller.stop()


class Posts:
    """What was posted to it, as (headers, body). `answers(n, body)` says (status, JSON) for the n-th post, counted from 1."""

    def __init__(self, answers, port=0):
        posts, self.received, self.ports = self, [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # by HTTP/1.0: no connection outlives the story
                body = self.rfile.read(int(self.headers["Content-Length"]))
                posts.received.append((dict(self.headers), body))
                posts.ports.append(self.client_address[1])
                status, answer = answers(len(posts.received), json.loads(body))
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jumun"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def bodies(self, **members):
        bodies = [json.loads(body) for _, body in list(self.received)]
        return [body for body in bodies if all(body.get(name) == value for name, value in members.items())]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def is_signed(secret, headers, body):
    """As https://www.standardwebhooks.com says."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return hmac.compare_digest(headers["webhook-signature"], f"v1,{expected}")
