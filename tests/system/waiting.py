"""Waiting for a condition, with a limit: the only place where time passes on purpose."""
import time
from concurrent.futures import ThreadPoolExecutor

LIMIT = 120.0  # seconds. What a carrier forgot when delivery was killed it is asked for again after 30; the rest is for a machine that is slow


def until(condition, what, limit=LIMIT):
    """Asks until the condition is true, and returns what it said; `what` names it when the time is over."""
    deadline = time.monotonic() + limit
    pause = 0.005
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"after {limit:g} s still not: {what() if callable(what) else what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


def at_once(jobs, width=16):
    """Runs the jobs side by side, `width` at a time; what they returned, in their order. The first that raised is raised again."""
    with ThreadPoolExecutor(max_workers=width) as pool:
        return [future.result() for future in [pool.submit(job) for job in jobs]]
