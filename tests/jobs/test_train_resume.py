"""A training is a process that may be killed at any time."""

from __future__ import annotations

import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from tests.training.test_training import sample

from histoloop.models.card import read_card

OPTIONS = (
    *("--epochs", "3", "--steps", "60", "--side", "32", "--batch", "2", "--keep", "best"),
    *("--mpp", "1", "--assume-mpp", "1", "--seed", "4"),
    *("--architecture", "unet", "--arch-config", "levels=2", "--arch-config", "base_filters=4"),
)
DIE_AT_THE_SECOND_CHECKPOINT = """
import os, signal
count = 0
def fsync(file):
    global count
    count += 1
    if count == 2:
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = fsync
from histoloop.cli.main import main
main()
"""
STAND_IN_THE_SECOND_EPOCH = """
import time
from histoloop.training.trainer import Trainer
advance = Trainer._advance
def stand(self, batch, epoch, index):
    if (epoch, index) == (2, 30):
        print("stands", flush=True)
        time.sleep(600)
    return advance(self, batch, epoch, index)
Trainer._advance = stand
from histoloop.cli.main import main
main()
"""
PLAIN = "from histoloop.cli.main import main; main()"


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for seed, split in enumerate(("train", "valid")):
        one = sample(seed=seed)
        for kind, pixels in (("images", one.image), ("masks", one.truth * 255)):
            path = folder / split / kind / f"p{seed}.png"
            path.parent.mkdir(parents=True)
            Image.fromarray(pixels).save(path)
    return folder


def command(data_folder, out, *more, code=PLAIN):
    given = ["train", "--data", str(data_folder), "--out", str(out), *OPTIONS, *more]
    return [sys.executable, "-u", "-c", code, *given]


def run(*arguments, **options):
    return subprocess.run(
        command(*arguments, **options), capture_output=True, text=True, check=False, timeout=300
    )


def started(data_folder, out):
    """A process that stands in the middle of its second epoch."""
    process = subprocess.Popen(
        command(data_folder, out, code=STAND_IN_THE_SECOND_EPOCH),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    await_standing(process)
    return process


def await_standing(process):
    assert process.stdout
    assert any(line.startswith("stands") for line in process.stdout)


def weights(folder):
    import keras

    return keras.saving.load_model(folder / "model.keras", safe_mode=True).get_weights()


def same(one, other):
    pairs = zip(weights(one), weights(other), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def undisturbed(data_folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "model"
    found = run(data_folder, out)
    assert found.returncode == 0, found.stderr
    return out


def test_killed_within_an_epoch_and_run_again_it_ends_with_the_same_weights(
    data_folder, undisturbed, tmp_path
):
    process = started(data_folder, tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "card.json").exists()
    again = run(data_folder, tmp_path)
    assert again.returncode == 0, again.stderr
    assert "going on after epoch 1 of 3" in again.stdout
    assert "epoch 1/3" not in again.stdout
    assert same(tmp_path, undisturbed)
    course = read_card(tmp_path).training
    assert (course["epochs"], course["stopped"]) == (3, "all epochs done")
    assert not list(tmp_path.glob("checkpoint*"))


def test_killed_while_it_writes_a_checkpoint_it_goes_on_from_the_one_before(
    data_folder, undisturbed, tmp_path
):
    killed = run(data_folder, tmp_path, code=DIE_AT_THE_SECOND_CHECKPOINT)
    assert killed.returncode == -signal.SIGKILL
    assert (tmp_path / "checkpoint.npz.partial").exists()
    again = run(data_folder, tmp_path)
    assert "going on after epoch 1 of 3" in again.stdout
    assert same(tmp_path, undisturbed)
    assert not list(tmp_path.glob("checkpoint*"))


def test_interrupted_it_says_how_to_go_on(data_folder, tmp_path):
    process = started(data_folder, tmp_path)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "the same command goes on after the last whole epoch" in said
    other = run(data_folder, tmp_path, "--learning-rate", "0.5")
    assert other.returncode == 1
    assert "has not ended: plan learning_rate was 0.001, is now 0.5" in other.stderr


def test_what_has_ended_is_not_trained_again_unless_asked(data_folder, undisturbed):
    written = (undisturbed / "model.keras").stat().st_mtime_ns
    again = run(data_folder, undisturbed)
    assert "already trained" in again.stdout
    assert "epoch" not in again.stdout
    assert (undisturbed / "model.keras").stat().st_mtime_ns == written
    other = run(data_folder, undisturbed, "--name", "other")
    assert other.returncode == 1
    assert 'has ended: name was "model", is now "other"' in other.stderr
    anew = run(data_folder, undisturbed, "--restart")
    assert "epoch 1/3" in anew.stdout
    assert (undisturbed / "model.keras").stat().st_mtime_ns > written
