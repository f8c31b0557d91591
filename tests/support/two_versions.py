"""A slide that two versions of the bundled model have segmented, and a person has drawn on."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from histoloop.annotations.dsa import Document
from histoloop.models.card import CARD, WEIGHTS, weights_digest
from histoloop.models.registry import ModelRegistry

ROI = (1000, 600, 2400, 1700)
DRAWN = "drawnbyada"
BIAS = 2.0


def next_version(home: Path) -> str:
    """The bundled model a version on: it says tumour more readily. Its reference."""
    import keras

    model = ModelRegistry(home).get("tumor")
    folder = home / "models" / "tumor-next"
    folder.mkdir(parents=True)
    network = keras.saving.load_model(model.folder / WEIGHTS)
    last = next(one for one in reversed(network.layers) if one.weights)
    kernel, bias = last.get_weights()
    last.set_weights([kernel, bias + BIAS])
    network.save(folder / WEIGHTS)
    card = json.loads((model.folder / CARD).read_text())
    card |= {
        "version": model.card.version + 1,
        "parent": model.card.reference,
        "digest": weights_digest(folder / WEIGHTS),
    }
    (folder / CARD).write_text(json.dumps(card))
    return f"tumor@{card['version']}"


def draw(home: Path, slide: str) -> Document:
    """A person's document on a slide of a folder: an ROI and two outlines in it."""
    x, y, width, height = ROI

    def area(group: str, color: str, *points: tuple[float, float]) -> dict[str, Any]:
        placed = [[x + width * across, y + height * down, 0] for across, down in points]
        return {
            "type": "polyline",
            "closed": True,
            "points": placed,
            "group": group,
            "label": {"value": group},
            "lineColor": color,
        }

    corners = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9))
    tumor = ((0.2, 0.2), (0.6, 0.15), (0.7, 0.5), (0.4, 0.75), (0.15, 0.5))
    document: Document = {
        "name": "Ada's region",
        "description": "",
        "attributes": {"annotator": "Ada"},
        "elements": [
            area("roi", "rgb(255, 255, 255)", *corners),
            area("tumor", "rgb(230, 25, 75)", *tumor),
        ],
    }
    folder = home / "annotations" / slide
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{DRAWN}.json").write_text(json.dumps(document))
    return document


def prepare(slides: Path, home: Path, slide: Path) -> str:
    """Copy a slide into an empty folder and make the next version; its reference."""
    slides.mkdir(parents=True, exist_ok=True)
    shutil.copy(slide, slides)
    return next_version(home)


def segmented(client: FlaskClient, model: str) -> dict[str, Any]:
    """The run of a model over `ROI` of the only slide, once it is done."""
    slide = client.get("/api/slides").json["slides"][0]["id"]
    return run_of(client, {"slide": slide, "model": model, "roi": ROI})


def run_of(client: FlaskClient, asked: dict[str, Any]) -> dict[str, Any]:
    """The run of a job, once it is done."""
    job = client.post("/api/jobs", json=asked).json
    end = time.monotonic() + 480
    while time.monotonic() < end:
        found = client.get(f"/api/jobs/{job['id']}").json
        if found["state"] not in ("queued", "running"):
            assert found["state"] == "done", found["failure"]
            return dict(client.get(f"/api/runs/{found['run']}").json)
        time.sleep(0.2)
    raise AssertionError("the job does not end")
