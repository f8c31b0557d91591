"""What a retraining learns from: a snapshot in which everybody stays where they were before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from histoloop.annotations.gtcodes import GTCodes, read_gtcodes
from histoloop.config import Settings
from histoloop.errors import DatasetError, UsageError
from histoloop.jobs.dataset import DatasetParameters, request_of, source_of
from histoloop.models.card import ModelCard
from histoloop.models.registry import ModelRegistry
from histoloop.slides.slide import SlideEntry
from histoloop.training.snapshot import MANIFEST, Split, read_snapshot, verify
from histoloop.training.snapshot_build import build_snapshot
from histoloop.training.snapshot_plan import Say
from histoloop.training.snapshot_split import Case, case_of

_TEST: Split = "test"
_LEARNT: tuple[Split, ...] = ("valid", "train")


def gather(
    parameters: DatasetParameters,
    settings: Settings,
    card: ModelCard,
    locked: Iterable[str],
    say: Say,
) -> Path:
    """The snapshot of all annotations as they are now; one that is there already stays as it is.

    A patient who is locked tests; one that a version was trained on is trained on again, so that
    nobody drifts into the test. Others are drawn, or stand where a table says.

    Args:
        card: of the model that is retrained: without ``classes`` the snapshot has its classes.
        locked: patients of the locked test.

    Raises:
        HistoloopError: see `build_dataset`.
    """
    p = parameters
    if (p.out / MANIFEST).is_file() and (there := read_snapshot(p.out)):
        verify(p.out, there)
        return p.out
    codes = read_gtcodes(p.gtcodes)
    p = replace(p, classes=p.classes or classes_like(card, codes))
    request, source = request_of(p, codes, p.split), source_of(p, settings)
    before = {patient: split for patient, (split, _) in trained(settings.home, card.name).items()}
    places = before | dict.fromkeys(locked, _TEST)
    cases = _settled(source.slides.list(), request.cases, places)
    built = build_snapshot(source, replace(request, cases=cases), p.out.absolute(), say)
    if odd := built.snapshot.complaints:
        say(f"{len(odd)} oddities of the annotations stand in {p.out / MANIFEST}, e.g. {odd[0]}")
    return p.out


def classes_like(card: ModelCard, codes: GTCodes) -> str:
    """The classes of a model, each as the one GT code of its name.

    Raises:
        UsageError: the table has no code of a name.
    """
    rows = {one.name: codes.find(one.name) for one in card.classes}
    if missing := [name for name, row in rows.items() if row is None]:
        raise UsageError(
            f"the GTCodes have no group {', '.join(missing)}, which {card.reference} tells apart",
            hint=f'say which codes it is: --classes "{missing[0]}=1,19;…"',
        )
    return ";".join(f"{name}={row.code}" for name, row in rows.items() if row)


def trained(home: Path, name: str) -> Mapping[str, tuple[Split, str]]:
    """Patients that a version of a model, or what it goes on from, was trained or watched on.

    Returns:
        By patient, the split and the ``name@version``, the newest where there are several.
    """
    registry = ModelRegistry(home)
    cards = {model.card.reference: model.card for model in registry.list()}
    mine = [card for card in cards.values() if card.name == name]
    older = dict.fromkeys(one for card in mine for one in registry.lineage(card))
    ancestors = [cards[one] for one in older if one in cards]
    found: dict[str, tuple[Split, str]] = {}
    for card in (*ancestors, *sorted(mine, key=lambda one: one.version)):
        for split in _LEARNT:
            for patient in card.training.get("patients", {}).get(split, ()):
                found[patient] = split, card.reference
    return found


def refuse_untested(locked: int, data: Path) -> None:
    """Make sure that there is something to compare versions on, before anything is trained.

    Raises:
        DatasetError: nothing is locked for the test.
    """
    if not locked:
        raise DatasetError(
            f"{data}: no patient tests, so nobody could say whether the next version is worse",
            hint="annotate patients that no version was trained on, or name some in a table "
            "(--patients, with split test)",
        )


def _settled(
    entries: Iterable[SlideEntry], cases: Mapping[str, Case], places: Mapping[str, Split]
) -> Mapping[str, Case]:
    """The table of cases, with every slide whose patient has a place already.

    What a table says of a split is left to be refused by name.
    """
    found = dict(cases)
    for entry in entries:
        case = case_of(entry.name, cases)
        if case.split is None and case.patient in places:
            found[entry.name] = replace(case, split=places[case.patient])
    return found
