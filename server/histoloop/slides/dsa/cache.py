"""Tiles that were fetched once: on disk, shared by all processes, checked when read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from diskcache import Cache

_LARGEST = 8 << 30
"""Bytes; the tiles that were not used for longest make room."""

_DIGEST = 16


class TileCache:
    """Encoded tiles by key; a damaged one counts as missing."""

    def __init__(self, folder: Path) -> None:
        self._cache: Any = Cache(
            str(folder), size_limit=_LARGEST, eviction_policy="least-recently-used"
        )

    def get(self, key: str) -> bytes | None:
        """What was put under the key, byte for byte, or nothing."""
        kept: bytes | None = self._cache.get(key)
        if kept is None:
            return None
        check, content = kept[:_DIGEST], kept[_DIGEST:]
        return content if check == _check(key, content) else None

    def put(self, key: str, content: bytes) -> None:
        """Keep a tile."""
        self._cache.set(key, _check(key, content) + content)


def _check(key: str, content: bytes) -> bytes:
    return hashlib.blake2b(content, key=key.encode()[:64], digest_size=_DIGEST).digest()
