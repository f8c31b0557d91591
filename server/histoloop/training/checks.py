"""Training data that is fit to be trained on, or one error that says all that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from histoloop.errors import DatasetError, HistoloopError, MissingScaleError
from histoloop.slides.fingerprint import fingerprint
from histoloop.slides.folder import SUFFIXES
from histoloop.training.mask_files import content_of
from histoloop.training.meaning import Meaning
from histoloop.training.pictures import SPLITS, Picture
from histoloop.training.samples import (
    Sample,
    address_of,
    load,
    meaning_of_folder,
    named_pictures,
    refuse_other_size,
)
from histoloop.training.snapshot import MANIFEST, Split

Found = Mapping[Split, Sequence[Picture]]
Say = Callable[[str], None]

_SHOWN = 5


def load_checked(
    data: Path,
    names: Sequence[str],
    mpp: float,
    assumed: float | None = None,
    hold_out: str | None = None,
    say: Say = lambda _: None,
) -> dict[str, list[Sample]]:
    """The pictures of all splits, after everything was looked at.

    Args:
        names: of the classes; mpp: scale to read at; assumed: of pictures that do not say theirs.
        hold_out: patient to test on instead of the test split.
        say: told what was tolerated.

    Raises:
        DatasetError: files are missing, do not fit or cannot be read, all of them named in one
            message; a patient or picture stands in two splits; there is nothing to learn.
        MissingScaleError: nothing else is wrong, but pictures do not say their scale.
    """
    found = _found(data, hold_out)
    complaints = _Complaints(data)
    complaints.strays(_all(found))
    for picture in _all(found):
        complaints.file(picture, assumed)
    complaints.end()
    meaning = meaning_of_folder(data, names)
    for picture in _all(found):
        with complaints.hears(picture):
            _refuse_unknown_codes(picture, meaning)
    complaints.end()
    _refuse_shared(found)
    _refuse_nothing_to_learn(data, found["train"], names, meaning)
    _tell(found, say)
    splits: dict[str, list[Sample]] = {split: [] for split in SPLITS}
    for split, pictures in found.items():
        for picture in pictures:
            with complaints.hears(picture):
                splits[split].append(load(picture, address_of(picture, assumed), mpp, meaning))
    complaints.end()
    return splits


@dataclass
class _Complaints:
    """All that is wrong with the files of a folder."""

    data: Path
    said: list[HistoloopError] = field(default_factory=list)
    _masks: dict[Path, Counter[str]] = field(default_factory=dict)

    def masks(self, folder: Path) -> Counter[str]:
        """How many masks of each name a folder holds."""
        if folder not in self._masks:
            self._masks[folder] = Counter(one.stem for one in _files(folder))
        return self._masks[folder]

    @contextmanager
    def hears(self, picture: Picture) -> Iterator[None]:
        try:
            yield
        except HistoloopError as error:
            self.said.append(_placed(error, picture))

    def file(self, picture: Picture, assumed: float | None) -> None:
        """Look at a picture and its mask."""
        with self.hears(picture):
            slide = address_of(picture, assumed).open()
            if slide.mpp is None:
                raise MissingScaleError(
                    f"{picture.image}: does not say its micrometres per pixel",
                    hint="give --assume-mpp, µm/px",
                )
            masks = self.masks(picture.mask.parent)[picture.name]
            if masks != 1:
                raise DatasetError(
                    f"{picture.image}: has {masks or 'no'} mask{'s' if masks else ''}",
                    hint=f"one mask of a picture's name belongs into {picture.mask.parent.name}",
                )
            refuse_other_size(picture, slide.size, content_of(picture.mask).size)

    def strays(self, pictures: Sequence[Picture]) -> None:
        """Look for masks that no picture has, and for pictures that share one."""
        names = Counter((one.mask.parent, one.name) for one in pictures)
        for folder in sorted({folder for folder, _ in names}):
            for name in sorted(self.masks(folder)):
                if (folder, name) not in names:
                    self._hear(f"{folder / name}: has no picture", "add it or remove the mask")
        for (folder, name), count in names.items():
            if count > 1:
                self._hear(
                    f"{folder.parent}: {count} pictures are called {name}",
                    "names are told apart without their endings: rename one, with its mask",
                )

    def _hear(self, message: str, hint: str) -> None:
        self.said.append(DatasetError(message, hint=hint))

    def end(self) -> None:
        """Raise what was heard, if anything.

        Raises:
            DatasetError, MissingScaleError: see `load_checked`.
        """
        if not self.said:
            return
        count, shown = len(self.said), self.said[:_SHOWN]
        lines = [one.message.replace(f"{self.data}/", "") for one in shown]
        more = f"; and {count - len(shown)} more" if count > len(shown) else ""
        files = f"{count} files do" if count > 1 else "a file does"
        hints = dict.fromkeys(one.hint for one in shown if one.hint)
        scales = all(isinstance(one, MissingScaleError) for one in self.said)
        kind = MissingScaleError if scales else DatasetError
        raise kind(f"{self.data}: {files} not fit: {'; '.join(lines)}{more}", hint="; ".join(hints))


def _placed(error: HistoloopError, picture: Picture) -> HistoloopError:
    """With its split: a reader of slides says the name alone."""
    name = picture.image.name
    if error.message.startswith(name):
        message = f"{picture.image}{error.message.removeprefix(name)}"
        return type(error)(message, hint=error.hint)
    return error


def _found(data: Path, hold_out: str | None) -> dict[Split, list[Picture]]:
    if not data.is_dir():
        raise DatasetError(f"{data}: no such folder", hint="name a folder of pictures with masks")
    found = {split: list(named_pictures(data, split)) for split in SPLITS}
    if hold_out:
        found["test"] = [one for one in found["train"] if one.patient == hold_out]
        found["train"] = [one for one in found["train"] if one.patient != hold_out]
        if not found["test"]:
            raise DatasetError(
                f"{data}: no picture in train is of patient {hold_out}",
                hint=f"patients are {', '.join(sorted({one.patient for one in found['train']}))}",
            )
    if not found["train"]:
        raise DatasetError(
            f"{data}: holds no pictures to train on",
            hint="it needs train/images and train/masks with files of the same names",
        )
    for split in SPLITS:
        empty = (data / split / "images").is_dir() and not found[split]
        if empty and not hold_out and not (data / MANIFEST).is_file():
            raise DatasetError(
                f"{data / split}: holds no pictures", hint="fill the folder or remove it"
            )
    return found


def _refuse_unknown_codes(picture: Picture, meaning: Meaning) -> None:
    content = content_of(picture.mask)
    if odd := sorted(content.codes - meaning.known):
        counted = [f"{code} ({content.pixels[code]:,} px)" for code in odd[:_SHOWN]]
        more = f" and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
        raise DatasetError(
            f"{picture.mask}: has codes of no class: {', '.join(counted)}{more}",
            hint=f"known codes are {meaning.words()}; name all classes (--classes), in order",
        )


def _refuse_shared(found: Found) -> None:
    """Make sure that no patient and no picture stands in two splits."""
    patients: dict[str, str] = {}
    prints: dict[str, tuple[str, Path]] = {}
    for split, pictures in found.items():
        for picture in pictures:
            if (other := patients.setdefault(picture.patient, split)) != split:
                raise DatasetError(
                    f"patient {picture.patient} is in {other} and in {split}: "
                    "the score would be worthless",
                    hint="keep all pictures of a patient in one split",
                )
            mark = fingerprint(picture.image)
            before, path = prints.setdefault(mark, (split, picture.image))
            if before != split:
                raise DatasetError(
                    f"{picture.image} in {split} is the same picture as {path} in {before}: "
                    "the score would be worthless",
                    hint="keep it in one split",
                )


def _refuse_nothing_to_learn(
    data: Path, train: Sequence[Picture], names: Sequence[str], meaning: Meaning
) -> None:
    pixels = np.sum([meaning.pixels(content_of(one.mask)) for one in train], axis=0)
    masks = f"the {len(train)} masks" if len(train) > 1 else "the only mask"
    if missing := [name for at, name in enumerate(names, start=1) if not pixels[at]]:
        raise DatasetError(
            f"{data}: no pixel of {masks} in train is {' or '.join(missing)}: "
            "there is nothing to learn it from",
            hint="add pictures that show it, or train without that class",
        )
    if len(names) == 1 and not pixels[0]:
        raise DatasetError(
            f"{data}: every known pixel of {masks} in train is {names[0]}: "
            "there is nothing to tell it from",
            hint="add pictures that show something else",
        )


def _tell(found: Found, say: Say) -> None:
    if lossy := [one for one in _all(found) if content_of(one.mask).lossy]:
        say(
            f"{len(lossy)} mask{'s are JPEGs' if len(lossy) > 1 else ' is a JPEG'} "
            f"({lossy[0].mask.name}…): values near 0 and 255 are taken for them"
        )
    if told := [(one.name, one.mpp) for one in _all(found) if one.mpp]:
        name, scale = told[0]
        say(
            f"the scale of {len(told)} pictures is taken from their names and tables "
            f"({name}: {scale.x:.4f} × {scale.y:.4f} µm/px); --assume-mpp overrules it"
        )


def _all(found: Found) -> list[Picture]:
    return [one for pictures in found.values() for one in pictures]


def _files(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.glob("*")) if one.suffix.lower() in SUFFIXES]
