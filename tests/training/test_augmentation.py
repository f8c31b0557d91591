"""Augmentation: the truth goes where its picture goes, what nobody knows stays unknown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from histoloop.training.augmentation import (
    IGNORED,
    Augmentation,
    cut_patch,
    draw_view,
    jitter_colour,
)

SIDE = 64
SQUARE = 20
STILL = Augmentation(0, 0, 0, 0, 0, 0.1, 0)
BENT = Augmentation(elastic=4.0)


def board(side=240):
    """A chequerboard, black where the truth is 1; one square in nine is not known."""
    rows, columns = np.indices((side, side)) // SQUARE
    truth = ((rows + columns) % 2).astype(np.uint8)
    image = np.repeat(np.where(truth == 1, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
    truth[(rows % 3 == 0) & (columns % 3 == 0)] = IGNORED
    image[truth == IGNORED] = (0, 0, 255)
    return image, truth


COLOURS = {0: (255, 255, 255), 1: (0, 0, 0), IGNORED: (0, 0, 255)}


@pytest.mark.parametrize("how", [Augmentation(), BENT], ids=["straight", "bent"])
@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), x=st.floats(0, 240), y=st.floats(0, 240))
def test_truth_moves_exactly_with_its_picture(how, seed, x, y):
    """A pixel of one square's pure colour lies within it, however a patch is stretched or folded.

    Were the nearest square another one, a quarter of the colour at least would be that one's.
    """
    image, truth = board()
    view = draw_view((x, y), SIDE, how, np.random.default_rng(seed))
    patch, codes = view.cut(image, truth)
    within = view.cut_codes(np.zeros_like(truth)) == 0
    assert (codes[~within] == IGNORED).all()
    pure = np.zeros_like(within)
    for code, colour in COLOURS.items():
        same = np.abs(patch.astype(int) - colour).max(axis=-1) <= 2
        assert (codes[same & within] == code).all()
        pure |= same
    assert pure.mean() > 0.5


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6), x=st.floats(-20, 260), y=st.floats(-20, 260))
def test_the_part_that_a_view_names_is_enough(seed, x, y):
    image, truth = board()
    image = cv2.GaussianBlur(image, (0, 0), 2)
    view = draw_view((x, y), SIDE, BENT, np.random.default_rng(seed))
    box = view.box
    margin = 400
    around = ((margin, margin), (margin, margin))
    wide = np.pad(image, (*around, (0, 0)), "symmetric")
    known = np.pad(truth, around, constant_values=IGNORED)
    part = box._replace(x=box.x + margin, y=box.y + margin).within(
        box._replace(x=0, y=0, width=0, height=0)
    )
    patch, codes = view.cut(wide[part], known[part], (box.x, box.y))
    whole, all_codes = view.cut(image, truth)
    assert np.abs(patch.astype(int) - whole).max() <= 12  # OpenCV places to 1/32 px
    assert (codes != all_codes).mean() < 0.02


def test_bending_bends():
    image, truth = board()
    straight, bent = (
        cut_patch(image, truth, (120, 120), SIDE, how, np.random.default_rng(3))[1]
        for how in (Augmentation(), BENT)
    )
    assert 0.02 < (straight != bent).mean() < 0.9


def test_what_is_new_is_off():
    assert Augmentation().elastic == Augmentation().jpeg == 0


def test_compression_leaves_its_marks_and_no_swapped_channels():
    patch = np.full((SIDE, SIDE, 3), (200, 120, 40), np.uint8)
    flat = jitter_colour(patch, Augmentation(0, 0, 0, 0, 0, 0.1, 0, jpeg=70), random())
    assert np.abs(flat.astype(int) - patch).max() <= 6
    edges, _ = board()
    edges = edges[:SIDE, :SIDE]
    plain = jitter_colour(edges, STILL, random())
    packed = jitter_colour(edges, Augmentation(0, 0, 0, 0, 0, 0.1, 0, jpeg=90), random())
    assert np.abs(plain.astype(int) - packed).max() > 10


def random():
    return np.random.default_rng(8)
