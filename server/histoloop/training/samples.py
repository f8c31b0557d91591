"""Pictures with truth, at the scale of the model to be trained."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from histoloop.errors import DatasetError
from histoloop.geometry import Box, Mpp, MppSource, Scale, Size
from histoloop.slides.folder import SlideFile, open_slide
from histoloop.slides.reading import read, reflected
from histoloop.slides.slide import Pixels, Slide, known_mpp
from histoloop.training.augmentation import IGNORED, View
from histoloop.training.bcss import find_bcss
from histoloop.training.mask_files import LARGEST_HELD, MaskSource, content_of, open_mask
from histoloop.training.meaning import Meaning, meaning_of
from histoloop.training.pictures import SPLITS as SPLITS
from histoloop.training.pictures import Picture as Picture
from histoloop.training.pictures import patient_of as patient_of
from histoloop.training.pictures import pictures_of
from histoloop.training.pictures import site_of as site_of

Truth = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture, in memory; `SlideSample` is one that is read by region.

    Attributes:
        patient: pictures of one patient never stand on both sides of a split.
        image: ``(rows, cols, 3)`` uint8 RGB; truth: ``(rows, cols)`` uint8 class index from 1,
            0 for none, `IGNORED` where nothing is known.
        digest: of both files.
        weight: how often the patient is drawn in training, beside others' 1.
        corrected: ``(rows, cols)`` uint8, 255 where a person has corrected a model; `None` where
            no model has drawn, or the picture is read by region.
        annotator: whose word the truth is; empty where it is taken for true.
    """

    name: str
    patient: str
    image: Pixels
    truth: Truth
    digest: str
    weight: float = 1.0
    corrected: Truth | None = None
    annotator: str = ""

    @property
    def size(self) -> Size:
        """At the model's scale."""
        return Size(self.truth.shape[1], self.truth.shape[0])

    def truth_in(self, box: Box) -> Truth:
        """Of a box that lies inside."""
        return self.truth[box.y : box.bottom, box.x : box.right]

    def region(self, box: Box) -> tuple[Pixels, Truth]:
        """Image, mirrored beyond the edge, and truth, `IGNORED` there, of any box.

        Raises:
            SlideError, DatasetError: a file cannot be decoded there.
        """
        rows = reflected(box.y, box.height, self.size.height)
        columns = reflected(box.x, box.width, self.size.width)
        return self.image[rows][:, columns], self._known_in(box)

    def cut(self, view: View) -> tuple[Pixels, Truth]:
        """The patch that a view shows; see `View.cut`.

        Raises:
            SlideError, DatasetError: a file cannot be decoded there.
        """
        return view.cut(self.image, self.truth)

    def _known_in(self, box: Box) -> Truth:
        truth = np.full((box.height, box.width), IGNORED, np.uint8)
        inside = box.intersect(Box.of(self.size))
        if not inside.empty:
            truth[inside.within(box)] = self.truth_in(inside)
        return truth


