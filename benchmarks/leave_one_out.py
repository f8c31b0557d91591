"""How the bundled model's recipe does on a patient that it has not seen.

``python -m benchmarks.leave_one_out DATA [options of histoloop train]`` trains once without
each BCSS patient and prints its Dice on that patient at the model's scale.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from histoloop.training.samples import patient_of
from histoloop.training.tumor_data import BCSS_MPP


def main(data: Path, options: list[str]) -> None:
    """Train and test a fold per patient."""
    found = {name: fold(data, name, options) for name in BCSS_MPP}
    print(f"{'left out':20} tumour Dice")
    for name, dice in found.items():
        print(f"{name:20} {dice:.3f}")
    print(f"{'mean':20} {sum(found.values()) / len(found):.3f}")


def fold(data: Path, name: str, options: list[str]) -> float:
    """Dice on one picture of a network that was trained without its patient."""
    out = data.with_name(f"without-{patient_of(name)}")
    command = [str(Path(sys.executable).with_name("histoloop")), "train", "--data", str(data)]
    command += ["--out", str(out), "--restart", "--hold-out", patient_of(name), *options]
    subprocess.run(command, check=True)
    card = json.loads((out / "card.json").read_text())
    return float(card["metrics"]["dice"]["test"][name]["tumor"])


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
