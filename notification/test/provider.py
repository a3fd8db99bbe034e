"""A channel's provider for tests: `provider.py mail|webhook|alimtalk [key]`, a real server on loopback that does as it is told.

It says "port N" on standard output, and then, for each notice that it takes, a line "<notice id> <address> <text>", or "wrong: …" when the notice is
not as it should be. On standard input it reads how to behave from now on: takes, busy, refuses, nobody, hangs; each is answered by "so be it".
"""
import base64
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time

BEHAVIOURS = ("takes", "busy", "refuses", "nobody", "hangs")
behaviour = "takes"
forever = threading.Event()
said = threading.Lock()


def say(line):
    with said:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def obey():
    global behaviour
    for line in sys.stdin:
        assert line.strip() in BEHAVIOURS, line
        behaviour = line.strip()
        say("so be it")


# ── mail ──

class Mailbox:
    """What aiosmtpd asks about each mail."""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if behaviour == "busy":
            return "451 Requested action aborted: try again later"
        if behaviour == "nobody":
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        import asyncio
        if behaviour == "hangs":
            await asyncio.sleep(3600)
        if behaviour == "refuses":
            return "554 5.6.0 Not this one"
        say(self.read(envelope))
        return "250 OK"

    def read(self, envelope):
        import email.policy
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        lines = envelope.content.split(b"\r\n")
        if any(len(line) > 78 for line in lines) or not envelope.content.isascii():
            return "wrong: a line is too long, or not in ASCII"
        if message.defects or message["MIME-Version"] != "1.0" or message["Auto-Submitted"] != "auto-generated" or not message["Date"].datetime:
            return f"wrong: {message.defects} {message.items()}"
        if message["Subject"] != "배송 시작" or message["From"].addresses[0].addr_spec != "shop@jumun.example" or message["Content-Language"] != "ko":
            return f"wrong: {message.items()}"
        if envelope.mail_from != "shop@jumun.example" or envelope.rcpt_tos != [message["To"].addresses[0].addr_spec]:
            return f"wrong: {envelope.mail_from} {envelope.rcpt_tos}"
        notice, _, domain = message["Message-ID"].strip("<>").partition("@")
        if domain != "jumun.example":
            return f"wrong: {message['Message-ID']}"
        return f"{notice} {envelope.rcpt_tos[0]} {message.get_content().rstrip(chr(10))}"


def serve_mail():
    from aiosmtpd.controller import Controller

    controller = Controller(Mailbox(), hostname="127.0.0.1", port=free_port())
    controller.start()
    say(f"port {controller.port}")


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ── webhook and Alimtalk ──

class Hook(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    STATUS = {"takes": 204, "busy": 503, "refuses": 422, "nobody": 410}

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if behaviour == "hangs":
            forever.wait()
        if behaviour == "takes":
            say(self.read(body))
        self.answer(body)

    def answer(self, body):
        self.send_response(self.STATUS[behaviour])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def read(self, body):
        notice, timestamp = self.headers["webhook-id"], self.headers["webhook-timestamp"]
        key = base64.b64decode(sys.argv[2].removeprefix("whsec_"))
        signature = base64.b64encode(hmac.new(key, f"{notice}.{timestamp}.".encode() + body, hashlib.sha256).digest()).decode()
        if self.headers["webhook-signature"] != f"v1,{signature}" or abs(time.time() - int(timestamp)) > 300:
            return f"wrong: {self.headers.items()}"
        data = json.loads(body)
        if data["id"] != notice or data["kind"] != "DELIVERY_STARTED" or data["title"] != "배송 시작" or self.headers["Content-Type"] != "application/json":
            return f"wrong: {data} {self.headers.items()}"
        return f"{notice} http://127.0.0.1:{self.server.server_port}{self.path} {data['text']}"

    def log_message(self, *_):
        pass


class Alimtalk(Hook):
    CODES = {"takes": "0000", "busy": "9999", "refuses": "3016", "nobody": "3018"}

    def answer(self, body):
        text = json.dumps({"code": self.CODES[behaviour], "message": "…"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def read(self, body):
        data = json.loads(body)
        if data["sender_key"] != sys.argv[2] or data["template_code"] != "jumun_delivery_started_ko" or self.path != "/alimtalk":
            return f"wrong: {self.path} {data}"
        return f"{data['serial_number']} {data['phone_number']} {data['message']}"


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 100  # of many at once, none is turned away


def serve_http(handler):
    server = Server(("127.0.0.1", 0), handler)
    say(f"port {server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()


if __name__ == "__main__":
    {"mail": serve_mail, "webhook": lambda: serve_http(Hook), "alimtalk": lambda: serve_http(Alimtalk)}[sys.argv[1]]()
    obey()
    import os
    os._exit(0)  # whatever still hangs
