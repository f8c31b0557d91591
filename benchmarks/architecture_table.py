"""The table of a comparison of architectures."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

from histoloop import __version__
from histoloop.training.bootstrap import Interval, dice_interval, difference_interval
from histoloop.training.metrics import Overlap

Result = Mapping[str, Any]

_CAPTION = """\
# Architectures, the same CPU minutes each

    {command}

Every architecture trains with {minutes:g} CPU minutes of steps on one thread: the price of a step
was measured first and decides over their number, in {epochs} epochs. The last column is all that
the process took, with loading, building, saving and the prediction of the held-out pictures. All
else is the same for all: `{recipe}`{notes}. There are no validation pictures: the last averaged
weights are judged, as `histoloop segment` predicts, at threshold 0.5.

Dice is that of the tumour on each patient who was left out. Its 95 % interval draws blocks of 256
px of that one patient's pictures, 2,000 times: it says how much luck is in this tissue, **not how
the architecture does on other patients**. “Behind the first” is the difference of the pooled
Dice, the same blocks drawn for both; an interval that holds 0 tells nothing apart.

GMAC and CPU ms are per megapixel (2^20 px) of input, in tiles of 512 px and float32, on one
thread, the two runtimes in turns, median of 7 rounds. {machine}.

"""


def page(said: Mapping[str, Any]) -> str:
    """Caption and table, the best first."""
    done = [one for one in said["architectures"] if "failed" not in one]
    failed = [one for one in said["architectures"] if "failed" in one]
    done.sort(key=lambda one: -_mean(one))
    notes = "".join(f"; {one['architecture']}: {one['note']}" for one in done if one["note"])
    recipe = " ".join(f"--{key} {value}" for key, value in said["recipe"].items())
    caption = _CAPTION.format(**{**said, "recipe": recipe, "notes": notes})
    lines = [_line(row) for row in _rows(done)] if done else []
    lines += [f"\n{one['architecture']} failed: {one['failed']}" for one in failed]
    return caption + "\n".join(lines) + "\n"


def dice(blocks: Sequence[Mapping[str, int]]) -> float:
    """Of all blocks together."""
    return sum(_overlaps(blocks), Overlap(0, 0, 0, 0)).dice


def machine() -> str:
    """What it ran on: processor and versions."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    chip = names[0] if names else platform.machine()
    homes = packages_distributions()  # TensorFlow's package has another name on some machines
    parts = ", ".join(
        f"{name} {version(homes[name][0])}" for name in ("keras", "tensorflow", "openvino")
    )
    return f"HistoLoop {__version__}, {parts} on {chip}"


def _rows(done: Sequence[Result]) -> list[list[str]]:
    patients = list(done[0]["held_out"])
    head = ["architecture", *(f"Dice on {one}" for one in patients)]
    head += ["mean"] if len(patients) > 1 else []
    head += ["behind the first", "M parameters", "GMAC/Mpx", "TensorFlow ms/Mpx"]
    head += ["OpenVINO ms/Mpx", "CPU s a step", "steps", "CPU s in all"]
    rows = [head, ["---", *["---:"] * (len(head) - 1)]]
    for one in done:
        row = [f"`{one['architecture']}`", *(_dice(one, patient) for patient in patients)]
        row += [f"{_mean(one):.3f}"] if len(patients) > 1 else []
        row += [_behind(one, done[0]), f"{one['parameters'] / 1e6:.2f}", f"{one['gmac']:.1f}"]
        row += [f"{one['tensorflow']:,.0f}", f"{one['openvino']:,.0f}", f"{one['step_cpu_s']:.3f}"]
        held = one["held_out"].values()
        row += [" / ".join(str(each["steps"]) for each in held)]
        row += [" / ".join(f"{each['cpu_s']:,.0f}" for each in held)]
        rows.append(row)
    return rows


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _dice(one: Result, patient: str) -> str:
    blocks = one["held_out"][patient]["blocks"]
    return f"{dice(blocks):.3f}{_interval(dice_interval(_overlaps(blocks)))}"


def _behind(one: Result, first: Result) -> str:
    if one is first:
        return "–"
    mine, best = _all(one), _all(first)
    interval = difference_interval(_overlaps(mine), _overlaps(best))
    return f"{dice(mine) - dice(best):+.3f}{_interval(interval, '+')}"


def _interval(interval: Interval, sign: str = "") -> str:
    return f" ({interval.low:{sign}.3f} to {interval.high:{sign}.3f})" if interval.known else ""


def _mean(one: Result) -> float:
    held = one["held_out"].values()
    return sum(dice(each["blocks"]) for each in held) / len(held)


def _all(one: Result) -> list[Mapping[str, int]]:
    return [block for each in one["held_out"].values() for block in each["blocks"]]


def _overlaps(blocks: Sequence[Mapping[str, int]]) -> list[Overlap]:
    return [Overlap(**block) for block in blocks]
