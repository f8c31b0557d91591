"""Who asks, and what they may do: in a folder everybody everything, in a DSA each their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from histoloop.annotations.dsa_store import DsaAnnotationStore
from histoloop.annotations.store import AnnotationStore
from histoloop.config import Settings
from histoloop.errors import AccessError, NotFoundError, SignInError, UsageError
from histoloop.jobs.archive import dsa_site, open_archive
from histoloop.service.remembered import Remembered
from histoloop.slides.dsa.connection import connect
from histoloop.slides.dsa.pulse import Pulse
from histoloop.slides.dsa.site import DsaSite, Login, is_id
from histoloop.slides.dsa.slide import revision
from histoloop.slides.dsa.store import DsaSlideStore, Shelf
from histoloop.slides.folder import FolderSlideStore
from histoloop.slides.slide import SlideEntry, SlideStore

_RIGHTS_HOLD_S = 20.0
"""How long a right that was taken away can still be used."""

_NAMES_HOLD_S = 600.0

_VISITORS = 64


@dataclass(frozen=True)
class User:
    """Somebody who is signed in; login and name are for people, admins may do everything."""

    id: str
    login: str
    name: str
    admin: bool = False


class Visitor(Protocol):
    """Somebody at the service.

    Attributes:
        login: in whose name their jobs run; `None`: whoever the settings name.
    """

    @property
    def login(self) -> Login | None: ...
    @property
    def slides(self) -> SlideStore: ...
    @property
    def annotations(self) -> AnnotationStore: ...

    def __hash__(self) -> int: ...

    def user(self) -> User | None:
        """Who it is; `None` where the archive knows no users.

        Raises:
            SignInError: nobody is signed in, or no longer.
        """
        ...

    def revision(self, slide: str, *, now: bool = False) -> str:
        """What tells the slide's content from another one under the same id.

        Args:
            now: what was so a moment ago is not good enough.

        Raises:
            AccessError: the visitor may not see it.
            NotFoundError: there is none.
        """
        ...

    def name_of(self, user: str) -> str:
        """What people call the user of an id; empty where that is nobody's business."""
        ...

    def refuse_readonly(self, slide: str) -> None:
        """Make sure that the visitor may have a slide segmented.

        Raises:
            AccessError: they may only look, or not even that.
        """
        ...

    def refuse_retraining(self) -> None:
        """Make sure that the visitor may change which version of a model all others use.

        Raises:
            AccessError: they may not.
        """
        ...

    def refuse_datasets(self) -> None:
        """Make sure that the visitor may see what models are trained on, whatever slide it is of.

        Raises:
            AccessError: they may not.
        """
        ...

    def refuse_overtaking(self) -> None:
        """Make sure that the visitor may put a job before everybody else's.

        Raises:
            AccessError: they may not.
        """
        ...

    def shelves(self, within: Shelf | None) -> Sequence[Shelf]:
        """The collections and the visitor's own folders, or the folders in one of them."""
        ...

    def way_to(self, slide: str) -> Sequence[Shelf]:
        """The shelves that one goes through to find a slide."""
        ...

    def entries(self, folder: str | None, search: str | None) -> Sequence[SlideEntry]:
        """The slides in a folder, or whose name begins with what is searched for."""
        ...


class FolderVisitor:
    """Anybody, where slides are files of this machine and only this machine can ask."""

    login = None

    def __init__(self, slides: FolderSlideStore, annotations: AnnotationStore) -> None:
        self.slides, self.annotations = slides, annotations

    def user(self) -> None:
        return None

    def revision(self, slide: str, *, now: bool = False) -> str:  # noqa: ARG002  (is cheap)
        return str(self.slides.find(slide).path.stat().st_mtime_ns)

    def name_of(self, user: str) -> str:
        return user

    def refuse_readonly(self, slide: str) -> None:
        self.slides.find(slide)

    def refuse_retraining(self) -> None:
        """Everybody may: it is their own machine."""

    refuse_datasets = refuse_overtaking = refuse_retraining

    def shelves(self, within: Shelf | None) -> Sequence[Shelf]:
        if within is not None:
            raise _no_folder(within.id)
        return []

    def way_to(self, slide: str) -> Sequence[Shelf]:
        self.slides.find(slide)
        return []

    def entries(self, folder: str | None, search: str | None) -> Sequence[SlideEntry]:
        if folder is not None:
            raise _no_folder(folder)
        begin = (search or "").casefold()
        return [one for one in self.slides.list() if one.name.casefold().startswith(begin)]


