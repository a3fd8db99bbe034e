"""Toxiproxy between the services and their stores (STORES_ABOVE=100): its proxies, and what spoils their connections."""
import os
import subprocess

import requests

from shop import ROOT, STORE_PORTS
from waiting import until

ABOVE = 100
KAFKA_PROXIED = 8097  # the broker's listener for those who come this way: it sends them here again
API_PORT = 8098
API = f"http://127.0.0.1:{API_PORT}"


def program():
    found = os.environ.get("JUMUN_TOXIPROXY") or next(iter(sorted((ROOT / "build" / "tools").glob("toxiproxy-*"))), None)
    assert found, "toxiproxy is not built: ./jumun test and ./jumun chaos do that"
    return found


class Proxy:
    def __init__(self):
        self.process = subprocess.Popen([program(), "-host", "127.0.0.1", "-port", str(API_PORT)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        until(self._answers, "toxiproxy answers")
        for store, port in STORE_PORTS.items():
            to = KAFKA_PROXIED if store == "kafka" else port
            self._asks("POST", "/proxies", {"name": store, "listen": f"127.0.0.1:{port + ABOVE}", "upstream": f"127.0.0.1:{to}", "enabled": True})

    @staticmethod
    def _asks(method, path, body=None):
        answer = requests.request(method, API + path, json=body, timeout=10)
        assert answer.status_code < 300, (method, path, answer.status_code, answer.text)
        return answer

    def _answers(self):
        assert self.process.poll() is None, "toxiproxy has ended: is its port taken?"
        try:
            return self._asks("GET", "/version")
        except requests.RequestException:
            return None

    def spoils(self, store, kind, stream, **attributes):
        """From now on, of every connection to the store, new ones too. `stream`: downstream is what the store says."""
        self._asks("POST", f"/proxies/{store}/toxics", {"name": "fault", "type": kind, "stream": stream, "attributes": attributes})

    def heals(self, store):
        self._asks("DELETE", f"/proxies/{store}/toxics/fault")

    def cuts_off(self, store):
        """No connection, none made."""
        self._asks("POST", f"/proxies/{store}", {"enabled": False})

    def lets_in(self, store):
        self._asks("POST", f"/proxies/{store}", {"enabled": True})

    def close(self):
        self.process.terminate()
        self.process.wait(10)
