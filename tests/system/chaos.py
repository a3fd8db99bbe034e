"""Faults by a seed: which, of what, how long, one after the other; and how each is done.

A fault is over when its cause is; what follows from it goes on into the next ones."""
import contextlib
import dataclasses
import email.utils
import glob
import os
import random
import signal
import time

import redis
import requests

from shop import RUN, SERVICES, STORE_PORTS, admin_port
from waiting import until

ROWS = ("", "-2")
CONTEXTS = ("order", "product", "payment", "delivery", "notification")
LONGEST_FREEZE = 14  # seconds; the longest lease, a consumer's session, is 6
LIMIT = 120


@dataclasses.dataclass(frozen=True)
class Fault:
    kind: str
    target: str
    seconds: float  # it lasts; 0: a moment
    pause: float    # until the next one
    bytes: int      # cut: so many still pass
    stream: str     # cut: of what the service, or of what the store says
    hours: int      # clock: so far it is stepped
    must: bool      # come, even when the time is over

    def __str__(self):
        return f"{self.kind} {self.target}" + (f" for {self.seconds:.1f} s" if self.seconds else "") + \
            (f" after {self.bytes} bytes {self.stream}" if self.kind == "cut" else f" by {self.hours:+d} h" if self.kind == "clock" else "")


PROCESSES = [service + row for service in SERVICES for row in ROWS]
CLOCKS = [process for process in PROCESSES if not process.startswith("gateway")]  # a gateway that lives in the past or the future believes no token
KINDS = {  # what each may hit, and how long it may last
    "kill": (PROCESSES, None),
    "freeze": (PROCESSES, (2, LONGEST_FREEZE)),
    "kill-row": (ROWS, None),          # every service of it at once
    "kill-store": (tuple(STORE_PORTS), None),
    "restart-store": (tuple(STORE_PORTS), None),
    "empty": (("redis",), None),
    "reset": (tuple(STORE_PORTS), (1, 3)),
    "stall": (tuple(STORE_PORTS), (2, 6)),
    "cut": (tuple(STORE_PORTS), (2, 5)),
    "part": (tuple(STORE_PORTS), (1, 6)),
    "clock": (CLOCKS, (2, 6)),         # stepped in the middle of its life, and back
    "full": (("postgres", "kafka"), (2, 6)),  # its disk: only where there are small ones, see disk.py
}


def plan(seed, seconds, leaving_out=()):
    """Each kind of fault at each store once, each kind at a process as often as chance has it; further ones for as long as there may be time."""
    chance = random.Random(f"chaos {seed}")
    kinds = [kind for kind in KINDS if kind not in leaving_out]
    must = [(kind, target) for kind in kinds for targets in [KINDS[kind][0]] for target in (targets if len(targets) <= len(STORE_PORTS) else [chance.choice(targets)])]
    chance.shuffle(must)
    faults, left = [], seconds
    while left > 0 or must:
        is_must = bool(must)
        if must:
            kind, target = must.pop()
        else:
            kind = chance.choice([*kinds, "kill", "kill", "freeze"])
            target = chance.choice(KINDS[kind][0])
        length = KINDS[kind][1]
        fault = Fault(kind, target, chance.uniform(*length) if length else 0, chance.uniform(0.3, 2), chance.choice([1, 60, 700, 9000]),
                      chance.choice(["upstream", "downstream"]), chance.choice([-1, 1]) * chance.randint(1, 12), is_must)
        faults.append(fault)
        left -= fault.seconds + fault.pause
    return faults


