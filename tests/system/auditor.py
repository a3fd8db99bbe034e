"""./jumun verify, as a test asks it: what holds, and what it has named."""
import json
import os
import subprocess

from shop import ROOT, RUN
from waiting import LIMIT


class Audit:
    """What the auditor has said, once."""

    def __init__(self, output):
        self.said = json.loads(output)
        self.invariants = {invariant["number"]: invariant for invariant in self.said["invariants"]}

    def __getattr__(self, name):
        return self.said[name]

    def violated(self):
        return {number: [violation["what"] for violation in invariant["violations"]]
                for number, invariant in self.invariants.items() if invariant["count"]}

    def unchecked(self):
        return {number for number, invariant in self.invariants.items() if invariant["verdict"] == "not-checked"}


def verify_told(told, *words):
    """With all that clients were told; each line of it must have been read."""
    audit = verify("--history", str(told.path), *words)
    assert audit.violated() == {} and audit.holds and not audit.unchecked(), (audit.violated(), audit.unchecked())
    assert audit.invariants[20]["looked"] == told.lines and audit.invariants[19]["looked"] >= told.oks > 0, (audit.invariants[19], told.lines, told.oks)
    return audit


def verify(*words, patience=LIMIT):
    """`patience`: seconds that it waits for quiet."""
    done = subprocess.run([ROOT / "jumun", "verify", "--json", "--patience", str(int(patience)), *words], capture_output=True, text=True, timeout=300,
                          stdin=subprocess.DEVNULL, env={**os.environ, "JUMUN_RUN": str(RUN)})
    assert done.returncode in (0, 1), f"verify ended with {done.returncode}: {done.stdout}{done.stderr}"
    audit = Audit(done.stdout)
    assert audit.holds == (done.returncode == 0), done
    return audit
