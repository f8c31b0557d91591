"""Two processes train one network, as two machines would."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import numpy as np
import pytest
from tests.jobs.test_train_resume import (
    PLAIN,
    STAND_IN_THE_SECOND_EPOCH,
    await_standing,
    command,
    data_folder,  # noqa: F401
    run,
    weights,
)
from tests.support.dsa.processes import Port

from histoloop.models.card import read_card

ALIKE = ("--arch-config", "dropout=0", "--batch", "3")
"""What is dropped differs with the share; of three patches one worker sees two."""

TOLERANCE = 5e-3
"""180 steps of float32 whose sums were taken in another order."""


@pytest.fixture
def ports():
    """Two that nobody else is given meanwhile."""
    held = [Port(), Port()]
    yield [one.number for one in held]
    for one in held:
        one.release()


def workers(data_folder, ports, *outs, stands=None):  # noqa: F811
    """A process for each folder, all of one cluster; one may stand in its second epoch."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    codes = [STAND_IN_THE_SECOND_EPOCH if at == stands else PLAIN for at in range(len(outs))]
    return [
        subprocess.Popen(
            command(data_folder, out, *ALIKE, code=codes[at]),
            env=os.environ
            | {
                "TF_CONFIG": json.dumps(
                    {"cluster": cluster, "task": {"type": "worker", "index": at}}
                )
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for at, out in enumerate(outs)
    ]


def ended(*processes):
    """What each has said on standard output and on standard error."""
    try:
        return [one.communicate(timeout=300) for one in processes]
    finally:
        for one in processes:
            one.kill()


@pytest.fixture(scope="module")
def alone(data_folder, tmp_path_factory):  # noqa: F811
    out = tmp_path_factory.mktemp("alone") / "model"
    found = run(data_folder, out, *ALIKE)
    assert found.returncode == 0, found.stderr
    return out


@pytest.mark.parametrize("victim", [0, 1])
def test_one_is_killed_the_other_says_so_and_both_go_on_to_the_weights_of_one(
    victim,
    data_folder,  # noqa: F811
    alone,
    ports,
    tmp_path,
):
    both = chief, other = workers(data_folder, ports, tmp_path, tmp_path, stands=victim)
    await_standing(both[victim])
    both[victim].send_signal(signal.SIGKILL)
    left = 1 - victim
    said = ended(chief, other)[left][1]
    assert both[left].returncode == 1
    assert f"histoloop: worker {left} of 2: another worker has gone" in said
    assert not (tmp_path / "card.json").exists()

    chief, other = workers(data_folder, ports, tmp_path, tmp_path)
    (told, said), (heard, also) = ended(chief, other)
    assert (chief.returncode, other.returncode) == (0, 0), said + also
    assert "going on after epoch 1 of 3" in told
    assert "epoch 3/3" in told
    assert "epoch 3/3" not in heard
    pairs = zip(weights(tmp_path), weights(alone), strict=True)
    assert max(np.abs(a - b).max() for a, b in pairs) < TOLERANCE
    assert read_card(tmp_path).training["device"]["workers"] == 2
    assert not list(tmp_path.glob("checkpoint*"))


def test_workers_that_do_not_see_the_same_folder_end_with_an_error(
    data_folder,  # noqa: F811
    ports,
    tmp_path,
):
    chief, other = workers(data_folder, ports, tmp_path / "here", tmp_path / "elsewhere")
    for _, said in ended(chief, other):
        assert "over the same --data and --out" in said
    assert (chief.returncode, other.returncode) == (1, 1)
    assert not (tmp_path / "elsewhere").exists()
