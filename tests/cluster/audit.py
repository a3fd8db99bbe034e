"""./jumun verify, over the stores of the cluster. They are read where their pods are, by the names that the shop has for them: the auditor alone sees these in its /etc/hosts."""
import base64
import json
import os
import socket
import subprocess

from auditor import Audit
from conftest import kubectl, runs
from pages import ROOT

CONTEXTS = ("order", "product", "payment", "delivery", "notification")
STORES = {"postgres": ("postgres-0", 5432), "redis": ("redis-0", 6379), "kafka-0.kafka": ("kafka-0", 9092)}


def addresses():
    """{name: address of its pod}"""
    return {name: kubectl("get", "pod", pod, "-o", "jsonpath={.status.podIP}") for name, (pod, _) in STORES.items()}


def out_of_reach():
    """Why the auditor cannot read here; None when it can."""
    for name, address in addresses().items():
        try:
            socket.create_connection((address, STORES[name][1]), 5).close()
        except OSError as fault:
            return f"{name}, at its pod's address {address}, is not reached from here: {fault}"
    return None


def secret(deployment, key):
    """As its pods have it."""
    pod = json.loads(kubectl("get", "deployment", deployment, "-o", "json"))["spec"]["template"]["spec"]
    name = next(volume["secret"]["secretName"] for volume in pod["volumes"] if volume["name"] == "secrets")
    return base64.b64decode(json.loads(kubectl("get", "secret", name, "-o", "json"))["data"][key]).decode()


def verify(folder, *words):
    runs("cmake", "--preset", "release")
    runs("cmake", "--build", "--preset", "release", "--target", "verify")
    hosts = folder / "hosts"
    hosts.write_text("".join(f"{address} {name}\n" for name, address in addresses().items()) + "127.0.0.1 localhost\n")
    where = {f"VERIFY_{context.upper()}": secret(context, "database-url") for context in CONTEXTS}
    where |= {"VERIFY_REDIS": secret("customer-view", "redis-url"), "VERIFY_KAFKA": "kafka-0.kafka:9092", "VERIFY_PROVIDER": "simulated"}
    done = subprocess.run(["unshare", "--mount", "bash", "-euc", 'mount --bind "$1" /etc/hosts; exec "${@:2}"', "verify", hosts,
                           ROOT / "build/release/tests/verify/verify", "--json", "--patience", "300", "--scratch", folder, *words],
                          env={**os.environ, **where}, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode in (0, 1), f"verify ended with {done.returncode}: {done.stdout}{done.stderr}"
    return Audit(done.stdout)