class DsaVisitor:
    """A user of a DSA; what they may do is asked of the DSA, with their own token."""

    def __init__(
        self, slides: DsaSlideStore, annotations: DsaAnnotationStore, login: Login | None
    ) -> None:
        self.slides, self.annotations, self.login = slides, annotations, login
        self._connection = connect(slides.site)
        self._pulse = pulse_of(slides.site)
        self._revision = Remembered(self._ask_revision, _RIGHTS_HOLD_S)
        self._user = Remembered(self._ask_user, _RIGHTS_HOLD_S)
        self._name = Remembered(self._ask_name, _NAMES_HOLD_S)

    def user(self) -> User:
        return self._user("me")

    def revision(self, slide: str, *, now: bool = False) -> str:
        if now:
            self._revision.forget(slide)
        return self._revision(slide)

    def name_of(self, user: str) -> str:
        return self._name(user) if is_id(user) else ""

    def refuse_readonly(self, slide: str) -> None:
        self._pulse.refuse_absent()
        self.annotations.refuse_readonly(slide)

    def refuse_retraining(self) -> None:
        self._refuse_but_admins(
            "have a model retrained, or choose its version: everybody's next job uses it"
        )

    def refuse_datasets(self) -> None:
        self._refuse_but_admins("see data sets: they hold pieces of slides of every folder")

    def refuse_overtaking(self) -> None:
        self._refuse_but_admins("put a job before everybody else's")

    def _refuse_but_admins(self, what: str) -> None:
        if not self.user().admin:
            raise AccessError(
                f"{self.user().login}: only administrators of {self.slides.site.host} may {what}",
                hint="ask one of them",
            )

    def shelves(self, within: Shelf | None) -> Sequence[Shelf]:
        self._pulse.refuse_absent()
        if within is not None:
            return self.slides.shelves(within)
        return [*self.slides.shelves(), Shelf(self.user().id, "My folders", "user")]

    def way_to(self, slide: str) -> Sequence[Shelf]:
        way = self._connection.get(f"item/{slide}/rootpath")
        return [_shelf(step["type"], step["object"]) for step in way]

    def entries(self, folder: str | None, search: str | None) -> Sequence[SlideEntry]:
        self._pulse.refuse_absent()
        if search:
            return self.slides.search(search)
        return self.slides.slides(Shelf(folder, "", "folder")) if folder else []

    def _ask_revision(self, slide: str) -> str:
        if not is_id(slide):
            raise NotFoundError(
                f"no slide {slide!r}", hint="the address of its page in the archive ends in its id"
            )
        self._pulse.refuse_absent()
        return revision(self._connection, slide)

    def _ask_user(self, _me: str) -> User:
        self._pulse.refuse_absent()
        me = self._connection.get("user/me")
        if me is None:
            raise SignInError(
                f"{self.slides.site.host}: does not know this token (any more)",
                hint="sign in again",
            )
        return User(me["_id"], me["login"], _name(me), bool(me.get("admin")))

    def _ask_name(self, user: str) -> str:
        try:
            return _name(self._connection.get(f"user/{user}"))
        except (AccessError, NotFoundError):
            return ""


@lru_cache(maxsize=_VISITORS)
def visitor_of(settings: Settings, login: Login | None = None) -> Visitor:
    """A visitor, who is the same one as long as they come often.

    Raises:
        UsageError: the settings name no archive.
        NotFoundError: the folder of slides does not exist.
    """
    archive = open_archive(settings, login)
    slides, annotations = archive.slides, archive.annotations
    if isinstance(slides, DsaSlideStore) and isinstance(annotations, DsaAnnotationStore):
        return DsaVisitor(slides, annotations, login)
    if isinstance(slides, FolderSlideStore):
        return FolderVisitor(slides, annotations)
    raise UsageError("slides of one kind of archive need annotations of the same")


def pulse_of(site: DsaSite) -> Pulse:
    """The one pulse of a DSA, whoever asks."""
    return _pulse_at(replace(site, login=Login()))


@lru_cache(maxsize=8)
def _pulse_at(site: DsaSite) -> Pulse:
    return Pulse(site)


def pulse(settings: Settings) -> Pulse | None:
    """The pulse of the DSA that the settings name, if they name one."""
    if settings.dsa is None:
        return None
    return pulse_of(dsa_site(settings))


def _name(user: dict[str, str]) -> str:
    return f"{user.get('firstName', '')} {user.get('lastName', '')}".strip() or user["login"]


def _no_folder(id: str) -> NotFoundError:
    return NotFoundError(f"no folder {id!r}", hint="all slides are in one list here")


def _shelf(kind: str, found: dict[str, str]) -> Shelf:
    return Shelf(found["_id"], found.get("name") or found.get("login", ""), kind)
