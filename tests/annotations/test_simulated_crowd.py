"""Seven made-up annotators: a consensus beats most of them and finds out the bad ones."""

from __future__ import annotations

from pathlib import Path
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image
from tests.support.annotated import GTCODES

from histoloop.annotations.consensus import METHODS, consensus_of
from histoloop.annotations.consensus_votes import Votes
from histoloop.annotations.gtcodes import GTCodes, read_gtcodes
from histoloop.annotations.roi_mask import paint, read_drawing
from histoloop.annotations.simulated_crowd import (
    ADVERSARIAL,
    CARELESS,
    CROWD,
    Habits,
    crowd,
    document_of,
    draw_as,
)
from histoloop.geometry import Box, Size
from histoloop.slides.synthetic import Specimen, Tissue, render

WEIGHTS = [3, 2, 1, 1, 1, 1, 1]


@pytest.fixture(scope="module")
def synthetic() -> np.ndarray:
    """Tumour, inflammation and the rest of a synthetic slide, as codes 1, 2, 3."""
    size = Size(768, 640)
    _, tissue = render(Specimen(size, 3.0, seed=4, tissue_share=0.8), Box.of(size))
    truth = np.full(tissue.shape, 3, np.uint8)
    truth[tissue == Tissue.TUMOR] = 1
    truth[tissue == Tissue.INFLAMMATORY] = 2
    truth[tissue == Tissue.GLASS] = 0
    return truth


@pytest.fixture(params=["synthetic", "TCGA-A2-A0D2-DX1", "TCGA-A2-A1G6-DX1"])
def truth(request) -> np.ndarray:
    if request.param == "synthetic":
        return request.getfixturevalue("synthetic")
    data = request.getfixturevalue("data")
    mask = np.asarray(Image.open(data / "bcss" / f"{request.param}_tumor.png"))
    return np.where(mask[::4, ::4] > 0, 1, 2).astype(np.uint8)


def mean_dice(mask, truth) -> float:
    codes = np.setdiff1d(truth, [0, 255])
    shared = [2 * ((mask == c) & (truth == c)).sum() for c in codes]
    return float(
        np.mean(
            [
                s / ((mask == c).sum() + (truth == c).sum())
                for s, c in zip(shared, codes, strict=True)
            ]
        )
    )


@pytest.mark.parametrize("seed", [0, 1])
def test_a_consensus_beats_the_median_annotator_and_ranks_the_bad_ones_last(truth, seed):
    masks = dict(crowd(truth, seed))
    single = {name: mean_dice(mask, truth) for name, mask in masks.items()}
    votes = Votes.of(masks.items())
    for method in METHODS:
        found = consensus_of(method, votes, WEIGHTS)
        assert mean_dice(found.hard, truth) > np.median(list(single.values())) + 0.02, method
        if method in ("dawid-skene", "staple"):
            assert set(found.ranking[-2:]) == {CARELESS, ADVERSARIAL}, method
            assert found.ranking[-1] == ADVERSARIAL


def test_a_crowd_is_seeded_and_its_members_draw_differently(synthetic):
    one, again, other = (dict(crowd(synthetic, seed)) for seed in (1, 1, 2))
    for name in one:
        assert (one[name] == again[name]).all()
        assert (one[name] != other[name]).any()
    assert len({mask.tobytes() for mask in one.values()}) == len(CROWD) == 7
    for mask in one.values():
        assert ((mask == 0) == (synthetic == 0)).all()


def test_without_bad_habits_the_truth_is_drawn(synthetic):
    assert (draw_as(Habits("perfect", wander=0.0), synthetic, 0) == synthetic).all()


@given(arrays.arrays(np.uint8, (9, 11), elements=st.sampled_from([1, 2, 2, 2, 7])))
def test_a_mask_as_documents_gives_the_mask_again(mask):
    """Also lines and specks of a pixel."""
    codes, box = table(), Box(300, 400, 11, 9)
    found = document_of(CROWD[0], mask, codes, box)
    assert found["attributes"] == {"annotator": "senior", "role": "senior"}
    drawing = read_drawing([found], codes)
    assert not any("refused" in one.text for one in drawing.complaints)
    (roi,) = drawing.rois
    assert roi.box == box
    assert (paint(roi, drawing.areas, codes.background, box) == mask).all()


def table() -> GTCodes:
    with NamedTemporaryFile("w", suffix=".csv") as file:
        file.write(GTCODES)
        file.flush()
        return read_gtcodes(Path(file.name))
