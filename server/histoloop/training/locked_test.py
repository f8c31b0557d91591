"""The pictures that the versions of a model are compared on, and that none is ever trained on.

A folder per model name in the home. What is taken in is copied, byte by byte, in the layout that
it came in (`samples.each_picture` reads it), and listed with its digests. There is no way to take
a picture out again, and one that is missing or changed is an error: figures of different
versions must stay comparable, and a test that may shrink can be shrunk until it is passed.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from histoloop.durable import replace_text
from histoloop.errors import DatasetError
from histoloop.training.bcss import find_bcss
from histoloop.training.samples import Picture, meaning_of_folder, pictures
from histoloop.training.snapshot import MANIFEST, digest_of_file, read_snapshot

LIST = "locked.json"
_PATIENTS = "patients.csv"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LockedPicture(_Part):
    """A picture; files are named relative to its batch, digests are of their bytes."""

    name: str
    patient: str
    image: str
    mask: str
    image_digest: str
    mask_digest: str


class LockedBatch(_Part):
    """What was taken in at once.

    Attributes:
        folder: beside the list; snapshot: digest of the snapshot that it comes from.
        assumed_mpp: of pictures that do not say their own scale.
    """

    folder: str
    at: str
    by: str
    snapshot: str | None
    assumed_mpp: float | None
    pictures: tuple[LockedPicture, ...]


class Locked(_Part):
    """All that is locked for a name."""

    batches: tuple[LockedBatch, ...] = ()

    @property
    def pictures(self) -> Sequence[LockedPicture]:
        return [one for batch in self.batches for one in batch.pictures]

    @property
    def patients(self) -> frozenset[str]:
        return frozenset(one.patient for one in self.pictures)

    @property
    def digest(self) -> str:
        """Of all pictures and masks; two verdicts with the same one can be compared."""
        each = sorted(one.image_digest + one.mask_digest for one in self.pictures)
        return hashlib.blake2b("".join(each).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Batch:
    """A part of the test, to be read as data with a ``test`` split."""

    data: Path
    assumed_mpp: float | None


@dataclass(frozen=True)
class LockedTest:
    """The locked test of one model name; ``folder`` is its own."""

    folder: Path

    @classmethod
    def of(cls, home: Path, name: str) -> LockedTest:
        """Of a name in a home."""
        return cls(home / "registry" / name / "locked")

    def read(self) -> Locked:
        """What is locked.

        Raises:
            DatasetError: the list was damaged.
        """
        path = self.folder / LIST
        try:
            return Locked.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            return Locked()
        except (OSError, ValidationError) as error:
            raise DatasetError(
                f"{path}: cannot be read ({str(error).splitlines()[0]})",
                hint="restore it from a backup",
            ) from error

    def grow(
        self,
        data: Path,
        by: str,
        assumed_mpp: float | None = None,
        trained: Mapping[str, str] | None = None,
    ) -> Sequence[str]:
        """Take in the ``test`` pictures of a data set that are not in yet.

        A picture that is locked stays as it is, even if ``data`` has another mask for it.

        Args:
            trained: patients that a version was trained on, and which: they are no test.

        Returns:
            What was taken in and what was not, a line each.

        Raises:
            DatasetError: the folder cannot be written; ``data`` is BCSS as it is published, or its
                masks mean something else without those of the other splits.
        """
        snapshot = read_snapshot(data)
        if find_bcss(data):
            raise DatasetError(
                f"{data}: who tests in BCSS depends on all of it, a part cannot be locked",
                hint="make a snapshot of it with `histoloop dataset build`",
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / "lock"):
                before = self.read()
                new, said = _new(before, pictures(data, "test"), trained or {})
                if new:
                    number = f"{len(before.batches) + 1:04d}"
                    batch = LockedBatch(
                        folder=number,
                        at=datetime.now(UTC).isoformat(timespec="seconds"),
                        by=by,
                        snapshot=snapshot.digest if snapshot else None,
                        assumed_mpp=assumed_mpp,
                        pictures=_copy(data, new, self.folder / number),
                    )
                    grown = Locked(batches=(*before.batches, batch))
                    replace_text(self.folder / LIST, grown.model_dump_json(indent=1) + "\n")
        except OSError as error:
            raise DatasetError(
                f"{self.folder}: the test cannot be kept there ({error.strerror})",
                hint="choose another --home",
            ) from error
        return said

    def batches(self) -> Sequence[Batch]:
        """All of the test, every byte of it checked.

        Raises:
            DatasetError: nothing is locked yet; a picture is missing or was changed.
        """
        locked = self.read()
        if not locked.batches:
            raise DatasetError(
                f"{self.folder}: no pictures are locked for the test",
                hint="give data with a test split: its pictures are locked",
            )
        for batch in locked.batches:
            for one in batch.pictures:
                for path, digest in ((one.image, one.image_digest), (one.mask, one.mask_digest)):
                    self._verify(self.folder / batch.folder / path, digest)
        return [Batch(self.folder / one.folder, one.assumed_mpp) for one in locked.batches]

    def refuse_trained(self, data: Path) -> None:
        """Make sure that nothing that is locked is among what would be trained or watched on.

        Raises:
            DatasetError: a picture, or another one of its patient, is; the message names it.
        """
        locked = self.read()
        digests = {one.image_digest: one.name for one in locked.pictures}
        for split in ("train", "valid"):
            for picture in pictures(data, split):
                if picture.patient in locked.patients:
                    raise DatasetError(
                        f"patient {picture.patient} is in {split}, but locked for the test: "
                        "the score would be worthless",
                        hint=f"move {picture.name} to test",
                    )
                if digests and (name := digests.get(digest_of_file(picture.image))):
                    raise DatasetError(
                        f"{picture.image}: is {name}, which is locked for the test",
                        hint=f"take it out of {split}",
                    )

    def _verify(self, path: Path, digest: str) -> None:
        if not path.is_file() or digest_of_file(path) != digest:
            raise DatasetError(
                f"{path}: is missing or was changed, and is locked for the test",
                hint="restore it from a backup: the test can grow, never shrink",
            )


def _new(
    locked: Locked, found: Iterable[Picture], trained: Mapping[str, str]
) -> tuple[list[Picture], list[str]]:
    """The pictures that are not locked yet; and what is to be said of all."""
    masks = {one.image_digest: one.mask_digest for one in locked.pictures}
    new, said = list[Picture](), list[str]()
    for one in found:
        mask = masks.get(digest_of_file(one.image))
        if mask is None and (model := trained.get(one.patient)):
            said.append(f"{one.name}: {model} was trained on {one.patient}: no test, not locked")
        elif mask is None:
            new.append(one)
        elif mask != digest_of_file(one.mask):
            said.append(f"{one.name}: is locked with another mask, which stays")
    if new:
        patients = len({one.patient for one in new})
        said.append(
            f"{len(new)} picture{'s' if len(new) > 1 else ''} of {patients} "
            f"patient{'s' if patients > 1 else ''} locked for the test"
        )
    return new, said


def _copy(data: Path, new: Sequence[Picture], to: Path) -> tuple[LockedPicture, ...]:
    """The pictures and what is needed to read them."""
    shutil.rmtree(to, ignore_errors=True)  # of a process that died before it was listed
    to.mkdir()
    for name in (MANIFEST, _PATIENTS):
        if (data / name).is_file():
            shutil.copyfile(data / name, to / name)
    found = []
    for one in new:
        for path in (one.image, one.mask):
            target = to / path.relative_to(data)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
        found.append(
            LockedPicture(
                name=one.name,
                patient=one.patient,
                image=one.image.relative_to(data).as_posix(),
                mask=one.mask.relative_to(data).as_posix(),
                image_digest=digest_of_file(to / one.image.relative_to(data)),
                mask_digest=digest_of_file(to / one.mask.relative_to(data)),
            )
        )
    _refuse_other_meaning(data, to)
    return tuple(found)


def _refuse_other_meaning(data: Path, copy: Path) -> None:
    """Whether 255 is a class or not known is a matter of all masks of a folder."""
    before, after = (meaning_of_folder(folder, None).table for folder in (data, copy))
    if before.tolist() != after.tolist():
        shutil.rmtree(copy)
        raise DatasetError(
            f"{data}: without the masks of the other splits, 255 means something else in those "
            "of test",
            hint="give all masks the codes 0 and 1, and 255 only where nobody knows",
        )
