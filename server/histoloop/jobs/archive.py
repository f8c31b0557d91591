"""Where slides come from and annotations go: a folder of this machine, or a DSA."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from histoloop.annotations.local_store import LocalAnnotationStore
from histoloop.annotations.store import AnnotationStore
from histoloop.config import Settings
from histoloop.errors import UsageError
from histoloop.slides.dsa.site import DsaSite, Login, api_url
from histoloop.slides.dsa.store import DsaSlideStore
from histoloop.slides.folder import FolderSlideStore
from histoloop.slides.slide import SlideStore


@dataclass(frozen=True)
class Archive:
    """A pair of stores that know each other's slides by the same ids."""

    slides: SlideStore
    annotations: AnnotationStore


def open_archive(settings: Settings, login: Login | None = None) -> Archive:
    """The archive that the settings name.

    Args:
        login: who asks, in a DSA; by default whoever the settings say.

    Raises:
        UsageError: the settings name none, or two.
        NotFoundError: the folder does not exist.
    """
    if settings.dsa and settings.slides:
        raise UsageError(
            "both a folder of slides and a DSA are named", hint="give either --slides or --dsa"
        )
    if settings.dsa:
        from histoloop.annotations.dsa_store import DsaAnnotationStore

        site = dsa_site(settings, login)
        return Archive(DsaSlideStore(site), DsaAnnotationStore(site))
    if settings.slides is None:
        raise UsageError(
            "no slides to show", hint="name their folder with --slides DIR, or a DSA with --dsa URL"
        )
    drawn = LocalAnnotationStore(settings.annotations, settings.annotator or "")
    return Archive(FolderSlideStore(settings.slides), drawn)


def dsa_site(settings: Settings, login: Login | None = None, url: str | None = None) -> DsaSite:
    """The DSA that the settings name, or another one, as somebody sees it.

    Args:
        login: who asks; by default whoever the settings say, but only in the DSA that they name:
            a key must not go to every address that somebody pastes.

    Raises:
        UsageError: its address makes no sense, or there is a key and nothing says what it opens.
    """
    place = api_url(url or settings.dsa or "")
    return DsaSite(
        url=place,
        cache=Path(settings.cache).absolute(),
        login=login or _own_login(settings, place),
        requests=settings.dsa_requests,
    )


def _own_login(settings: Settings, place: str) -> Login:
    own = Login(settings.dsa_key, settings.dsa_token)
    if own == Login():
        return own
    if not settings.dsa:
        raise UsageError(
            "HISTOLOOP_DSA_KEY or HISTOLOOP_DSA_TOKEN is set, but not for which archive",
            hint="set HISTOLOOP_DSA to its address, too; other archives are asked without it",
        )
    return own if api_url(settings.dsa) == place else Login()