class Chaos:
    def __init__(self, shop, proxy, disks):
        self.shop, self.proxy, self.disks = shop, proxy, disks

    def does(self, fault):
        """Until its cause is over. Raises when it had none of its effect."""
        getattr(self, fault.kind.replace("-", "_"))(fault)
        time.sleep(fault.pause)  # what is planned is a length of time, not a condition

    def kill(self, fault):
        self._dies(fault.target, signal.SIGKILL)

    def kill_row(self, fault):
        pids = {service + fault.target: self.shop.pid(service + fault.target) for service in CONTEXTS}
        for process in pids:
            self._signal(process, signal.SIGKILL)
        for process, pid in pids.items():
            self._is_another(process, pid)

    def kill_store(self, fault):
        self._dies(fault.target, signal.SIGKILL)

    def restart_store(self, fault):
        before = self.shop.pid(fault.target)
        self.shop.jumun("stop", fault.target)
        self.shop.jumun("start", fault.target)
        self._is_another(fault.target, before)

    def freeze(self, fault):
        pid = until(lambda: self.shop.pid(fault.target), f"{fault.target} runs", LIMIT)
        os.kill(pid, signal.SIGSTOP)
        try:
            until(lambda: state(pid) == "T", f"{fault.target} stands still")
            time.sleep(fault.seconds)
        finally:
            os.kill(pid, signal.SIGCONT)

    def empty(self, fault):
        def emptied():
            try:
                with redis.Redis(port=STORE_PORTS[fault.target], socket_timeout=10) as store:
                    before = store.dbsize()
                    return store.flushall() and before > 0
            except redis.RedisError:  # it may just be starting, and reads what it has
                return False

        until(emptied, "Redis had something, and is emptied", LIMIT)

    def reset(self, fault):
        self._spoiled(fault, "reset_peer", "upstream", timeout=0)

    def stall(self, fault):
        """Nothing passes any more, and in the end the connection is closed."""
        self._spoiled(fault, "timeout", "downstream", timeout=int(fault.seconds * 1000))

    def cut(self, fault):
        self._spoiled(fault, "limit_data", fault.stream, bytes=fault.bytes)

    def part(self, fault):
        self.proxy.cuts_off(fault.target)
        try:
            time.sleep(fault.seconds)
        finally:
            self.proxy.lets_in(fault.target)

    def clock(self, fault):
        """Of its time of day; the monotonic clock goes on as it does."""
        clock = Clock(fault.target)
        self.shop.starts_once_with({fault.target: clock.settings})
        clock.is_stepped(fault.hours)
        time.sleep(fault.seconds)
        clock.is_stepped(0)
        self.shop.stop(fault.target)
        self.shop.start(fault.target)

    def full(self, fault):
        with self.disks[fault.target].full():
            time.sleep(fault.seconds)

    def _spoiled(self, fault, toxic, stream, **attributes):
        self.proxy.spoils(fault.target, toxic, stream, **attributes)
        try:
            time.sleep(fault.seconds)
        finally:
            self.proxy.heals(fault.target)

    def _dies(self, process, how):
        self._is_another(process, self._signal(process, how))

    def _signal(self, process, how):
        """The pid that was."""
        pid = until(lambda: self.shop.pid(process), f"{process} runs", LIMIT)
        os.kill(pid, how)
        return pid

    def _is_another(self, process, pid):
        until(lambda: self.shop.pid(process) not in (None, pid), f"the supervisor has started {process} again", LIMIT)


class Clock:
    """libfaketime's, for one process; read anew once a second."""

    def __init__(self, process):
        self.process, self.file = process, RUN / "service" / process / "clock"
        self._write(0)
        (library,) = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
        self.settings = {"under": f"/usr/bin/env LD_PRELOAD={library}", "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_CACHE_DURATION": "1",
                         "FAKETIME_DONT_FAKE_MONOTONIC": "1", "FAKETIME_FORCE_MONOTONIC_FIX": "0"}  # the fix breaks waits by the monotonic clock

    def is_stepped(self, hours):
        """So far from the right time, as the process itself says."""
        self._write(hours)
        until(lambda: self._ahead() is not None and abs(self._ahead() - hours * 3600) < 600, lambda: f"the clock of {self.process} is stepped by {hours} h: {self._ahead()}")

    def _write(self, hours):
        new = self.file.with_suffix(".new")
        new.write_text(f"{hours:+d}h\n")
        new.rename(self.file)

    def _ahead(self):
        with contextlib.suppress(requests.RequestException):
            said = requests.get(f"http://127.0.0.1:{admin_port(self.process)}/healthz", timeout=10).headers["Date"]
            return email.utils.parsedate_to_datetime(said).timestamp() - time.time()


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(") ")[2][0]
