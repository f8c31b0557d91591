"""What a consensus is worth where the truth is known, and what it costs.

``python -m benchmarks.consensus DATA [--seeds 3]`` lets the seven of `simulated_crowd` draw the
BCSS regions in DATA and three synthetic slides, and prints the Dice of each method's mask
against the truth, mean over the classes, beside the median and the best annotator's.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from histoloop.annotations.annotators import WEIGHTS
from histoloop.annotations.consensus import METHODS, consensus_of
from histoloop.annotations.consensus_votes import UNSAID, Codes, Votes
from histoloop.annotations.simulated_crowd import ADVERSARIAL, CARELESS, CROWD, crowd
from histoloop.geometry import Box, Size
from histoloop.slides.synthetic import Specimen, Tissue, render
from histoloop.training.tumor_data import BCSS_MPP

SLIDE = Size(1536, 1536)
RANKING = ("dawid-skene", "staple")


def truths(data: Path) -> Iterator[tuple[str, Codes]]:
    """Tumour against the rest on real tissue, all tissues on synthetic tissue."""
    for name in BCSS_MPP:
        mask = np.asarray(Image.open(data / "bcss" / f"{name}_tumor.png"))
        yield name, np.where(mask > 0, 1, 2).astype(np.uint8)
    for seed in range(3):
        _, tissue = render(Specimen(SLIDE, 2.0, seed=seed, tissue_share=0.8), Box.of(SLIDE))
        codes = tissue.copy()
        codes[np.isin(tissue, (Tissue.LUMEN, Tissue.FAT, Tissue.GLAND))] = Tissue.STROMA
        yield f"synthetic {seed}", codes


def mean_dice(mask: Codes, truth: Codes) -> float:
    codes = np.setdiff1d(truth, UNSAID)
    known = ~np.isin(truth, UNSAID)
    both = [np.count_nonzero((mask == c) & (truth == c)) for c in codes]
    sums = [np.count_nonzero((mask == c) & known) + np.count_nonzero(truth == c) for c in codes]
    return float(np.mean([2 * b / s for b, s in zip(both, sums, strict=True)]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    weights = [WEIGHTS[one.role] for one in CROWD]
    print(f"{'picture':18} seed median   best " + " ".join(f"{name:>12}" for name in METHODS))
    last, cost, pixels = 0, dict.fromkeys(METHODS, 0.0), 0
    for name, truth in truths(options.data):
        for seed in range(options.seeds):
            masks = dict(crowd(truth, seed))
            single = [mean_dice(mask, truth) for mask in masks.values()]
            votes = Votes.of(masks.items())
            pixels += truth.size
            found = []
            for method in METHODS:
                start = time.process_time()
                result = consensus_of(method, votes, weights)
                mask = result.hard
                cost[method] += time.process_time() - start
                found.append(mean_dice(mask, truth))
                if method in RANKING:
                    last += set(result.ranking[-2:]) == {CARELESS, ADVERSARIAL}
            figures = " ".join(f"{one:12.3f}" for one in found)
            print(f"{name:18} {seed:4} {np.median(single):6.3f} {max(single):6.3f} {figures}")
    shares = " ".join(f"{1000 * cost[method] / (pixels / 1e6):12.1f}" for method in METHODS)
    print(f"{'CPU ms per megapixel':37} {shares}")
    asked = 5 * options.seeds * len(RANKING)
    print(f"the careless and the adversarial ranked last: {last} of {asked}")


if __name__ == "__main__":
    main()
