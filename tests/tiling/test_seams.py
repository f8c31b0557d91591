"""Two grids offset by about half a tile agree, on real tissue, with the bundled model."""

from __future__ import annotations

from pathlib import Path

from benchmarks.seam_audit import audit


def test_labels_do_not_depend_on_the_grid(bcss: dict[str, Path], home: Path) -> None:
    for slide in bcss.values():
        found = audit(slide, "tumor", home)
        assert found.pixels > 100_000
        assert found.flips <= 0.005
        assert found.difference <= 0.01
