"""Threads share arenas of the C library's memory."""

from __future__ import annotations

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


@pytest.mark.skipif(sys.platform != "linux", reason="glibc's own")
def test_threads_share_arenas() -> None:
    def arenas(how: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", _CHILD, how], capture_output=True, text=True, check=True
        )
        return done.stderr.count("Arena ")

    assert arenas("shared") == 2
    assert arenas("alone") > 2
