"""The programs that run are built to be hard to misuse, whole: every file of them. As readelf sees them."""
import platform
import re
import subprocess

import pytest

from shop import SERVICES

EVERY_UNIT = ["-fstack-protector-strong", "-fstack-clash-protection"]  # of the compiler's options
if platform.machine() == "x86_64":
    EVERY_UNIT.append("-fcf-protection=full")


def readelf(program, *options):
    return subprocess.run(["readelf", "--wide", *options, program], check=True, capture_output=True, text=True, errors="replace").stdout


@pytest.fixture(params=SERVICES)
def program(shop, request):
    return f"/proc/{shop.pid(request.param)}/exe"


def test_it_is_loaded_anywhere_and_what_the_loader_has_set_stays(program):
    assert re.search(r"Type:\s+DYN \(Position-Independent Executable file\)", readelf(program, "--file-header"))
    dynamic, segments = readelf(program, "--dynamic"), readelf(program, "--program-headers")
    assert re.search(r"\(FLAGS\)\s+BIND_NOW", dynamic) and re.search(r"\(FLAGS_1\)\s+Flags: NOW PIE", dynamic), "full RELRO"
    assert not re.search(r"TEXTREL|RPATH|RUNPATH", dynamic)
    flags = {line.split()[0]: line.split("0x")[-2].split(maxsplit=1)[1].strip() for line in segments.splitlines() if line.startswith("  GNU_") or line.startswith("  LOAD")}
    assert flags["GNU_RELRO"] == "R" and flags["GNU_STACK"] == "RW", flags
    assert "RWE" not in segments


def test_its_calls_of_the_c_library_are_checked(program):
    called = set(re.findall(r" UND (\w+)", readelf(program, "--dyn-syms")))
    assert "__stack_chk_fail" in called
    assert {"__snprintf_chk", "__vsnprintf_chk"} <= called, sorted(name for name in called if name.endswith("_chk"))
    assert not {"gets", "sprintf", "strcpy", "strcat"} & called


def test_every_file_of_it_was_compiled_so(program):
    producers = re.findall(r"DW_AT_producer .*: (GNU C\d+ .*)", readelf(program, "--debug-dump=info", "--dwarf-depth=1"))
    assert len(producers) > 20
    for producer in producers:
        assert [option for option in EVERY_UNIT if option not in producer.split()] == [], producer
