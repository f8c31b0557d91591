"""HistomicsUI as a pathologist sees it. A client built with the wrong Node shows only here."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from tests.support.dsa.browser import open_browser, open_in_histomics, stage
from tests.support.dsa.provision import Archive

NAME = "TCGA-A2-A0D2-DX1"


def test_histomicsui_draws_the_slide(
    dsa: Archive, dsa_slides: dict[str, str], bcss: dict[str, Path]
) -> None:
    with open_browser() as browser, open_in_histomics(browser, dsa, dsa_slides[NAME]) as page:
        seen = stage(page)
    with Image.open(bcss[NAME]) as slide:
        colours = np.asarray(slide.convert("RGB").reduce(16)).reshape(-1, 3)
    tissue = seen[np.ptp(seen.astype(int), axis=2) > 25]  # neither white nor grey
    assert len(tissue) > 0.2 * seen.shape[0] * seen.shape[1]
    assert np.allclose(tissue.mean(0), colours.mean(0), atol=30)
