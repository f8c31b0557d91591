"""Where two views of a slide give other classes, and where they say nothing of each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from histoloop.annotations.opinions import DrawnOpinion, Kind, RunOpinion, both, joint_names, kinds
from histoloop.geometry import Box, Mpp, Scale, Size
from histoloop.masks.labels import LabelClass
from histoloop.masks.mask import Mask, MaskFrame

ONE = Scale(1.0, 1.0)
WHOLE = Box(0, 0, 64, 64)
TUMOR, STROMA = LabelClass("tumor", 1, "#ff0000"), LabelClass("stroma", 2, "#00ff00")


def square(x: int, y: int, side: int, group: str) -> dict[str, object]:
    corners = [[x, y, 0], [x + side, y, 0], [x + side, y + side, 0], [x, y + side, 0]]
    return {"type": "polyline", "closed": True, "points": corners, "group": group}


def run(folder: Path, *filled: tuple[LabelClass, Box], region: Box = WHOLE) -> RunOpinion:
    classes = tuple(label for label, _ in filled)
    frame = MaskFrame(Size(64, 64), Mpp.square(1.0), 1.0, classes, 64)
    mask = Mask.create(folder, frame)
    for channel, (_, box) in enumerate(filled):
        rows, columns = box.within(WHOLE)
        mask.levels[0][channel, rows, columns] = 200
    return RunOpinion(mask, region, 0.5)


def test_a_pixel_differs_in_one_of_three_ways() -> None:
    this = np.array([[0, 1, 1, 0, 1]], np.uint8)
    other = np.array([[0, 1, 0, 2, 2]], np.uint8)
    assert kinds(this, other).tolist() == [
        [Kind.SAME, Kind.SAME, Kind.ONLY_THIS, Kind.ONLY_OTHER, Kind.OTHER_CLASS]
    ]


def test_classes_are_the_same_by_name_whatever_their_code(tmp_path: Path) -> None:
    box = Box(10, 10, 20, 20)
    this = run(tmp_path / "a", (STROMA, Box(0, 0, 1, 1)), (TUMOR, box))
    other = run(tmp_path / "b", (LabelClass("Tumor", 9, "#123456"), box))
    assert joint_names(this, other) == ["stroma", "tumor"]
    found = kinds(*both(this, other, WHOLE, ONE))
    assert np.count_nonzero(found) == 1
    assert found[0, 0] == Kind.ONLY_THIS


def test_runs_disagree_only_where_both_were_asked(tmp_path: Path) -> None:
    this = run(tmp_path / "a", (TUMOR, WHOLE))
    other = run(tmp_path / "b", (STROMA, Box(0, 0, 8, 8)), region=Box(0, 0, 16, 16))
    found = kinds(*both(this, other, WHOLE, ONE))
    assert np.all(found[:8, :8] == Kind.OTHER_CLASS)
    assert np.count_nonzero(found == Kind.ONLY_THIS) == 16 * 16 - 8 * 8
    assert not found[16:].any()


@pytest.mark.parametrize("factor", [1, 2])
def test_a_person_is_asked_within_their_roi(tmp_path: Path, factor: int) -> None:
    drawn = DrawnOpinion(
        {"elements": [square(0, 0, 31, "ROI"), square(4, 4, 7, "tumor"), square(40, 40, 9, "x")]},
        ["roi"],
    )
    this = run(tmp_path, (TUMOR, Box(4, 4, 16, 8)))
    scale = Scale(factor, factor)
    found = kinds(*both(this, drawn, Box(0, 0, 64 // factor, 64 // factor), scale))
    assert drawn.scope == Box(0, 0, 32, 32)
    assert np.count_nonzero(found == Kind.ONLY_THIS) == 8 * 8 / factor**2
    assert np.count_nonzero(found) == 8 * 8 / factor**2


def test_the_table_says_which_groups_outline_regions_and_they_are_no_tissue() -> None:
    document = {"elements": [square(0, 0, 31, "Region"), square(4, 4, 7, "tumor")]}
    drawn = DrawnOpinion(document, ["region"])
    assert (drawn.names, drawn.scope) == (["tumor"], Box(0, 0, 32, 32))
    assert DrawnOpinion(document, ["roi"]).names == ["Region", "tumor"]


def test_a_later_outline_lies_over_an_earlier_one_and_nothing_drawn_says_nothing(
    tmp_path: Path,
) -> None:
    drawn = DrawnOpinion(
        {"elements": [square(0, 0, 19, "tumor"), square(4, 4, 3, "stroma")]}, ["roi"]
    )
    codes = drawn.codes(WHOLE, ONE, ["tumor", "stroma"])
    assert np.count_nonzero(codes == 2) == 16
    assert np.count_nonzero(codes == 1) == 400 - 16
    nothing = DrawnOpinion({"elements": []}, ["roi"])
    assert not kinds(*both(run(tmp_path, (TUMOR, WHOLE)), nothing, WHOLE, ONE)).any()
