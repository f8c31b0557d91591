"""Reads damaged copies of the files that people hand over, a line of JSON each on stdout.

``python -m tests.support.fuzzed_files COUNT SEED``: in a process of its own, for a parser may
crash, and so that whatever a file has run can be told: a hook of the interpreter listens while
one is read. A line is printed before a copy is read, and one after.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image
from tests.support.annotated import GTCODES, ROI, TUMOR, document, rectangle
from tests.support.experiment import CONFIG
from tests.support.mutants import mutated

from histoloop import config
from histoloop.annotations.annotators import read_roster
from histoloop.annotations.files import read_documents
from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.annotations.mask_files import write_masks
from histoloop.annotations.transfer import convert
from histoloop.cli.train_options import parse_config
from histoloop.errors import HistoloopError
from histoloop.models import architectures
from histoloop.models.card import CARD, WEIGHTS, ClassCard, ModelCard, read_card, weights_digest
from histoloop.models.tags import TAGS, Standing, TagStore
from histoloop.training.bcss import find_bcss
from histoloop.training.experiment_config import read_experiment
from histoloop.training.gate_decision import decision_path, read_decision
from histoloop.training.locked_test import LIST, Locked, LockedBatch, LockedPicture, LockedTest
from histoloop.training.plan import TrainingPlan
from histoloop.training.samples import named_pictures
from histoloop.training.snapshot import MANIFEST, Snapshot, SnapshotClass, read_snapshot, verify
from histoloop.training.snapshot_rois import read_roi_bounds
from histoloop.training.snapshot_split import read_cases


@dataclass(frozen=True)
class Handed:
    """A kind of file.

    Attributes:
        path: where it lies, whole, relative to the folder.
        named: what an error may name instead of it.
        read: what HistoLoop does with it, given the folder.
    """

    path: str
    whole: str
    read: Callable[[Path], object]
    named: str = ""


@dataclass
class Ear:
    """Hears of programs, connections and code that are begun while a file is read."""

    open: bool = False
    heard: list[str] = field(default_factory=list)

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.open:
            return
        if event in _FORBIDDEN or (event == "exec" and "<" in arguments[0].co_filename):
            self.heard.append(f"{event} {arguments!r}"[:200])


_FORBIDDEN = frozenset(
    {"os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile", "subprocess.Popen"}
    | {"pickle.find_class", "socket.connect", "socket.getaddrinfo", "urllib.Request"}
    | {"marshal.loads", "ctypes.dlopen", "shutil.rmtree"}
)


def experiment(folder: Path) -> None:
    """All that `train` makes of one before there is anything to compute."""
    found = read_experiment(folder / "project/train_eval_infer.config", {})
    list(found.explain())
    list(found.left_out())
    json.dumps(found.record())
    found.data()
    found.check_classes(found.classes or 1)
    plan = {key: one for key, one in found.options.items() if key in TrainingPlan.__annotations__}
    TrainingPlan(**plan)


def card(folder: Path) -> None:
    """What a list of models, and a job, need of one."""
    found = read_card(folder / "model")
    _ = found.tiling, found.stride, found.labels, found.model_dump_json()


def snapshot(folder: Path) -> None:
    found = read_snapshot(folder / "snapshot")
    if found:
        verify(folder / "snapshot", found)


def rasterized(folder: Path) -> None:
    codes = read_gtcodes(folder / "fine.csv")
    write_masks(list(read_documents(folder / "drawn.json")), codes, folder / "mask.png")


def environment(folder: Path) -> None:
    """A mutated `.env` as a shell hands it over."""
    lines = (folder / "lab.env").read_bytes().decode(errors="surrogateescape").split("\n")
    before = dict(os.environ)
    for line in lines:
        name, _, value = line.partition("=")
        if name.startswith("HISTOLOOP_") and "\0" not in line:
            os.environ[name] = value
    try:
        said = config.settings()
        _ = said.loopback, said.lease, said.ledger_url
    finally:
        os.environ.clear()
        os.environ.update(before)


def typed(folder: Path) -> None:
    """`--arch-config`, a pair on each line."""
    pairs = (folder / "pairs").read_bytes().decode(errors="replace").splitlines()
    architectures.configure("unet-classic", 1, **parse_config(pairs))


def patients(folder: Path) -> None:
    list(named_pictures(folder / "rois", "train"))


def published(folder: Path) -> None:
    bcss = find_bcss(folder / "bcss")
    if bcss:
        bcss.known_codes()
        list(bcss.pictures("test"))
        list(bcss.pictures("train"))


_DRAWN = [document(rectangle(ROI, "roi"), rectangle(TUMOR, "mostly_tumor"))]
_RING = [[[10, 10], [90, 10], [90, 90], [10, 90], [10, 10]]]
_GEOJSON = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "a",
            "geometry": {"type": "Polygon", "coordinates": _RING},
            "properties": {"classification": {"name": "tumor", "color": [200, 0, 0]}},
        },
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [5, 6]}, "properties": {}},
    ],
}
_ENV = """HISTOLOOP_HOME=/data/home
HISTOLOOP_DSA=https://dsa.example.org
HISTOLOOP_DSA_PATIENCE_S=1800
HISTOLOOP_HOST=127.0.0.1
HISTOLOOP_PORT=8080
HISTOLOOP_WORKERS=2
HISTOLOOP_LEDGER=postgresql+psycopg://ada:secret@host/name
HISTOLOOP_LOG=json
HISTOLOOP_GATE_MARGIN=0.02
HISTOLOOP_RETRAIN_CROWD=true
HISTOLOOP_RETRAIN_GTCODES=codes.csv
"""
_ROI_BOUNDS = ",xmin,ymin,xmax,ymax\nTCGA-A2-A0D2-DX1,4549,2055,4789,2991\nother,0,0,9,9\n"
_MAGNIFICATIONS = ",name,_id,magnification\nTCGA-A2-A0D2,TCGA-A2-A0D2-DX1.svs,5bb,40.0\n"
_GATE = {
    "challenger": "tiny@2",
    "challenger_digest": "b",
    "active": "tiny@1",
    "active_digest": "a",
    "promoted": True,
    "margin": 0.02,
    "at": "2026-01-01T00:00:00+00:00",
    "test": "t",
    "classes": [
        {
            "name": "tumor",
            "slides": [{"slide": "s", "patient": "p", "dice": {"challenger": 1, "active": 0.5}}],
            "patients": 1,
            "mean": {"challenger": 1, "active": 0.5},
            "pooled": {"challenger": 1, "active": 0.5},
            "interval": {"low": 0.1, "high": 0.9},
            "tissue": None,
            "reason": "",
        }
    ],
}


def kinds(folder: Path) -> list[Handed]:
    """All kinds of files, with what has to lie beside them put into the folder."""
    for split in ("train", "valid", "test"):
        for place in ("dataset/Cancer", "rois"):
            for kind in ("images", "masks"):
                (folder / place / split / kind).mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(folder / "rois/train/images/one.png")
    for kind in ("images", "masks", "meta"):
        (folder / "bcss" / kind).mkdir(parents=True)
    name = "TCGA-A2-A0D2-DX1_xmin1_ymin1_MPP-0.2500.png"
    Image.new("RGB", (8, 8)).save(folder / "bcss/images" / name)
    (folder / "fine.csv").write_text(GTCODES)
    (folder / "model").mkdir()
    (folder / "model" / WEIGHTS).write_bytes(b"weights")
    whole = ModelCard(
        name="tiny",
        version=1,
        architecture="unet-classic",
        architecture_config={"levels": 3},
        classes=(ClassCard(name="tumor", code=1, color="#e6194b"),),
        mpp=2.0,
        tile=96,
        halo=8,
        overlap=16,
        digest=weights_digest(folder / "model" / WEIGHTS),
    )
    made = Snapshot(
        inputs="i",
        software="0",
        settings={"seed": 0},
        gtcodes=(),
        classes=(SnapshotClass(name="tumor", codes=(1,), color="#e6194b"),),
        slides=(),
        annotators=("anna",),
        rois=(),
        complaints=(),
    ).sealed()
    picture = LockedPicture(
        name="a", patient="p", image="i", mask="m", image_digest="1", mask_digest="2"
    )
    batch = LockedBatch(
        folder="1", at="now", by="ada", snapshot=None, assumed_mpp=0.5, pictures=(picture,)
    )
    standing = Standing().added(1, None, "ada", "first").added(2, 1, "ada", "next")
    tags, tests = TagStore(folder / "registry"), LockedTest.of(folder, "tiny")
    roster = "annotator,role,weight\nanna,senior,3\nbert,student,\n"
    cases = "name,patient,site,split\nslide,one,A2,train\nother,two,,\n"
    return [
        Handed("project/train_eval_infer.config", CONFIG, experiment),
        Handed("codes.csv", GTCODES, lambda at: read_gtcodes(at / "codes.csv")),
        Handed("annotators.csv", roster, lambda at: read_roster(at / "annotators.csv")),
        Handed("bounds.csv", _ROI_BOUNDS, lambda at: read_roi_bounds(at / "bounds.csv")),
        Handed("cases.csv", cases, lambda at: read_cases(at / "cases.csv")),
        Handed("rois/patients.csv", "name,patient,weight\none,p,1\ntwo,q,2.5\n", patients),
        Handed("bcss/meta/gtruth_codes.tsv", "label\tGT_code\ntumor\t1\nstroma\t2\n", published),
        Handed("bcss/meta/roiBounds.csv", _ROI_BOUNDS, published),
        Handed("bcss/meta/slide_magnifications.csv", _MAGNIFICATIONS, published),
        Handed(f"model/{CARD}", whole.model_dump_json(indent=1), card),
        Handed(f"snapshot/{MANIFEST}", made.to_json().decode(), snapshot),
        Handed(
            f"registry/tiny/{TAGS}", standing.model_dump_json(), lambda _: tags.read("tiny").earlier
        ),
        Handed(
            f"registry/tiny/locked/{LIST}",
            Locked(batches=(batch,)).model_dump_json(),
            lambda _: tests.read().digest,
        ),
        Handed(
            str(decision_path(Path(), "tiny", 2)),
            json.dumps(_GATE),
            lambda at: (found := read_decision(at, "tiny", 2)) and (found.words, found.caveats),
        ),
        Handed("drawn.json", json.dumps(_DRAWN), rasterized, named="ROI"),
        Handed(
            "documents.json",
            json.dumps(_DRAWN),
            lambda at: convert(at / "documents.json", at / "out.geojson"),
        ),
        Handed(
            "drawn.geojson",
            json.dumps(_GEOJSON),
            lambda at: convert(at / "drawn.geojson", at / "out.json"),
        ),
        Handed("lab.env", _ENV, environment, named="HISTOLOOP_"),
        Handed("pairs", "levels=3\nbase_kernel=3\nactivation=relu\n", typed, named="arch"),
    ]


def main(count: int, seed: int) -> None:
    ear = Ear()
    with tempfile.TemporaryDirectory() as there:
        folder = Path(there)
        os.chdir(folder)  # what a file may write by mistake lies here
        files = kinds(folder)
        for one in files:  # the whole ones first: all is imported then
            (folder / one.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / one.path).write_text(one.whole)
        for one in files:
            one.read(folder)
        sys.addaudithook(ear)
        for one in files:
            for number in range(count):
                lot = random.Random(f"{seed} {one.path} {number}")
                (folder / one.path).write_bytes(mutated(one.whole, lot))
                print(json.dumps({"opens": one.path, "number": number}), flush=True)
                began = time.monotonic()
                said = looked_at(one, folder, ear)
                found = {"file": one.path, "number": number, "said": said, "heard": ear.heard}
                seconds = time.monotonic() - began
                print(json.dumps(found | {"seconds": seconds}), flush=True)
                ear.heard.clear()
            (folder / one.path).write_text(one.whole)


def looked_at(one: Handed, folder: Path, ear: Ear) -> str:
    """What a user would be told; empty where the copy can still be read."""
    ear.open = True
    try:
        one.read(folder)
    except HistoloopError as error:
        text = str(error)
        if Path(one.path).name not in text and not (one.named and one.named in text):
            return f"unnamed: {text}"
        if not error.hint:
            return f"no way out: {text}"
        return text if text.isprintable() and len(text) < 1300 else f"unclear: {text}"
    except Exception as error:
        traceback.print_exc()
        return f"unexpected {type(error).__name__}: {error}"
    finally:
        ear.open = False
    return ""


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
