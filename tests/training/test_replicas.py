"""Several devices train what one would have trained."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from tests.conftest import ROOT

from histoloop.errors import UsageError
from histoloop.training.replicas import Replicas, place_of_this_process


@pytest.fixture(scope="module")
def found():
    """Of two devices, which are both this processor; see `two_devices`."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.two_devices"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("variant", "tolerance"),
    # Sums in another order, of 7 digits in float32 and of 3 in the layers of float16; seen were
    # 5e-7, 2e-6 and 5e-4, where a step moves a weight by up to 1e-2.
    [("clipped", 1e-4), ("crowd", 1e-4), ("deep", 1e-4), ("half", 5e-3)],
)
def test_two_devices_end_with_the_weights_of_one(found, variant, tolerance):
    differences = found["differences"][variant]
    assert found["devices"] == 2
    assert differences["devices"] < tolerance < differences["moved"]
    assert differences["again"] == 0


def test_a_training_goes_on_with_more_devices_and_with_fewer(found):
    assert found["moved_house"].keys() == {"joins", "leaves"}
    assert max(found["moved_house"].values()) < 1e-4


def test_a_device_without_a_patch_is_refused(found):
    assert "batch of 1 cannot be split over 2 devices" in found["refused"]
    Replicas().refuse_small(1)


def test_the_chief_is_the_first_of_those_that_tf_config_names(monkeypatch):
    assert place_of_this_process() == (0, 1)
    for jobs, task, place in (
        ({"worker": ["a:1", "b:1"]}, ("worker", 1), (1, 2)),
        ({"chief": ["a:1"], "worker": ["b:1", "c:1"]}, ("worker", 0), (1, 3)),
        ({"chief": ["a:1"], "worker": ["b:1", "c:1"]}, ("chief", 0), (0, 3)),
    ):
        said = {"cluster": jobs, "task": {"type": task[0], "index": task[1]}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(said))
        assert place_of_this_process() == place


@pytest.mark.parametrize(
    "said",
    [
        "one:2222",
        '{"cluster": {"worker": ["a:1", "b:1"]}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 2}}',
        '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "ps", "index": 0}}',
    ],
)
def test_a_place_that_is_not_there_is_refused(said, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", said)
    with pytest.raises(UsageError, match="TF_CONFIG"):
        place_of_this_process()
