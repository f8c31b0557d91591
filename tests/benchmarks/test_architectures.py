"""The comparison of architectures: what is the same for all, and how it is told."""

from __future__ import annotations

import pytest
from benchmarks import architecture_table as table
from benchmarks.architecture_recipe import Recipe

from histoloop.models import architectures


def test_the_recipe_is_the_bundled_models_and_each_option_can_be_replaced():
    options = Recipe.bundled(["--side=256", "--loss", "dice"]).options
    assert options["side"] == "256"
    assert options["loss"] == "dice"
    assert options.keys() >= {"mpp", "assume-mpp", "batch", "seed"}
    assert options["mpp"] == Recipe.bundled().options["mpp"]
    with pytest.raises(SystemExit, match="pairs"):
        Recipe.bundled(["--side"])


@pytest.mark.parametrize("name", architectures.NAMES)
def test_a_side_fits_every_stride_and_a_step_keeps_its_pixels(name):
    asked = Recipe({"side": "192", "batch": "4"})
    side, batch = (int(asked.fitted(name).options[key]) for key in ("side", "batch"))
    assert side % architectures.configure(name, 1).stride == 0
    assert batch * side**2 == pytest.approx(4 * 192**2, rel=0.25)
    assert bool(asked.fitted(name).note) == (side != 192)


def block(shared, predicted, true):
    return {"shared": shared, "predicted": predicted, "true": true, "known": 100}


def result(name, *patients):
    held = {
        f"P{at}": {"steps": 10, "cpu_s": 60.0, "blocks": blocks}
        for at, blocks in enumerate(patients)
    }
    numbers = {"parameters": 2e6, "gmac": 14.8, "tensorflow": 180.0, "openvino": 160.0}
    return {"architecture": name, "note": "", "step_cpu_s": 0.1, "held_out": held, **numbers}


def test_the_page_has_the_best_first_and_says_what_failed():
    poor, good = block(10, 30, 30), block(30, 30, 40)
    said = {
        "command": "python -m benchmarks.architectures data",
        "minutes": 1.0,
        "epochs": 4,
        "recipe": {"side": "192"},
        "machine": "here",
        "architectures": [
            result("poor", [poor] * 6, [poor] * 2),
            {"architecture": "broken", "failed": "no memory"},
            result("good", [good] * 6, [poor, good]),
        ],
    }
    lines = table.page(said).splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == ["good", "poor"]
    cells = [cell.strip() for cell in rows[0].split("|")]
    # two blocks are too few for an interval
    assert cells[2:5] == ["0.857 (0.857 to 0.857)", "0.615", "0.736"]
    assert "broken failed: no memory" in lines
