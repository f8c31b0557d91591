"""The whole loop on slides whose truth is known: segment, correct, agree, retrain, decide.

A laboratory that stains about twice as strongly as those that the bundled model has learnt from
sends sections: there the model is clearly worse than at home. Three made-up annotators correct it
on a few slides; other slides, of patients that nobody annotates, are the locked test, with their
exact truth. Every round brings new sections to correct, the test stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from histoloop.annotations.dsa import Document
from histoloop.annotations.files import read_documents, write_documents
from histoloop.annotations.gtcodes import GTCodes, read_gtcodes
from histoloop.annotations.simulated_crowd import CROWD, Habits, crowd, document_of
from histoloop.config import Settings
from histoloop.geometry import Box, Size
from histoloop.jobs import agreement_report, loop_page, outputs
from histoloop.jobs.agreement import Agreement, agree
from histoloop.jobs.context import Context
from histoloop.jobs.dataset import DatasetParameters
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.retrain import Retrained, RetrainParameters, retrain
from histoloop.jobs.segment import segment
from histoloop.models.registry import DEFAULT, Model, ModelRegistry
from histoloop.slides.folder import SlideFile
from histoloop.slides.synthetic import Specimen, Stain, Tissue, write_slide
from histoloop.training.locked_test import LockedTest
from histoloop.training.snapshot_split import SplitPlan

OVERSTAINED = Stain(haematoxylin_amount=2.2, eosin_amount=1.6)

GTCODES = """group,overlay_order,GT_code,is_roi,is_background_class,color
roi,0,254,1,0,"rgb(200,0,150)"
tumor,1,1,0,0,"rgb(0,196,140)"
other,2,2,0,1,"rgb(255,125,0)"
"""

PAGE = "index.html"
"""Of a round: there when the round has ended."""

Say = Callable[[str], None]
Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class LoopPlan:
    """How large the loop is.

    Attributes:
        side: of every slide, pixels of 1 µm; margin: what is not annotated around it.
        corrected, tested: slides, each of a patient of its own.
        course: of the training, see `RetrainParameters`.
    """

    side: int = 1024
    margin: int = 128
    corrected: int = 4
    tested: int = 6
    people: tuple[Habits, ...] = CROWD[:3]
    course: Mapping[str, Any] = field(default_factory=lambda: {"epochs": 6, "steps": 50})

    @property
    def size(self) -> Size:
        return Size(self.side, self.side)

    @property
    def roi(self) -> Box:
        """What is annotated, base pixels."""
        return Box.of(self.size).grow(-self.margin)


@dataclass(frozen=True)
class Round:
    """What a round has come to; its page lies in ``folder``."""

    folder: Path
    agreement: Agreement
    retrained: Retrained


def go_round(
    home: Path, settings: Settings, context: Context, say: Say, plan: LoopPlan | None = None
) -> Round:
    """Go round once; a round that was cut short is gone on with.

    Raises:
        OutputError: the home cannot be written.
        CancelledError: the listener's ``check`` said so.
    """
    place = _Place.next(home, plan or LoopPlan())
    say(f"round {place.number}: {place.plan.corrected} slides of an overstaining laboratory …")
    place.lock_truth(say)
    slides = list(place.write_slides())
    for slide in slides:
        place.correct(slide, settings, context)
    say(f"segmented, and corrected by {', '.join(one.name for one in place.plan.people)}")
    agreement = agree(place.annotations("agreement"), settings, lambda _: None)
    agreement_report.write(agreement, settings, place.folder / "agreement")
    say(f"they agree with Fleiss' kappa {agreement.total.unison.kappa:.3f}")
    asked = RetrainParameters(
        data=place.annotations("snapshot"),
        out=place.folder / "retrain",
        course=place.plan.course,
        by="demo",
    )
    retrained = retrain(asked, settings, context, say)
    found = Round(place.folder, agreement, retrained)
    pictures = place.picture(retrained, settings, context)
    loop_page.write(place.folder / PAGE, place.number, agreement, retrained, pictures)
    return found


@dataclass(frozen=True)
class _Slide:
    """A file and its truth, both of `LoopPlan.size`."""

    path: Path
    truth: Path

    def tumor(self) -> NDArray[np.bool_]:
        """``(rows, cols)``."""
        return np.asarray(tifffile.imread(self.truth, level=0) == Tissue.TUMOR)


@dataclass(frozen=True)
class _Place:
    """Where a round's files are."""

    home: Path
    number: int
    plan: LoopPlan

    @classmethod
    def next(cls, home: Path, plan: LoopPlan) -> _Place:
        """The first round that has not ended."""
        number = 1
        while (home / "once" / f"round-{number}" / PAGE).is_file():
            number += 1
        return cls(home, number, plan)

    @property
    def folder(self) -> Path:
        return self.home / "once" / f"round-{self.number}"

    def write_slides(self) -> Iterator[_Slide]:
        """Those of this round; other ones in every round."""
        for number in range(self.plan.corrected):
            yield self._write(1000 * self.number + number, self.folder / "slides")

    def lock_truth(self, say: Say) -> None:
        """The test: slides of other patients, with their exact truth."""
        data = self.home / "once" / "test-data"
        for number in range(self.plan.tested):
            slide = self._write(number + 1, data / "test" / "images")
            mask = data / "test" / "masks" / f"{slide.path.stem}.png"
            mask.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(slide.tumor().astype(np.uint8)).save(mask)
        for line in LockedTest.of(self.home, DEFAULT).grow(data, "demo"):
            say(line)

    def correct(self, slide: _Slide, settings: Settings, context: Context) -> None:
        """Segment a slide, and put beside it the model's layers and what people say instead."""
        out = self.folder / "segmented" / slide.path.stem
        asked = SegmentParameters(SlideFile(slide.path), DEFAULT, out, resume=True)
        segment(asked, settings.home, context)
        layers = list(read_documents(out / outputs.ANNOTATION))
        drawn = self._drawn(slide, read_gtcodes(self._gtcodes()))
        write_documents(slide.path.with_suffix(".json"), [*layers, *drawn])

    def annotations(self, out: str) -> DatasetParameters:
        """As `dataset build` and `dataset agreement` ask for them; nobody here tests."""
        return DatasetParameters(
            source=str(self.folder / "slides"),
            gtcodes=self._gtcodes(),
            out=self.folder / out,
            classes="tumor=tumor",
            consensus="majority",
            split=SplitPlan(valid=0, test=0),
        )

    def picture(
        self, retrained: Retrained, settings: Settings, context: Context
    ) -> Sequence[loop_page.Picture]:
        """The locked slides, before and after."""
        registry = ModelRegistry(settings.home)
        models = registry.get(retrained.decision.active), retrained.candidate
        found = []
        for path in sorted((self.home / "once" / "test-data" / "test" / "images").glob("*.tiff")):
            slide = _Slide(path, self._truth_of(path.stem))
            before, after = (self._predicted(slide, one, settings, context) for one in models)
            image = np.asarray(tifffile.imread(path, level=0))
            found.append(loop_page.Picture(path.stem, image, slide.tumor(), before, after))
        return found

    def _predicted(
        self, slide: _Slide, model: Model, settings: Settings, context: Context
    ) -> NDArray[np.bool_]:
        name = f"{slide.path.stem}-{model.card.version}"
        out = self.folder / "tested" / name
        asked = SegmentParameters(SlideFile(slide.path), model.card.reference, out, resume=True)
        segment(asked, settings.home, context)
        return np.asarray(tifffile.imread(out / outputs.MASK, level=0) == 1)

    def _drawn(self, slide: _Slide, codes: GTCodes) -> Iterator[Document]:
        box, people = self.plan.roi, {one.name: one for one in self.plan.people}
        truth = np.where(slide.tumor(), 1, 2).astype(np.uint8)[box.within(Box.of(self.plan.size))]
        seed = int(slide.path.stem.rpartition("-")[2])
        for name, mask in crowd(truth, seed, self.plan.people):
            yield document_of(people[name], mask, codes, box)

    def _gtcodes(self) -> Path:
        path = self.home / "once" / "GTCodes.csv"
        path.write_text(GTCODES)
        return path

    def _write(self, seed: int, folder: Path) -> _Slide:
        """A slide of the laboratory, unless it is there."""
        slide = _Slide(folder / f"overstained-{seed}.tiff", self._truth_of(f"overstained-{seed}"))
        if not (slide.path.is_file() and slide.truth.is_file()):
            for path in (slide.path, slide.truth):
                path.parent.mkdir(parents=True, exist_ok=True)
            specimen = Specimen(
                self.plan.size, 1.0, seed, pen=False, tissue_share=0.8, stain=OVERSTAINED
            )
            write_slide(specimen, slide.path, truth=slide.truth)
        return slide

    def _truth_of(self, stem: str) -> Path:
        return self.home / "once" / "truth" / f"{stem}.tiff"
