"""Faults by a seed: which, of what, how long, one after the other; and how each is done.

A fault is over when its cause is; what follows from it goes on into the next ones."""
import dataclasses
import os
import random
import signal
import time

import redis

from shop import SERVICES, STORE_PORTS
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

    def __str__(self):
        return f"{self.kind} {self.target}" + (f" for {self.seconds:.1f} s" if self.seconds else "") + \
            (f" after {self.bytes} bytes {self.stream}" if self.kind == "cut" else "")


PROCESSES = [service + row for service in SERVICES for row in ROWS]
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
}


def plan(seed, seconds):
    """Each kind of fault at each store once, each kind at a process as often as chance has it; further ones until the time is over."""
    chance = random.Random(f"chaos {seed}")
    must = [(kind, target) for kind, (targets, _) in KINDS.items() for target in (targets if len(targets) <= len(STORE_PORTS) else [chance.choice(targets)])]
    chance.shuffle(must)
    faults, left = [], seconds
    while left > 0 or must:
        if must:
            kind, target = must.pop()
        else:
            kind = chance.choice([*KINDS, "kill", "kill", "freeze"])
            target = chance.choice(KINDS[kind][0])
        length = KINDS[kind][1]
        fault = Fault(kind, target, chance.uniform(*length) if length else 0, chance.uniform(0.5, 4), chance.choice([1, 60, 700, 9000]),
                      chance.choice(["upstream", "downstream"]))
        faults.append(fault)
        left -= fault.seconds + fault.pause
    return faults


class Chaos:
    def __init__(self, shop, proxy):
        self.shop, self.proxy = shop, proxy

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


def state(pid):
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(") ")[2][0]
