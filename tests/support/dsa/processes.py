"""Servers that tests start and stop: in a group of their own, and never outliving the tests."""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

LEASH = Path(__file__).with_name("leash.py")

# Linux ties a child to the thread that made it, so one thread that lasts makes them all.
_spawner = ThreadPoolExecutor(1, "spawner")


class StartError(RuntimeError):
    """A server did not come up; the message holds the end of its log."""


class Port:
    """A free loopback port that stays ours while its server is down.

    A socket that is bound but does not listen keeps others from being given the port, and does
    not keep our server from listening there: both allow the address to be reused.
    """

    def __init__(self) -> None:
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def answers(self) -> bool:
        """Whether a server listens."""
        try:
            socket.create_connection(("127.0.0.1", self.number), 1).close()
        except OSError:
            return False
        return True

    def release(self) -> None:
        self._socket.close()


class Server:
    """One program with its log; `start` returns when `ready` says so."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        folder: Path,
        environment: Mapping[str, str],
        ready: Callable[[], bool],
    ) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = [str(part) for part in command]
        self._folder, self._environment, self._ready = folder, dict(environment), ready
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.kill)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id; raises RuntimeError when it does not run."""
        if self._process is None or not self.running:
            raise RuntimeError(f"{self.name} does not run")
        return self._process.pid

    @property
    def rss(self) -> int:
        """Resident bytes of the process and its children."""
        process = psutil.Process(self.pid)
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)

    def start(self, patience: float = 180.0) -> None:
        """Start and wait for it; raises StartError. Nothing happens if it runs already."""
        if self.running:
            return
        self._process = _spawner.submit(self._spawn).result()
        deadline = time.monotonic() + patience
        while not self._ready():
            if not self.running or time.monotonic() > deadline:
                how = "does not answer" if self.running else "has ended"
                self.kill()
                raise StartError(f"{self.name} {how}, see {self.log}:\n{self._tail()}")
            time.sleep(0.05)

    def stop(self, patience: float = 15.0) -> None:
        """Ask it to end; kill it if it has not after `patience` seconds."""
        if self._process is None or not self.running:
            return
        self._process.terminate()
        try:
            self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it and its children at once, as a power cut would."""
        if self._process is None or not self.running:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _spawn(self) -> subprocess.Popen[bytes]:
        leash = [sys.executable, "-I", str(LEASH), str(os.getpid())]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*leash, *self._command],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