class SlideSample(Sample):
    """One that is too large for memory: image and truth are read where they are needed."""

    def __init__(
        self, picture: Picture, slide: Slide, mpp: float, mask: MaskSource, meaning: Meaning
    ) -> None:
        values = {
            "name": picture.name,
            "patient": picture.patient,
            "weight": picture.weight,
            "annotator": picture.annotator,
            "digest": _digest(picture),
            "_slide": slide,
            "_scale": Scale.between(known_mpp(slide), Mpp.square(mpp)),
            "_mask": mask,
            "_table": meaning.table,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    _slide: Slide
    _scale: Scale
    _mask: MaskSource
    _table: NDArray[np.uint8]

    def __repr__(self) -> str:
        return f"SlideSample({self.name!r}, {self.size})"

    @property
    def size(self) -> Size:
        return self._scale.size(self._slide.size)

    @property
    def image(self) -> Pixels:
        """All of it, read anew each time."""
        return read(self._slide, Box.of(self.size), self._scale)

    @property
    def truth(self) -> Truth:
        """All of it, read anew each time."""
        return self.truth_in(Box.of(self.size))

    def truth_in(self, box: Box) -> Truth:
        return _truth_in(self._mask, self._table, self.size, box)

    def region(self, box: Box) -> tuple[Pixels, Truth]:
        return read(self._slide, box, self._scale), self._known_in(box)

    def cut(self, view: View) -> tuple[Pixels, Truth]:
        image, truth = self.region(view.box)
        return view.cut(image, truth, (view.box.x, view.box.y))


def load_split(data: Path, split: str, mpp: float, assumed: float | None = None) -> list[Sample]:
    """The pictures of ``data/<split>/images`` with their masks from ``data/<split>/masks``.

    A mask has its picture's stem and size; values are class codes and 255 where nothing is
    known, or 0 and 255 for one class (`meaning`). A snapshot's masks and those of BCSS hold GT
    codes; code 0, outside the ROI, becomes `IGNORED`.

    Args:
        mpp: scale to read at; assumed: µm/px of pictures that do not say their own.

    Raises:
        DatasetError: a mask is missing or does not fit.
        MissingScaleError: a picture does not say its scale and nothing is assumed.
    """
    return [sample for _, sample in each_picture(data, split, mpp, assumed)]


def each_picture(
    data: Path, split: str, mpp: float, assumed: float | None = None
) -> Iterator[tuple[SlideFile, Sample]]:
    """The same, one at a time, each with the file that its picture is read from.

    Raises:
        DatasetError, MissingScaleError: as `load_split`, when the picture's turn comes.
    """
    meaning = meaning_of_folder(data, None)
    for picture in pictures(data, split):
        address = address_of(picture, assumed)
        yield address, load(picture, address, mpp, meaning)


def pictures(data: Path, split: str) -> Iterator[Picture]:
    """The pictures of a split, by name.

    Raises:
        DatasetError: a mask is missing, when its picture's turn comes.
    """
    for picture in named_pictures(data, split):
        if not picture.mask.is_file():
            raise DatasetError(
                f"{picture.image}: has no mask",
                hint=f"put {picture.mask.name} into {picture.mask.parent}",
            )
        yield picture


def named_pictures(data: Path, split: str) -> Iterator[Picture]:
    """The same; whether a mask is there is not looked at."""
    bcss = find_bcss(data)
    return bcss.pictures(split) if bcss else pictures_of(data, split)


def meaning_of_folder(data: Path, names: Sequence[str] | None) -> Meaning:
    """What masks mean, from all that can be read of any split; see `meaning_of`."""
    contents = []
    for split in SPLITS:
        for picture in named_pictures(data, split):
            try:
                contents.append((picture.mask, content_of(picture.mask)))
            except DatasetError:
                continue  # its own turn comes, and is the place to say so
    return meaning_of(data, names, contents)


def refuse_leak(splits: dict[str, list[Sample]]) -> None:
    """Make sure that no patient stands in two splits.

    Raises:
        DatasetError: one does; the message names patient and splits.
    """
    seen: dict[str, str] = {}
    for split, samples in splits.items():
        for sample in samples:
            if (other := seen.setdefault(sample.patient, split)) != split:
                raise DatasetError(
                    f"patient {sample.patient} is in {other} and in {split}: "
                    "the score would be worthless",
                    hint="keep all pictures of a patient in one split",
                )


def digest_of(samples: Iterable[Sample]) -> str:
    """One digest for a set of pictures, whatever their order."""
    together = "".join(sorted(sample.digest for sample in samples))
    return hashlib.blake2b(together.encode(), digest_size=16).hexdigest()


def address_of(picture: Picture, assumed: float | None) -> SlideFile:
    """The file; what its folder says of the scale, or is assumed, if it does not say its own.

    Raises:
        SlideError: it cannot be read.
    """
    if open_slide(picture.image).mpp is not None:
        return SlideFile(picture.image)
    told = Mpp.square(assumed, MppSource.ASSUMED) if assumed else picture.mpp
    return SlideFile(picture.image, told)


def load(
    picture: Picture,
    address: SlideFile,
    mpp: float,
    meaning: Meaning,
    image: Pixels | None = None,
) -> Sample:
    """Read a picture and its mask, or make them ready to be read by region if they are large.

    Args:
        image: the picture at this scale, if it was read before.

    Raises:
        DatasetError: the mask is missing or of another size.
        MissingScaleError: the picture does not say its scale.
        SlideError: it cannot be read.
    """
    slide = address.open()
    scale = Scale.between(known_mpp(slide), Mpp.square(mpp))
    mask = open_mask(picture.mask)
    refuse_other_size(picture, slide.size, mask.size)
    frame = scale.size(slide.size)
    if Box.of(frame).area > LARGEST_HELD:
        return SlideSample(picture, slide, mpp, mask, meaning)
    return Sample(
        picture.name,
        picture.patient,
        read(slide, Box.of(frame), scale) if image is None else image,
        _truth(meaning.table[mask.read(Box.of(mask.size))], frame),
        _digest(picture),
        picture.weight,
        _corrected(picture, frame),
        picture.annotator,
    )


def refuse_other_size(picture: Picture, image: Size, mask: Size) -> None:
    """Make sure that a mask is as large as its picture.

    Raises:
        DatasetError: it is not.
    """
    if image != mask:
        raise DatasetError(
            f"{picture.mask}: is {mask.width} × {mask.height} px, "
            f"its picture is {image.width} × {image.height} px",
            hint="a mask covers its picture, pixel by pixel",
        )


def _digest(picture: Picture) -> str:
    found = hashlib.blake2b(digest_size=16)
    for path in (picture.image, picture.mask):
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                found.update(part)
    return found.hexdigest()


def _corrected(picture: Picture, frame: Size) -> Truth | None:
    """As a snapshot has it, beside its masks."""
    path = picture.mask.parent.parent / "corrections" / f"{picture.name}.png"
    if not path.is_file():
        return None
    mask = open_mask(path)
    return _truth(mask.read(Box.of(mask.size)), frame)


def _truth(classes: Truth, frame: Size) -> Truth:
    """Classes at the frame's size: of those in a pixel's area the most frequent."""
    values = np.unique(classes)
    shares = [
        cv2.resize((classes == value).astype(np.float32), frame, interpolation=cv2.INTER_AREA)
        for value in values
    ]
    return np.asarray(values[np.argmax(shares, axis=0)], np.uint8)


def _truth_in(mask: MaskSource, table: NDArray[np.uint8], frame: Size, box: Box) -> Truth:
    """The same, of a box in the frame."""
    x, y = mask.size.width / frame.width, mask.size.height / frame.height
    base = Scale(x, y).to_base(box).intersect(Box.of(mask.size))
    classes = table[mask.read(base)]
    values = np.unique(classes)
    if len(values) == 1:
        return np.full((box.height, box.width), values[0], np.uint8)
    crop = (box.x * x - base.x, box.y * y - base.y, box.right * x - base.x, box.bottom * y - base.y)
    crop = (max(crop[0], 0), max(crop[1], 0), min(crop[2], base.width), min(crop[3], base.height))
    shares = [
        np.asarray(
            Image.fromarray((classes == value).astype(np.float32)).resize(
                (box.width, box.height), Image.Resampling.BOX, box=crop
            )
        )
        for value in values[:-1]
    ]
    shares.append(1 - np.sum(shares, axis=0))
    return np.asarray(values[np.argmax(shares, axis=0)], np.uint8)
