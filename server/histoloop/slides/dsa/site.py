"""Which archive, as whom, and how hard it may be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from histoloop.errors import UsageError

_API = "/api/v1"
_ID = re.compile(r"[0-9a-f]{24}")


@dataclass(frozen=True)
class Login:
    """Who speaks to an archive; nobody in particular where both are missing.

    Attributes:
        key: API key, from which tokens are made whenever one is needed.
        token: of a user; when it expires, its user has to sign in again.
    """

    key: SecretStr | None = None
    token: SecretStr | None = None


@dataclass(frozen=True)
class DsaSite:
    """An archive as one user sees it; picklable, so that any process can connect.

    Attributes:
        url: root of the REST interface, ends in ``/api/v1``.
        requests: at a time, of all processes of this machine that share ``cache``.
        cache: folder for tiles and for the slots of the requests.
    """

    url: str
    cache: Path
    login: Login = field(default_factory=Login)
    requests: int = 6

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc

    @property
    def folder(self) -> Path:
        """Of what is kept of this archive, whoever fetched it."""
        return self.cache / "dsa" / re.sub(r"[^0-9A-Za-z.-]", "_", self.host)


class ItemPlace(NamedTuple):
    """An item of an archive: the root of its REST interface, and its id."""

    url: str
    id: str


def api_url(text: str) -> str:
    """The REST root of an archive that was named by any of its addresses.

    Raises:
        UsageError: it is no http(s) address, or a password stands in it.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"{text!r} is no address of a Digital Slide Archive",
            hint="give it like https://dsa.example.org",
        )
    if "@" in parts.netloc:
        raise UsageError(
            f"the address of {parts.hostname} holds a user name or password",
            hint="leave it out; HISTOLOOP_DSA and HISTOLOOP_DSA_KEY say who you are",
        )
    before, found, _ = parts.path.partition(_API)
    path = before if found else re.sub(r"/(histomics|girder)?/?$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}{_API}"


def item_place(text: str) -> ItemPlace | None:
    """The item that an address of the archive's own pages shows; `None` for anything else.

    Understood: ``…/histomics#?image=ID``, ``…/#item/ID``, ``…/api/v1/item/ID``.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https"):
        return None
    shown = parse_qs(parts.fragment.partition("?")[2]).get("image", [""])[0]
    found = re.search(r"(?:^|/)item/([0-9a-f]{24})", parts.fragment) or re.search(
        rf"{_API}/item/([0-9a-f]{{24}})", parts.path
    )
    id = shown if is_id(shown) else found[1] if found else None
    return ItemPlace(api_url(text.partition("#")[0]), id) if id else None


def is_id(text: str) -> bool:
    """Whether this can be an identifier of the archive."""
    return _ID.fullmatch(text) is not None
