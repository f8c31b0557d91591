"""HistomicsTK's class table, and what is wrong with a table."""

from __future__ import annotations

import csv

import pytest

from histoloop.annotations.gtcodes import COLUMNS, OUTSIDE, read_gtcodes
from histoloop.errors import AnnotationError

GOOD = [
    "roi,0,254,1,0,rgb(200,0,150)",
    "tumor,1,1,0,0,#FF0000",
    "stroma,2,2,0,1,rgb(255, 125, 0)",
]
HEADER = ",".join(COLUMNS)


def table(tmp_path, rows, header=HEADER):
    """Colours hold commas: they are quoted as HistomicsTK quotes them."""
    path = tmp_path / "codes.csv"
    quoted = [",".join([*row.split(",", 5)[:5], f'"{row.split(",", 5)[-1]}"']) for row in rows]
    path.write_text("\n".join([header, *quoted]))
    return path


def test_histomicstk_s_own_table_is_read(data):
    codes = read_gtcodes(data / "annotations/GTCodes.csv")
    assert len(codes.rows) == 23
    assert [row.code for row in codes.classes] == list(range(1, 22))
    assert codes.background == 2
    roi = codes.find("roi")
    assert roi
    assert (roi.code, roi.is_roi, roi.color) == (254, True, "#c80096")
    exclude = codes.find("exclude")
    assert exclude
    assert exclude.overlay_order == 3


def test_every_name_of_the_masks_table_finds_its_code(data):
    """The names of BCSS's masks and of its DSA groups differ; the codes do not."""
    codes = read_gtcodes(data / "annotations/GTCodes.csv")
    with (data / "bcss/gtruth_codes.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            found = codes.find(row["label"])
            assert (found.code if found else OUTSIDE) == int(row["GT_code"]), row


def test_aliases_work_the_other_way_and_a_name_in_the_table_comes_first(tmp_path):
    codes = read_gtcodes(table(tmp_path, GOOD))
    assert codes.find("mostly_tumor") == codes.find("tumor")
    assert codes.find("mostly_fat") is codes.find("Tumor") is codes.find("") is None
    both = read_gtcodes(table(tmp_path, [*GOOD, "mostly_tumor,1,3,0,0,#000000"]))
    found = both.find("mostly_tumor"), both.find("tumor")
    assert [row.code for row in found if row] == [3, 1]


def test_colours_are_written_one_way(tmp_path):
    assert [row.color for row in read_gtcodes(table(tmp_path, GOOD))] == [
        "#c80096",
        "#ff0000",
        "#ff7d00",
    ]


def test_without_a_background_class_unannotated_tissue_is_nothing(tmp_path):
    rows = [*GOOD[:2], GOOD[2].replace("0,1,rgb", "0,0,rgb")]
    assert read_gtcodes(table(tmp_path, rows)).background == OUTSIDE


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*GOOD, "x,1,0,0,0,#000000"], r"line 5: GT_code 0 of x is out of range.*0 is outside"),
        ([*GOOD, "x,1,255,0,0,#000000"], "255 of x"),
        ([*GOOD, "x,1,one,0,0,#000000"], "GT_code is 'one'"),
        ([*GOOD, "x,1.5,5,0,0,#000000"], r"overlay_order is '1\.5'"),
        ([*GOOD, "x,1,5,yes,0,#000000"], r"is_roi is 'yes'.*0 or 1"),
        ([*GOOD, "x,1,5,1,1,#000000"], "x is an ROI and the background"),
        ([*GOOD, "x,1,5,0,0,red"], "color is 'red'"),
        ([*GOOD, "x,1,5,0,0,rgb(1,2,300)"], "300"),
        ([*GOOD, ",1,5,0,0,#000000"], "group is empty"),
        ([*GOOD, "tumor,1,5,0,0,#000000"], "group tumor stands there twice"),
        ([*GOOD, "x,1,2,0,0,#000000"], "GT_code 2 stands there twice"),
        ([*GOOD, "x,1,5,0,1,#000000"], "stroma, x are all background"),
        (GOOD[1:], "no group is an ROI"),
        (GOOD[:1], "holds no class"),
        ([], "no group is an ROI"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused_with_the_place(tmp_path, rows, said):
    with pytest.raises(AnnotationError, match=f"codes.csv: .*{said}"):
        read_gtcodes(table(tmp_path, rows))


def test_missing_columns_and_files_are_named(tmp_path):
    path = table(tmp_path, [], header="group,GT_code,color")
    with pytest.raises(AnnotationError, match="no column overlay_order, is_roi"):
        read_gtcodes(path)
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_gtcodes(tmp_path / "none.csv")
    (tmp_path / "bin.csv").write_bytes(b"\xff\xfe\x00group")
    with pytest.raises(AnnotationError, match="cannot be read"):
        read_gtcodes(tmp_path / "bin.csv")
