"""What the tables and pictures of a training say."""

from __future__ import annotations

import csv
import json

import pytest
from tests.training.test_trainer import trainer
from tests.training.test_training import sample

from histoloop.training import history
from histoloop.training.augmentation import IGNORED
from histoloop.training.evaluation import overlaps


@pytest.mark.parametrize("judged", [True, False])
def test_accuracy_stands_beside_dice_and_loss(tmp_path, judged):
    one = trainer()
    list(one.fit([sample()], [sample("two", seed=1)] if judged else []))
    history.write(tmp_path, ["tumor"], one.epochs)
    with (tmp_path / "train_metrics.csv").open() as file:
        header, *rows = csv.reader(file)
    names = ["dice_tumor", "accuracy", "val_accuracy"] if judged else ["accuracy"]
    assert header == ["epoch", *names]
    assert all(0 <= float(value) <= 1 for row in rows for value in row[1:])
    assert [len(row) for row in rows] == [len(header)] * 2
    assert (tmp_path / "train_metrics.png").stat().st_size
    last = json.loads((tmp_path / "history.json").read_text())[-1]
    assert last["accuracy"] == float(rows[-1][header.index("accuracy")])
    assert (last["val_accuracy"] is not None) == judged


def test_the_validation_accuracy_is_that_of_the_network_on_known_pixels():
    one, two = trainer(), sample("two", seed=1)
    two.truth[:40] = IGNORED
    *_, last = one.fit([sample()], [two])
    (found,) = overlaps(one.network, [two], 1)
    assert last.valid_accuracy == pytest.approx(found.accuracy, abs=0.01)
    assert found.known == 56 * 96


def test_patches_of_which_nothing_is_known_have_no_part_in_the_accuracy():
    blank = sample()
    blank.truth[:] = IGNORED
    *_, last = trainer().fit([blank], [])
    assert last.accuracy is None
