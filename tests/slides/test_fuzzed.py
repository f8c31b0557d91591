"""Five hundred damaged slides: each can be seen, or is one clear error; none crashes or hangs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT

COUNTS = {
    "CMU-1-Small-Region.svs": 150,
    "TCGA-CR-7395-01A-01-TS1.svs": 50,
    "gcp_jpeg.dicom": 150,
    "plain.tiff": 150,
}

FEW_THREADS = {"OPENBLAS_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1"}
"""Each takes addresses, of which the process gets only so many, whatever the cores."""


@pytest.mark.parametrize("name", COUNTS)
def test_a_damaged_slide_is_seen_or_said_to_be(name: str, data: Path, tissue_slide: Path) -> None:
    path = tissue_slide if name == "plain.tiff" else data / "slides" / name
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.fuzzed_slides", str(path), str(COUNTS[name]), "1"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=os.environ | FEW_THREADS,
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (lines[-1], done.stderr[-2000:])
    found = [line for line in lines if "said" in line]
    assert len(found) == COUNTS[name]
    odd = [one for one in found if one["said"].startswith(("unexpected", "unnamed"))]
    assert not odd
    refused = sum(bool(one["said"]) for one in found)
    assert 0 < refused < len(found), "either all or none would prove nothing"
