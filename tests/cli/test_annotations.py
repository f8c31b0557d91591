"""`histoloop annotations` as it is typed, on a real Digital Slide Archive."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from histoloop.annotations.files import write_documents
from histoloop.geometry import Mpp, Size
from histoloop.slides.pyramid import write_pyramid

PROGRAM = Path(sys.executable).with_name("histoloop")
HUMAN = "TCGA-A2-A0YE_dsa_annotations.json"


def histoloop(*arguments, home, key=None):
    clean = {name: os.environ[name] for name in os.environ if not name.startswith("HISTOLOOP_")}
    environment = clean | {"HISTOLOOP_HOME": str(home)}
    if key:
        named = next(str(one) for one in arguments if str(one).startswith("http"))
        environment |= {"HISTOLOOP_DSA_KEY": key, "HISTOLOOP_DSA": named}
    command = [PROGRAM, "annotations", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)


@pytest.fixture
def key(dsa):
    return dsa.api_key("annotator")


@pytest.fixture
def item(dsa):
    return dsa.client("annotator").createItem(dsa.folders["private"], "slide")["_id"]


def shape(document):
    """What was drawn, without what a server adds."""
    inner = document.get("annotation", document)
    return [
        (one["type"], one.get("group"), np.asarray(one["points"], float).tolist(), one["lineColor"])
        for one in inner["elements"]
    ]


def drawn(documents):
    return sorted(map(json.dumps, map(shape, documents)))


def test_real_annotations_pushed_pulled_and_pushed_again(dsa, data, item, key, tmp_path):
    source = data / "annotations" / HUMAN
    address = f"{dsa.stack.histomics_url}#?image={item}"
    done = histoloop("push", source, address, home=tmp_path, key=key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"item {item}: 62 annotations\n"

    out = tmp_path / "all.json"
    done = histoloop("pull", address, out, home=tmp_path, key=key)
    assert (done.returncode, done.stderr) == (0, "")
    pulled = json.loads(out.read_bytes())
    original = json.loads(source.read_bytes())
    assert drawn(pulled) == drawn(original)
    annotators = {one["annotation"]["attributes"]["annotator"]["id"] for one in pulled}
    assert annotators == {one["creatorId"] for one in original}, "who drew it is not forgotten"

    again = histoloop("push", source, item, "--dsa", dsa.url, home=tmp_path, key=key)
    assert again.returncode == 0
    listed = dsa.client("admin").get("annotation", {"itemId": item, "limit": 0})
    assert {one["_id"] for one in listed} == {one["_id"] for one in pulled}


def test_a_slide_s_annotations_in_a_file_each(dsa, data, item, key, tmp_path):
    histoloop("push", data / "annotations" / HUMAN, item, "--dsa", dsa.url, home=tmp_path, key=key)
    place = f"{dsa.stack.root_url}/#item/{item}"
    done = histoloop("pull", place, tmp_path / "each", home=tmp_path, key=key)
    assert done.returncode == 0
    assert len(list((tmp_path / "each").glob("*.json"))) == 62


def test_layers_of_different_names_stand_beside_each_other(dsa, data, item, key, tmp_path):
    source = data / "annotations/histo-cloud_model_output.anot"
    for layer in ("one", "two", "one"):
        done = histoloop(
            "push", source, item, "--dsa", dsa.url, "--layer", layer, home=tmp_path, key=key
        )
        assert (done.returncode, done.stderr) == (0, "")
    listed = dsa.client("admin").get("annotation", {"itemId": item})
    runs = sorted(one["annotation"]["attributes"]["run"] for one in listed)
    assert runs == ["one", "two"]
    assert {one["_elementCount"] for one in listed} == {264}


def results(folder):
    """What `histoloop segment` leaves of a slide, for a push."""
    folder.mkdir()
    write_pyramid(
        folder / "mask.tiff", Size(300, 200), Mpp.square(2.0), [np.eye(200, 300, dtype=np.uint8)]
    )
    points = [[0, 0, 0], [9, 0, 0], [9, 9, 0]]
    element = {"type": "polyline", "closed": True, "points": points}
    attributes = {
        "software": "HistoLoop",
        "run": "r1",
        "model": "tiny@1",
        "digest": "abc",
        "mpp": 2.0,
        "scale": [4.0, 4.0],
        "threshold": 0.5,
        "class": "tumor",
        "code": 1,
        "color": "#e6194b",
        "block": [0, 0, 16384],
    }
    document = {"name": "tumor", "attributes": attributes, "elements": [element]}
    write_documents(folder / "annotation.json", [document])
    return folder


def test_results_are_pushed_with_their_mask(dsa, item, key, tmp_path):
    folder = results(tmp_path / "slide")
    done = histoloop("push", folder, item, "--dsa", dsa.url, home=tmp_path, key=key)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"item {item}: 2 annotations\n"

    out, other = (
        tmp_path / "pulled.json",
        dsa.client("annotator").createItem(dsa.folders["private"], "other"),
    )
    histoloop("pull", item, out, "--dsa", dsa.url, home=tmp_path, key=key)
    documents = json.loads(out.read_text())
    for one in documents:
        for element in one["annotation"]["elements"]:
            if "girderId" in element:
                element["girderId"] = "0" * 24
    out.write_text(json.dumps(documents))
    done = histoloop("push", out, other["_id"], "--dsa", dsa.url, home=tmp_path, key=key)
    assert done.stdout == f"item {other['_id']}: 1 annotation\n"
    assert "the image of its pixelmap is not in this archive" in done.stderr


@pytest.mark.parametrize(
    ("role", "says"), [("reader", "right to annotate"), ("stranger", "denied")]
)
def test_without_the_right_there_is_one_line_and_nothing_pushed(
    dsa, data, item, tmp_path, role, says
):
    source = data / "annotations" / HUMAN
    done = histoloop("push", source, item, "--dsa", dsa.url, home=tmp_path, key=dsa.api_key(role))
    assert done.returncode == 1
    assert done.stdout == ""
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert dsa.client("admin").get("annotation", {"itemId": item}) == []


def test_a_wrong_key_is_said_and_never_shown(dsa, item, tmp_path):
    done = histoloop(
        "pull", item, tmp_path / "x.json", "--dsa", dsa.url, home=tmp_path, key="sEcReT"
    )
    assert done.returncode == 1
    assert "API key" in done.stderr
    assert "sEcReT" not in done.stderr + done.stdout
    assert not (tmp_path / "x.json").exists()


def test_an_item_that_does_not_exist_is_said_not_to(dsa, key, tmp_path):
    unknown = "0123456789abcdef01234567"
    done = histoloop("pull", unknown, tmp_path / "x.json", "--dsa", dsa.url, home=tmp_path, key=key)
    assert done.returncode == 1
    assert unknown in done.stderr


@pytest.mark.parametrize("name", ["what.svs", "0123456789abcdef01234567", "http://x/y"])
def test_what_names_no_item_is_wrong_use(name, tmp_path):
    done = histoloop("pull", name, tmp_path / "x.json", home=tmp_path)
    assert done.returncode == 2
    assert "--dsa" in done.stderr


def test_conversion_there_and_back(data, tmp_path):
    source = data / "annotations" / HUMAN
    there, back = tmp_path / "there.geojson", tmp_path / "back.json"
    done = histoloop("convert", source, there, home=tmp_path)
    assert done.returncode == 0
    assert done.stdout == f"{there}: 62 annotations\n"
    assert "17 × polyline: crosses itself" in done.stderr
    assert histoloop("convert", there, back, home=tmp_path).returncode == 0
    assert json.loads(back.read_bytes()) == json.loads(source.read_bytes())


@pytest.mark.parametrize("text", ["", "{", '{"a": 1}', "[7]"])
def test_what_is_neither_is_said_to_be_neither(text, tmp_path):
    path = tmp_path / "bad.json"
    path.write_text(text)
    done = histoloop("convert", path, tmp_path / "out.json", home=tmp_path)
    assert done.returncode == 1
    assert "bad.json" in done.stderr
    assert not (tmp_path / "out.json").exists()
