"""What the suite signs in with, and whether any of it has got where everybody can read it."""

from __future__ import annotations

import inspect
import logging
import re
import subprocess
from collections.abc import Iterable, Iterator
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
import re, sys, pymongo
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
known = set(sys.stdin.read().encode().split())
raw = CodecOptions(document_class=RawBSONDocument)
db = pymongo.MongoClient(sys.argv[1]).get_default_database()
for name in ("annotation", "annotationelement", "item", "folder", "job", "notification"):
    for one in db.get_collection(name, raw).find():
        if holds(one.raw, known):
            print(name, one["_id"])
"""


def holds(whole: bytes, known: set[bytes]) -> bool:
    """Whether bytes hold a secret: hundreds of these, but few words that are as long."""
    words = set(re.findall(rb"[\w-]{20,}", whole))
    shortest = min(map(len, known), default=0)
    return bool(words & known) or any(
        secret in word for word in words if len(word) > shortest for secret in known
    )


def noted(secret: str) -> str:
    """The same, which must not be seen anywhere from now on."""
    KNOWN.add(secret)
    return secret


def encoded() -> set[bytes]:
    """The secrets of this session as bytes."""
    return {secret.encode() for secret in KNOWN}


class Ears(logging.Handler):
    """Hears every log of this process."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.leaks: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        said = self.format(record)
        if holds(said.encode(), encoded()):
            for secret in KNOWN:
                said = said.replace(secret, "•••")
            self.leaks.append(f"log of {record.name}: {said}")


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
    known = encoded()
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix not in READABLE or KEPT_ON_PURPOSE in path.parts:
                continue
            try:
                whole = path.read_bytes() if path.stat().st_size <= _MOST_BYTES else b""
            except OSError:  # it has gone meanwhile, or is no file
                continue
            if holds(whole, known):
                yield str(path)


def in_output(sections: Iterable[tuple[str, str]]) -> list[str]:
    """What of a test's output holds a secret; that of its services and workers is among it."""
    known = encoded()
    return [name for name, text in sections if holds(text.encode(), known)]


def in_the_database(stack: Stack) -> Iterator[str]:
    """Records of what people see of an archive; its own tokens and users are its business."""
    python = stack.folder / "venv" / "bin" / "python"
    found = subprocess.run(
        [python, "-c", inspect.getsource(holds) + _LOOK, stack.mongo_uri],
        input="\n".join(KNOWN),
        capture_output=True,
        text=True,
        check=True,
    )
    yield from found.stdout.splitlines()
