"""A home with a review queue over slides that nobody has drawn on."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from PIL import Image
from tests.support.annotated import GTCODES, rectangle, write_slide
from tests.support.tiny_model import save_tiny_model

from histoloop.config import Settings, settings
from histoloop.geometry import Box
from histoloop.jobs import review_report
from histoloop.jobs.kept_reviews import kept_queues, reviews_folder
from histoloop.jobs.review import ReviewParameters, review


def write_slides(folder: Path, count: int = 4) -> Path:
    """Slides of different patients, and ``codes.csv`` beside their folder."""
    for number in range(count):
        write_slide(folder / "slides" / f"TCGA-A2-A0D{number}-01Z-00-DX1.tiff", seed=number)
    (folder / "codes.csv").write_text(GTCODES)
    return folder / "slides"


def settings_of(folder: Path) -> Settings:
    """Of a service over the slides, which retrains `tiny`."""
    return settings(
        home=folder / "home",
        slides=folder / "slides",
        retrain_gtcodes=folder / "codes.csv",
        retrain_model="tiny",
        port=0,
        workers=1,
    )


def write_queue(folder: Path, most: int = 12) -> str:
    """Into ``folder/home``, by `tiny@1`; its id."""
    write_slides(folder)
    home = folder / "home"
    save_tiny_model(home / "models" / "tiny-1", mpp=1.0)
    asked = ReviewParameters(
        source=str(folder / "slides"),
        gtcodes=folder / "codes.csv",
        model="tiny@1",
        out=reviews_folder(home) / "pilot",
        most=most,
        tta=4,
    )
    review_report.write(review(asked, settings_of(folder), lambda _: None), asked.out)
    (only,) = kept_queues(home)
    return only.id


def copied(folder: Path, to: Path) -> Path:
    """The same once more, to do things to."""
    return Path(shutil.copytree(folder, to))


def write_bare_queue(home: Path, slide: str) -> str:
    """A queue of one region of any slide, as `dataset review` would have written it; its id."""
    box, folder = Box(1000, 1000, 400, 300), reviews_folder(home) / "bare"
    for part in ("answers", "pictures"):
        (folder / part).mkdir(parents=True)
    drawn = rectangle(Box(1100, 1100, 80, 60), "tumor")
    answer = {"elements": [rectangle(box, "roi"), drawn]}
    (folder / "answers" / "001.json").write_text(json.dumps(answer))
    Image.new("RGB", (808, 300)).save(folder / "pictures" / "001.png")
    region = {"id": slide, "slide": "slide", "box": list(box), "area_mm2": 0.01, "expected": {}}
    bits = dict.fromkeys(("score", "uncertainty", "disagreement", "rarity", "novelty"), 0.5)
    content = {"model": "trio@1", "digest": "d", "classes": [], "queue": [region | bits]}
    (folder / "queue.json").write_text(json.dumps(content))
    (only,) = kept_queues(home)
    return only.id
