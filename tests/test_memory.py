"""Threads share arenas of the C library's memory."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

_CHILD = """
import ctypes, sys, threading
from histoloop.memory import share_arenas
if sys.argv[1] == "shared":
    share_arenas()
all_at_once = threading.Barrier(12)
def work():
    kept = [bytes(70_000) for _ in range(20)]
    all_at_once.wait()
    del kept
threads = [threading.Thread(target=work) for _ in range(12)]
for one in threads: one.start()
for one in threads: one.join()
ctypes.CDLL(None).malloc_stats()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc's own")
def test_threads_share_arenas() -> None:
    said = ("MALLOC_ARENA_MAX", "GLIBC_TUNABLES")
    untuned = {name: value for name, value in os.environ.items() if name not in said}

    def arenas(how: str) -> int:
        command = [sys.executable, "-c", _CHILD, how]
        done = subprocess.run(command, env=untuned, capture_output=True, text=True, check=True)
        return done.stderr.count("Arena ")

    assert arenas("shared") == 2
    assert arenas("alone") > 2
