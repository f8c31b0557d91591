"""Opens damaged copies of slides in a process of its own, one line of JSON each on stdout.

``python -m tests.support.fuzzed_slides SLIDE COUNT SEED``: decoders are C, and may crash; a line
is printed before a copy is opened, and one after. Who hangs is ended, and who would take all of the
machine's memory gets none: what either was at stands on stderr.
"""

from __future__ import annotations

import faulthandler
import json
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from histoloop.errors import HistoloopError
from histoloop.memory import share_arenas
from histoloop.slides.folder import open_slide
from histoloop.slides.reading import thumbnail

HEAD = 4096
"""Where most of a header lies; TIFF directories lie anywhere."""

WORDS = (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f")
"""Lengths and offsets that nobody means."""

HANGS_S = 300.0
"""On the clock; a copy takes milliseconds, and a machine that is shared may take its time."""

MOST_BYTES = 6 << 30
"""Of addresses; libraries take a third of it before the first copy, if they start few threads."""


def damaged(whole: bytes, lot: random.Random) -> bytes:
    """Some bytes others, a piece missing, a piece twice, or the end cut off."""
    content = bytearray(whole)
    kind = lot.choice(["bytes", "bytes", "words", "directory", "missing", "twice", "cut"])
    if kind == "cut":
        return bytes(content[: lot.randrange(len(content))])
    if kind in ("missing", "twice"):
        start, length = lot.randrange(HEAD), lot.randrange(1, 200)
        piece = content[start : start + length]
        content[start : start + length] = piece * 2 if kind == "twice" else b""
        return bytes(content)
    first = 0
    if kind == "directory" and content[:2] == b"II":
        first = int.from_bytes(content[4:8], "little") % len(content)
    for _ in range(lot.randrange(1, 9)):
        at = min(first + lot.randrange(HEAD), len(content) - 4)
        if kind == "words":
            content[at : at + 4] = lot.choice(WORDS)
        else:
            content[at] = lot.randrange(256)
    return bytes(content)


def main(path: Path, count: int, seed: int) -> None:
    share_arenas()
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    whole = path.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            lot = random.Random(f"{seed} {path.name} {number}")
            copy = Path(folder) / f"{number}{path.suffix}"
            copy.write_bytes(damaged(whole, lot))
            print(json.dumps({"opens": number}), flush=True)
            faulthandler.dump_traceback_later(HANGS_S, exit=True)
            began = time.monotonic()
            said = looked_at(copy)
            seconds = time.monotonic() - began
            print(json.dumps({"number": number, "said": said, "seconds": seconds}), flush=True)
            copy.unlink()


def looked_at(copy: Path) -> str:
    """What a user would be told; empty where the copy can still be seen."""
    try:
        thumbnail(open_slide(copy), 256)
    except HistoloopError as error:
        return str(error) if copy.name in str(error) else f"unnamed: {error}"
    except Exception as error:
        return f"unexpected {type(error).__name__}: {error}"
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
