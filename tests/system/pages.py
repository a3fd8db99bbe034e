"""Pages whose commands are run: a block of `sh`, and the block of `text` behind it, which is what it prints. All blocks of a page are one shell."""
import re
import subprocess

from shop import ROOT, RUN

BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:^```text\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
ANYTHING = "…"


def blocks(page):
    """[(commands, what they print or None)]"""
    return [match.groups() for match in BLOCK.finditer(page.read_text())]


def run(page, folder, limit, environment):
    """What each block printed; and what the shell said when it ended too early."""
    script = [f"exec > {folder}/{number}\n{commands}" for number, (commands, _) in enumerate(blocks(page))]
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", "\n".join(script)], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=limit, env={**environment, "JUMUN_RUN": str(RUN)})
    printed = [(folder / str(number)).read_text() if (folder / str(number)).exists() else None for number in range(len(script))]
    return printed, f"the shell ended with {done.returncode}: {done.stderr}" if done.returncode else None


def as_told(printed, told):
    """Line by line; `…` stands for anything within a line, alone on a line for any number of lines, none too."""
    lines = [line if line == ANYTHING else re.escape(line).replace(ANYTHING, ".*") for line in told.splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == ANYTHING else line + "\n" for line in lines)
    return re.fullmatch(pattern, printed) is not None
