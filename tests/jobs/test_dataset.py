"""`dataset build` and `annotations rasterize` as they are typed, on files and on a real DSA."""

from __future__ import annotations

import csv
import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image
from tests.support.annotated import ROI, TUMOR, document, drawn, rectangle, write_case
from tests.support.dsa.provision import await_large_image
from tests.support.dsa.proxy import Proxy
from tests.support.typed import run

from histoloop.errors import HistoloopError
from histoloop.geometry import Box
from histoloop.models.card import read_card
from histoloop.slides.folder import open_slide
from histoloop.training.snapshot import read_snapshot

BARCODES = {
    "TCGA-A2-A0D2-DX1": "TCGA-A2-A0D2-01Z-00-DX1.ECD890F5-BA01.tiff",
    "TCGA-A2-A1G6-DX1": "TCGA-A2-A1G6-01Z-00-DX1.0F1A2B3C-4D5E.tiff",
}


def test_rasterize_writes_what_it_says(tmp_path, gtcodes):
    path = tmp_path / "docs.json"
    path.write_text(json.dumps([*drawn(), document(rectangle(TUMOR, "odd"))]))
    out = tmp_path / "mask.png"
    said = run("annotations", "rasterize", path, "--gtcodes", gtcodes, "--out", out)
    assert f"{ROI.width} × {ROI.height} px from {ROI.x},{ROI.y}" in said.stdout
    assert "group 'odd'" in said.stderr
    mask = np.asarray(Image.open(out))
    assert mask.dtype == np.uint8
    assert (mask == 1).sum() == TUMOR.area
    scale = ("--mpp", 1.0, "--slide-mpp", 0.25)
    run("annotations", "rasterize", path, "--gtcodes", gtcodes, "--out", out, *scale)
    assert Image.open(out).size == (ROI.width // 4, -(-ROI.bottom // 4) - ROI.y // 4)
    with pytest.raises(HistoloopError, match="--slide-mpp"):
        run("annotations", "rasterize", path, "--gtcodes", gtcodes, "--out", out, "--mpp", 1.0)


def test_a_snapshot_of_a_folder_trains_a_model_that_names_it(tmp_path, gtcodes):
    slides, out, model = tmp_path / "slides", tmp_path / "snapshot", tmp_path / "model"
    for number in range(2):
        roi = ROI._replace(x=ROI.x + 10 * number)  # the same picture twice would be refused
        documents = [document(rectangle(roi, "roi"), rectangle(TUMOR, "mostly_tumor"))]
        write_case(slides, f"TCGA-A2-A0D{number}-01Z-00-DX1", documents, seed=number)
    words = ("--gtcodes", gtcodes, "--classes", "tumor=1;other=*", "--test", 0, "--valid", 0.5)
    first = run("dataset", "build", "--source", slides, *words, "--out", out)
    again = run("dataset", "build", "--source", slides, *words, "--out", out)
    snapshot = read_snapshot(out)
    assert snapshot
    assert f"snapshot {snapshot.digest} built: 2 ROIs (1 train, 1 valid, 0 test)" in first.stdout
    assert f"{snapshot.digest} is there already, unchanged" in again.stdout
    few = ("--epochs", 1, "--steps", 1, "--side", 32, "--batch", 1)
    run("train", "--data", out, "--out", model, "--mpp", 1.0, *few)
    card = read_card(model)
    assert [one.name for one in card.classes] == ["tumor", "other"]
    assert card.classes[0].color == "#ff0000"
    assert card.training["snapshot"] == snapshot.digest
    with pytest.raises(HistoloopError, match=r"snapshot of tumor, other.*leave --classes out"):
        run("train", "--data", out, "--out", model, "--classes", "a,b", *few)


def contours(mask: np.ndarray, inside: Box):
    """A published mask as HistomicsTK makes documents of it: vertices name pixels; in an ROI."""
    rings, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    points = [[[int(x), int(y), 0] for x, y in ring[:, 0]] for ring in rings]
    areas = [
        {
            "type": "polyline",
            "closed": True,
            "points": points[index],
            "holes": [points[hole] for hole in range(len(rings)) if tree[0, hole, 3] == index],
            "group": "mostly_tumor",
            "label": {"value": "mostly_tumor"},
        }
        for index in range(len(rings))
        if tree[0, index, 3] < 0 and len(points[index]) > 2
    ]
    return [rectangle(inside, "roi", rotation=0.0), *areas]


@pytest.fixture
def bcss_folder(dsa, bcss, data) -> tuple[str, dict[str, Box]]:
    """The shape of the public server: slides by barcode, documents with an ROI each."""
    client = dsa.client("annotator")
    folder = client.createFolder(dsa.folders["private"], "BCSS", reuseExisting=True)["_id"]
    rois = {
        "TCGA-A2-A0D2-DX1": Box(300, 200, 2600, 2000),
        "TCGA-A2-A1G6-DX1": Box(0, 0, 4096, 2048),
    }
    there = {item["name"] for item in client.listItem(folder)}
    for name, path in bcss.items():
        if BARCODES[name] in there:
            continue
        item = client.createItem(folder, BARCODES[name])["_id"]
        client.uploadFileToItem(item, str(path), filename=BARCODES[name])
        await_large_image(client, item)
        mask = np.asarray(Image.open(data / "bcss" / f"{name}_tumor.png")) > 0
        elements = contours(mask, rois[name])
        for part in (elements[:1], elements[1:]):
            body = {"name": "drawn", "elements": part, "attributes": {"annotator": "student 7"}}
            client.post("annotation", parameters={"itemId": item}, json=body)
    return folder, rois


def test_the_public_bcss_server_s_shape_becomes_a_snapshot(dsa, bcss, bcss_folder, data, tmp_path):
    """ROIs come by region over REST and equal the published masks; nothing is fetched whole."""
    folder, rois = bcss_folder
    bounds = tmp_path / "roiBounds.csv"
    with bounds.open("w", newline="") as file:
        rows = [(name, box.x, box.y, box.right, box.bottom, "") for name, box in rois.items()]
        csv.writer(file).writerows([("", "xmin", "ymin", "xmax", "ymax", "mask_link"), *rows])
    secret = dsa.token("reader")
    with Proxy(dsa.stack.root_url) as proxy:
        words = ("--source", f"{proxy.url}/api/v1", "--folder", folder, "--split", "site")
        words += ("--gtcodes", data / "annotations/GTCodes.csv", "--roi-bounds", bounds)
        words += ("--home", tmp_path / "home", "--out", tmp_path / "snapshot")
        environment = {"HISTOLOOP_DSA": proxy.url, "HISTOLOOP_DSA_TOKEN": secret}
        said = run("dataset", "build", *words, env=environment)
        fetched = proxy.seen(r"/tiles/zxy/")
        pieces = proxy.seen(r"/download")
    assert max(one.received for one in pieces) <= 65_536, "samples for the fingerprint"
    assert sum(one.received for one in pieces) <= 2 * 2 * 2**20
    snapshot = read_snapshot(tmp_path / "snapshot")
    assert snapshot
    assert len(snapshot.rois) == 2
    assert snapshot.annotators == ("student 7",)
    for roi in snapshot.rois:
        (name,) = (short for short in rois if short[:12] in roi.name)
        box = rois[name]
        assert roi.box == tuple(box)
        mask = np.asarray(
            Image.open(tmp_path / "snapshot" / roi.split / "masks" / f"{roi.name}.png")
        )
        true = np.asarray(Image.open(data / "bcss" / f"{name}_tumor.png")) > 0
        there = true[box.y : box.bottom, box.x : box.right]
        assert ((mask == 1) == there).mean() > 0.9999
        assert set(np.unique(mask)) == {1, 2}
        image = open_slide(tmp_path / "snapshot" / roi.split / "images" / f"{roi.name}.tiff")
        local = open_slide(bcss[name])
        ours = image.read_level(image.levels[-1].zoom, Box.of(image.size))
        theirs = local.read_level(local.levels[-1].zoom, box)
        assert np.abs(ours.astype(int) - theirs).mean() < 2
    tiles = sum(-(-box.width // 256 + 2) * (-(-box.height // 256) + 2) for box in rois.values())
    assert 0 < len(fetched) <= tiles
    assert secret not in said.output
    text = (tmp_path / "snapshot/snapshot.json").read_text()
    assert secret not in text
    assert str(tmp_path) not in text


def test_a_dsa_and_a_folder_give_the_same_masks(dsa, bcss, bcss_folder, data, tmp_path):
    folder, _ = bcss_folder
    slides = tmp_path / "slides"
    slides.mkdir()
    client = dsa.client("reader")
    for item in client.listItem(folder):
        name = next(short for short, long in BARCODES.items() if long == item["name"])
        shutil.copyfile(bcss[name], slides / item["name"])
        found = client.get("annotation", parameters={"itemId": item["_id"]})
        documents = [client.get(f"annotation/{one['_id']}") for one in found]
        (slides / item["name"]).with_suffix(".json").write_text(json.dumps(documents))
    codes = ("--gtcodes", data / "annotations/GTCodes.csv", "--mpp", 1.0)
    environment = {"HISTOLOOP_DSA": dsa.url, "HISTOLOOP_DSA_TOKEN": dsa.token("reader")}
    far = ("--source", dsa.url, "--folder", folder, "--home", tmp_path / "home")
    run("dataset", "build", *far, *codes, "--out", tmp_path / "far", env=environment)
    run("dataset", "build", "--source", slides, *codes, "--out", tmp_path / "near")
    one, other = read_snapshot(tmp_path / "far"), read_snapshot(tmp_path / "near")
    assert one
    assert other
    assert [roi.mask_digest for roi in one.rois] == [roi.mask_digest for roi in other.rois]
    assert [roi.annotations for roi in one.rois] == [roi.annotations for roi in other.rois]
    assert [roi.split for roi in one.rois] == [roi.split for roi in other.rois]
