"""What it costs to trace hostile masks, and whether the polygons hold.

    python -m benchmarks.tracing [--sides 5000 10000 20000] [--old]

Ragged rings at the pitch of 63 px, so that 20,000² pixels have some 100,000 regions and as many
holes; and the same run together, so that most regions touch. It prints CPU seconds per 400
megapixels of tracing alone (to the last polygon, none simplified) and of the whole way from mask to
light polygons on disk and the IoU counted from them; growth of memory, and whether all are valid.
Each row is a process of its own. ``--old`` adds the way of many: tiles of 512 px traced with
contourpy and united with shapely, as a ratio to tracing alone.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from itertools import pairwise

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon
from shapely.affinity import translate

from histoloop.geometry import Box
from histoloop.masks.rasterize import rasterize
from histoloop.masks.trace import ReadMargin, trace
from histoloop.masks.vectorise import vectorise

PITCH = 63
BLOCK = 8 * PITCH
CHECKED = 2000


def hostile(side: int, together: bool) -> NDArray[np.int16]:
    """``(side, side)`` margins, never 0."""
    random = np.random.default_rng(0)
    rows, columns = (axis % PITCH - PITCH / 2 for axis in np.indices((BLOCK, BLOCK)))
    radius = np.hypot(rows, columns)
    rings = np.minimum(24 - radius, radius - 9)
    if together:
        rings = np.maximum(rings, 5 - np.minimum(abs(rows), abs(columns)))
    margin = np.empty((side, side), np.int16)
    for top in range(0, side, BLOCK):
        for left in range(0, side, BLOCK):
            noise = random.normal(size=rings.shape).astype(np.float32)
            ragged = rings * 40 + cv2.GaussianBlur(noise, (0, 0), 0.8) * 60
            block = np.clip(ragged, -255, 255).astype(np.int16) * 2 + 1
            margin[top : top + BLOCK, left : left + BLOCK] = block[: side - top, : side - left]
    return margin


def united(read: ReadMargin, region: Box) -> list[Polygon]:
    """Small tiles traced one by one, and all their polygons united."""
    import contourpy

    found = []
    for tile in region.split(512):
        whole = tile.grow(1).intersect(region)
        lines = contourpy.contour_generator(
            z=np.pad(read(whole), 1, constant_values=-1), fill_type="OuterOffset"
        ).filled(0, np.inf)
        for points, offsets in zip(*lines, strict=True):
            rings = [points[a:b] for a, b in pairwise(offsets)]
            shape = Polygon(rings[0], rings[1:])
            found.append(translate(shape, whole.x - 0.5, whole.y - 0.5))
    return list(shapely.get_parts(shapely.union_all(found)))


def measure(side: int, together: bool, old: bool) -> None:
    """Print a row."""
    margin, region = hostile(side, together), Box(0, 0, side, side)
    share = 4e8 / region.area

    def read(box: Box) -> NDArray[np.int16]:
        return margin[box.within(region)]

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.process_time()
    layer = vectorise(read, [region], smallest=0.0)
    light = time.process_time() - begun
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    valid = all(shapely.is_valid(shapes.polygon_array()).all() for shapes in layer.shapes)
    begun = time.process_time()
    polygons = trace(read, region)
    traced = time.process_time() - begun
    valid = valid and bool(shapely.is_valid(polygons).all())
    corner = Box(0, 0, CHECKED, CHECKED).intersect(region)
    drawn = rasterize((p for p in polygons if p.intersects(shapely.box(*corner))), corner)
    same = np.array_equal(drawn, read(corner) > 0)
    ratio = ""
    if old:
        begun = time.process_time()
        united(read, region)
        ratio = f"{(time.process_time() - begun) / traced:8.1f}"
    print(
        f"{'together' if together else 'apart':9}{side:7}{len(layer.shapes):9}{layer.holes:9}"
        f"{layer.vertices:10}{traced * share:8.1f}{light * share:8.1f}{grown:8.0f}"
        f"{layer.iou:8.4f}{'same' if same else 'differs':>9}{valid!s:>7}{ratio}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sides", type=int, nargs="+", default=[5000, 10_000, 20_000])
    parser.add_argument("--old", action="store_true", help="beside tiles that are united")
    parser.add_argument("--only", choices=("apart", "together"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        measure(asked.sides[0], asked.only == "together", asked.old)
        return
    heads = ("polygons", "holes", "vertices", "trace", "all", "MiB", "IoU", "pixels", "valid")
    widths = (9, 9, 10, 8, 8, 8, 8, 9, 7)
    print(
        f"{'regions':9}{'side':>7}"
        + "".join(f"{h:>{w}}" for h, w in zip(heads, widths, strict=True))
    )
    for side in asked.sides:
        for kind in ("apart", "together"):
            call = [sys.executable, "-m", "benchmarks.tracing", "--sides", str(side)]
            subprocess.run(call + ["--only", kind] + ["--old"] * asked.old, check=True)


if __name__ == "__main__":
    main()
