"""What the suite signs in with, and whether any of it has got where everybody can read it."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.dsa.stack import Stack

KNOWN: set[str] = set()
"""Passwords, tokens and API keys of this session."""

READABLE = {".log", ".json", ".jsonl", ".csv", ".html", ".txt", ".sqlite", ".sqlite-wal"}
KEPT_ON_PURPOSE = "logins"
"""The folder of a home that only the service's own account can read, as long as a job runs."""

_MOST_BYTES = 64 * 2**20

_LOOK = """
import sys, bson, pymongo
secrets = [line.encode() for line in sys.stdin.read().split()]
db = pymongo.MongoClient(sys.argv[1]).get_default_database()
for name in ("annotation", "annotationelement", "item", "folder", "job", "notification"):
    for one in db[name].find():
        if any(secret in bson.encode(one) for secret in secrets):
            print(name, one["_id"])
"""


def noted(secret: str) -> str:
    """The same, which must not be seen anywhere from now on."""
    KNOWN.add(secret)
    return secret


class Ears(logging.Handler):
    """Hears every log of this process."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = hidden = self.format(record)
        for secret in KNOWN:
            hidden = hidden.replace(secret, "•••")
        if hidden != said:
            self.leaks.append(f"log of {record.name}: {hidden}")


@contextmanager
def overheard() -> Iterator[list[str]]:
    """Leaks into logs while the block runs, those included that nobody has asked for."""
    ears, root = Ears(), logging.getLogger()
    talkative = [logging.getLogger(name) for name in ("urllib3", "girder_client", "histoloop")]
    before = [one.level for one in talkative]
    root.addHandler(ears)
    for one in talkative:
        one.setLevel(logging.DEBUG)
    try:
        yield ears.leaks
    finally:
        root.removeHandler(ears)
        for one, level in zip(talkative, before, strict=True):
            one.setLevel(level)


def in_files(*folders: Path) -> Iterator[str]:
    """Files that hold a secret: logs, ledgers, annotations, reports."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix not in READABLE or KEPT_ON_PURPOSE in path.parts:
                continue
            try:
                whole = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
            except OSError:  # it has gone meanwhile, or is no file
                continue
            if any(secret.encode() in whole for secret in KNOWN):
                yield str(path)


def in_the_database(stack: Stack) -> Iterator[str]:
    """Records of what people see of an archive; its own tokens and users are its business."""
    python = stack.folder / "venv" / "bin" / "python"
    found = subprocess.run(
        [python, "-c", _LOOK, stack.mongo_uri],
        input="\n".join(KNOWN),
        capture_output=True,
        text=True,
        check=True,
    )
    yield from found.stdout.splitlines()
