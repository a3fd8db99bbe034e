#!/usr/bin/python3 -B
"""Pages whose commands are run: a block of `sh`, and the block of `text` behind it, which is what it prints. All blocks of a page are one shell.

    pages.py PAGE [SECONDS]     runs it, shows each block as it goes, and fails where something else is printed than the page says
"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[1]
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
ANYTHING = "…"
TO_CLEAN_UP = 120  # seconds, when it is told to end


class Ended(Exception):
    """The shell did not come to the end of the page."""


def blocks(page):
    """[(commands, what they print or None)]"""
    return [match.groups() for match in BLOCK.finditer(page.read_text())]


def run(page, folder, limit, environment):
    """What each block printed, when it is done. Whoever stops listening ends the shell, which then cleans up (`trap … EXIT` of the page)."""
    script = [f"exec > {folder}/{number}\n{commands}echo >&3\n" for number, (commands, _) in enumerate(blocks(page))]
    done, says_done = os.pipe()
    with open(folder / "stderr", "w+b") as stderr:
        shell = subprocess.Popen(["bash", "-euo", "pipefail", "-c", f"exec 3>&{says_done} {says_done}>&-\n" + "\n".join(script)], cwd=ROOT,
                                 stdin=subprocess.DEVNULL, stdout=stderr, stderr=stderr, env=environment, pass_fds=[says_done], start_new_session=True)
        os.close(says_done)
        over = threading.Timer(limit, end, [shell])
        over.start()
        try:
            with open(done) as lines:
                for number, _ in zip(range(len(script)), lines):
                    yield (folder / str(number)).read_text()
            if shell.wait() != 0:
                raise Ended(f"the shell ended with {shell.returncode}: {(folder / 'stderr').read_text(errors='replace')[-4000:]}")
        finally:
            over.cancel()
            end(shell)


def end(shell):
    if shell.poll() is None:
        os.killpg(shell.pid, signal.SIGTERM)
        try:
            shell.wait(TO_CLEAN_UP)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGKILL)
            shell.wait()


def as_told(printed, told):
    """Line by line; `…` stands for anything within a line, alone on a line for any number of lines, none too."""
    lines = [line if line == ANYTHING else re.escape(line).replace(ANYTHING, ".*") for line in told.splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == ANYTHING else line + "\n" for line in lines)
    return re.fullmatch(pattern, printed) is not None


# ── shown as it goes ──

def steps(page):
    """[(what the page says before it, commands, what they print)]: the headings and the prose are what is being done."""
    text, found, at = page.read_text(), [], 0
    for match in BLOCK.finditer(text):
        found.append((text[at:match.start()].strip(), *match.groups()))
        at = match.end()
    return found


def announce(prose, commands):
    print(f"\n{prose}\n" if prose else "", *(f"  $ {line}" for line in commands.splitlines()), sep="\n", flush=True)


def show(page, limit):
    todo = steps(page)
    with tempfile.TemporaryDirectory() as folder:
        ran = run(page, pathlib.Path(folder), limit, dict(os.environ))
        try:
            for prose, commands, told in todo:
                announce(prose, commands)
                printed = next(ran)
                print(printed, end="", flush=True)
                if told is not None and not as_told(printed, told):
                    ran.close()
                    return f"it printed the above, and the page says\n{told}"
            next(ran, None)
        except StopIteration:
            return "it ended in the middle"
        except Ended as ended:
            for part in sorted(pathlib.Path(folder).glob("[0-9]*"), key=lambda path: int(path.name))[-1:]:
                print(part.read_text(errors="replace"), end="", flush=True)
            return str(ended)
    return None


def main():
    page, limit = pathlib.Path(sys.argv[1]).resolve(), float(sys.argv[2]) if len(sys.argv) > 2 else 1800
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and so what runs is ended in order
    wrong = show(page, limit)
    print(f"\n{page.stem}: {'as the page says' if wrong is None else 'NOT as the page says: ' + wrong}", flush=True)
    sys.exit(wrong is not None)


if __name__ == "__main__":
    main()
