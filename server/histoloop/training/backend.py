"""TensorFlow, loaded without a word."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def load_backend() -> None:
    """Import TensorFlow, if it is not there yet.

    While it is loaded it writes to the process's stderr what nobody has asked for, before it can
    be told not to; where one clear line is an error, five of that would hide it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if "tensorflow" not in sys.modules:
        with _stderr_away():
            import tensorflow  # noqa: F401


@contextmanager
def _stderr_away() -> Iterator[None]:
    """What libraries write there without Python's knowledge, too."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
