"""What a training has learnt of annotators, as it is told."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from histoloop.training.crowd_report import PICTURE, TABLE, LearntCrowd, read_learnt, write


def learnt(annotators: int, *classes: str) -> LearntCrowd:
    """Everybody calls 60 % of each class by its name."""
    size = max(2, len(classes))
    matrix = np.full((size, size), 0.4 / (size - 1))
    np.fill_diagonal(matrix, 0.6)
    names = [f"reader $_{at}" for at in range(annotators)]
    return LearntCrowd.of(classes, dict.fromkeys(names, 1200), dict.fromkeys(names, matrix))


def test_one_class_has_none_beside_it_and_several_have_not():
    assert learnt(2, "tumor").classes == ("none", "tumor")
    assert learnt(2, "tumor", "stroma").classes == ("tumor", "stroma")
    (first, _) = learnt(2, "tumor").words()
    assert first == "reader $_0 calls 60% of none, 60% of tumor by its name (1,200 px labelled)"


@pytest.mark.parametrize("annotators", [2, 9])
def test_file_and_picture_hold_everybody_whatever_they_are_called(annotators, tmp_path):
    found = learnt(annotators, "a", "b", "c")
    write(tmp_path, found)
    assert LearntCrowd.model_validate_json((tmp_path / TABLE).read_bytes()) == found
    assert len(json.loads((tmp_path / TABLE).read_text())["annotators"]) == annotators
    assert Image.open(tmp_path / PICTURE).width > 200


def test_of_nobody_nothing_is_told(tmp_path):
    nobody = LearntCrowd.of(["tumor"], {}, {})
    write(tmp_path, nobody)
    assert not list(tmp_path.iterdir())
    assert nobody.record() == {}
    assert not list(nobody.words())
    assert read_learnt(nobody.record()) is None


def test_a_card_gives_back_what_it_was_told_and_nothing_that_does_not_fit():
    found = learnt(2, "tumor")
    record = json.loads(json.dumps(found.record()))
    assert read_learnt(record) == found
    for odd in ([[0.5, 0.5]], [[1.0], [0.5, 0.5]], [["all", "of it"]]):
        record["annotators"]["annotators"][1]["confusion"] = odd
        assert read_learnt(record) is None
    assert read_learnt({"annotators": ["anna"]}) is None
