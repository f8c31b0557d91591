"""Documents in files: written as they come, read one by one."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from histoloop.annotations.files import read_documents, write_documents
from histoloop.errors import AnnotationError, NotFoundError, OutputError


def document(number, elements=2):
    points = [[number, 0.5, 0.0], [5.0, 0.0, 0.0]]
    return {"name": f"n{number}", "elements": [{"type": "polyline", "points": points}] * elements}


@pytest.mark.parametrize("count", [0, 1, 5])
def test_what_was_written_is_read_by_us_and_by_everybody(tmp_path, count):
    path = tmp_path / "annotation.json"
    written = [document(number) for number in range(count)]
    assert write_documents(path, iter(written)) == count
    assert list(read_documents(path)) == written
    assert json.loads(path.read_bytes()) == written


def peak_of(action):
    tracemalloc.start()
    assert action() == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_documents_are_read_in_the_memory_of_few(tmp_path):
    path = tmp_path / "annotation.json"
    write_documents(path, (document(number, 2000) for number in range(50)))
    one_by_one = peak_of(lambda: sum(len(one["elements"]) for one in read_documents(path)))
    whole = peak_of(lambda: sum(len(one["elements"]) for one in json.loads(path.read_bytes())))
    assert one_by_one < whole / 10


def test_a_dsa_s_own_answers_are_read(data):
    path = data / "annotations/TCGA-A2-A0YE_dsa_annotations.json"
    found = list(read_documents(path))
    assert len(found) == 62
    assert sum(len(one["annotation"]["elements"]) for one in found) == 98


def test_a_single_document_is_read(data):
    (one,) = read_documents(data / "annotations/histo-cloud_model_output.anot")
    assert len(one["elements"]) == 264


@pytest.mark.parametrize("indent", [None, 1])
def test_any_other_layout_of_json_is_read(tmp_path, indent):
    path = tmp_path / "other.json"
    path.write_text(json.dumps([document(1), document(2)], indent=indent))
    assert list(read_documents(path)) == [document(1), document(2)]


@pytest.mark.parametrize(
    "text",
    ["", "{", "3", "[3]", '[{"name": "n"}]', '{"type": "FeatureCollection", "features": []}'],
)
def test_what_holds_no_documents_is_said_to_hold_none(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(AnnotationError, match=r"bad\.json"):
        list(read_documents(path))


def test_a_file_that_was_cut_short_is_noticed(tmp_path):
    path = tmp_path / "annotation.json"
    write_documents(path, [document(1), document(2), document(3)])
    whole = path.read_bytes()
    for end in range(3, len(whole) - 2):
        path.write_bytes(whole[:end])
        with pytest.raises(AnnotationError):
            list(read_documents(path))


def test_a_missing_file_and_an_unwritable_one_are_named(tmp_path):
    with pytest.raises(NotFoundError, match=r"none\.json"):
        list(read_documents(tmp_path / "none.json"))
    with pytest.raises(OutputError, match="nowhere"):
        write_documents(tmp_path / "nowhere" / "out.json", [])


def test_nothing_is_left_of_a_file_that_was_not_finished(tmp_path):
    def broken():
        yield document(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_documents(tmp_path / "out.json", broken())
    assert list(tmp_path.iterdir()) == []
