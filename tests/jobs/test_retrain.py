"""From annotations to the next version: what is let through, kept out, and gone on with."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.annotated import GTCODES, ROI, TUMOR, document, drawn, rectangle
from tests.support.discs import NAME, train_base, write_data, write_patient
from tests.support.typed import run as command

from histoloop.annotations.gtcodes import read_gtcodes
from histoloop.config import Settings
from histoloop.errors import CancelledError, DatasetError, StateError, UsageError
from histoloop.geometry import Box
from histoloop.jobs.context import Context, Progress, SilentListener
from histoloop.jobs.dataset import DatasetParameters
from histoloop.jobs.retrain import Retrained, RetrainParameters, retrain
from histoloop.jobs.retrain_data import classes_like, gather, trained
from histoloop.jobs.retrain_record import RECORD, read_record
from histoloop.models.card import CARD, read_card
from histoloop.models.registry import ModelRegistry
from histoloop.training.gate_decision import read_decision
from histoloop.training.locked_test import LockedTest
from histoloop.training.snapshot import read_snapshot
from histoloop.training.snapshot_split import SplitPlan

COURSE = {"epochs": 2, "steps": 25, "learning_rate": 3e-3}


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> Path:
    """A home with `discs@1`, trained on patients p0 and p1."""
    folder = tmp_path_factory.mktemp("base")
    train_base(folder / "home", write_data(folder / "data", {"train": [0, 1]}))
    return folder / "home"


@pytest.fixture
def home(base, tmp_path) -> Path:
    shutil.copytree(base, tmp_path / "home")
    return tmp_path / "home"


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Path:
    splits = {"train": [2, 3], "test": [10, 11]}
    return write_data(tmp_path_factory.mktemp("good"), splits)


@dataclass
class Listening(SilentListener):
    """Hears the stages; stops where it is told to."""

    stop: Callable[[Progress], bool] = lambda _: False
    heard: list[Progress] = field(default_factory=list)

    def progress(self, progress: Progress) -> None:
        self.heard.append(progress)

    def check(self) -> None:
        if self.heard and self.stop(self.heard[-1]):
            raise CancelledError("stopped")


def run(
    home: Path, data: Path | DatasetParameters, out: Path, listener: Listening | None = None, **more
) -> tuple[Retrained, list[str]]:
    said: list[str] = []
    asked = RetrainParameters(data, out, NAME, course=COURSE, by="Ada", **more)
    context = Context(listener=listener or Listening())
    return retrain(asked, Settings(home=home), context, said.append), said


def test_the_next_version_goes_on_from_the_active_one_and_takes_its_place(home, good, tmp_path):
    listener = Listening()
    found, said = run(home, good, tmp_path / "out", listener)
    registry, card = ModelRegistry(home), found.candidate.card
    assert found.decision.promoted
    assert registry.get(NAME).card.reference == card.reference == "discs@2"
    assert registry.lineage(card) == ["discs@1"]
    assert card.training["patients"]["train"] == ["p2", "p3"]
    assert "2 pictures of 2 patients locked for the test" in said
    assert [one.stage for one in listener.heard] == ["annotations", *["train"] * 3, "compare"]
    history = registry.tags.read(NAME).history
    assert [(one.what, one.by) for one in history] == [("added", "Ada"), ("promoted", "gate")]
    assert history[-1].why == found.decision.words == read_decision(home, NAME, 2).words
    (tumor,) = found.decision.classes
    assert tumor.mean.active > 0.9
    assert tumor.mean.challenger > 0.9


def test_shuffled_labels_are_kept_out_and_a_rollback_brings_the_old_model_back_at_once(
    home, good, tissue_slide, tmp_path
):
    def typed(*words) -> str:
        return command(*words, "--home", home).stdout

    def used() -> int:
        """The version that the next `histoloop segment` takes."""
        out = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        typed("segment", tissue_slide, "--model", NAME, "--out", out)
        return json.loads((out / "tissue" / "report.json").read_text())["model"]["version"]

    course = ("--epochs", 2, "--steps", 40, "--learning-rate", 3e-3)
    said = typed("retrain", "--model", NAME, "--data", good, "--out", tmp_path / "2", *course)
    assert said.splitlines()[-1].startswith("promoted discs@2 over discs@1: tumor 0.9")
    assert used() == 2

    bad = write_data(tmp_path / "bad", {"train": [4, 5], "test": [10, 11]}, shuffle=True)
    said = typed("retrain", "--model", NAME, "--data", bad, "--out", tmp_path / "3", *course)
    kept = said.splitlines()[-1]
    assert kept.startswith("kept discs@2, not discs@3: tumor fell from 0.9")
    assert used() == 2
    shown = json.loads(typed("models", "show", "discs@3"))
    assert shown["gate"]["words"] == kept
    assert shown["gate"]["promoted"] is False
    assert shown["history"][-1] | {"at": ""} == {
        "at": "",
        "by": "gate",
        "what": "kept",
        "version": 3,
        "before": 2,
        "why": kept,
    }
    assert shown["tags"] == []

    assert "discs@1 is active again" in typed("models", "rollback", NAME)
    assert used() == 1
    with pytest.raises(StateError, match="no other version was active before"):
        typed("models", "rollback", NAME)


@pytest.mark.parametrize("at", ["train", "compare"])
def test_one_that_was_stopped_goes_on_to_one_candidate_and_one_decision(home, good, tmp_path, at):
    out = tmp_path / "out"
    stop = Listening(lambda one: one.stage == at and (at != "train" or one.done == 1))
    with pytest.raises(CancelledError):
        run(home, good, out, stop)
    listener = Listening()
    found, said = run(home, good, out, listener)
    assert found.candidate.card.reference == "discs@2"
    if at == "train":
        assert f"{out / 'model'}: going on after epoch 1 of 2" in said
    registry = ModelRegistry(home)
    assert [one.card.version for one in registry.list() if one.card.name == NAME] == [2, 1]
    record = json.loads((out / RECORD).read_text())
    (out / RECORD).write_text(json.dumps(record | {"decision": None}))  # carried out, not noted
    again, _ = run(home, good, out)
    assert again.decision == found.decision == read_record(out).decision
    assert len(registry.tags.read(NAME).history) == 2


def test_it_goes_on_from_where_it_began_though_another_was_promoted_meanwhile(home, good, tmp_path):
    with pytest.raises(CancelledError):
        run(home, good, tmp_path / "slow", Listening(lambda one: one.done == 1))
    run(home, good, tmp_path / "fast", from_scratch=True, margin=1.0)
    found, _ = run(home, good, tmp_path / "slow")
    assert found.candidate.card.parent == "discs@1"
    assert found.candidate.card.version == 3
    assert found.decision.active == "discs@2"


def test_from_scratch_knows_nothing_of_the_active_version(home, good, tmp_path):
    found, _ = run(home, good, tmp_path / "out", from_scratch=True)
    assert found.candidate.card.parent is None
    assert found.candidate.card.training["init_digest"] is None
    with pytest.raises(StateError, match="holds a retraining of discs@1 from scratch"):
        run(home, good, tmp_path / "out")


def test_without_a_test_nothing_is_trained(home, tmp_path):
    data = write_data(tmp_path / "data", {"train": [2, 3]})
    with pytest.raises(DatasetError, match="no patient tests"):
        run(home, data, tmp_path / "out")
    assert not (tmp_path / "out" / "model").exists()


def test_a_patient_that_an_earlier_version_was_trained_on_does_not_test(home, tmp_path):
    data = write_data(tmp_path / "data", {"train": [2], "test": [0]})
    with pytest.raises(DatasetError, match="no patient tests"):
        run(home, data, tmp_path / "out")


def test_who_is_locked_is_never_trained_on(home, good, tmp_path):
    LockedTest.of(home, NAME).grow(good, "Ada")
    data = write_data(tmp_path / "data", {"train": [2, 10]})
    with pytest.raises(DatasetError, match="patient p10 is in train, but locked for the test"):
        run(home, data, tmp_path / "next")


def test_only_what_is_active_is_retrained(home, good, tmp_path):
    asked = RetrainParameters(good, tmp_path / "out", "discs@1")
    with pytest.raises(UsageError, match="a version cannot be retrained"):
        retrain(asked, Settings(home=home), Context(), print)


@pytest.fixture
def annotated(tmp_path) -> DatasetParameters:
    """Three patients with a tumour each, drawn."""
    codes = tmp_path / "codes.csv"
    codes.write_text(GTCODES)
    for number in range(3):
        write_patient(tmp_path / "slides", number)
    return DatasetParameters(
        source=str(tmp_path / "slides"), gtcodes=codes, out=tmp_path / "snapshot"
    )


def places(folder: Path) -> dict[str, str]:
    """The split of every patient."""
    snapshot = read_snapshot(folder)
    patients = {one.id: one.patient[-4:] for one in snapshot.slides}
    return {patients[one.slide]: one.split for one in snapshot.rois}


def test_annotations_become_the_next_version_and_everybody_stays_where_they_were(
    home, annotated, tmp_path
):
    run(home, annotated, tmp_path / "2")
    first = places(tmp_path / "2" / "snapshot")
    assert sorted(first.values()) == ["test", "train", "train"]
    assert read_snapshot(tmp_path / "2" / "snapshot").classes[0].name == "tumor"
    assert LockedTest.of(home, NAME).read().patients == {
        f"TCGA-A2-{one}" for one, split in first.items() if split == "test"
    }
    for number in range(3, 8):
        write_patient(tmp_path / "slides", number)
    found, _ = run(home, annotated, tmp_path / "3")
    second = places(tmp_path / "3" / "snapshot")
    assert second.items() >= first.items()
    assert sum(split == "test" for split in second.values()) == 1
    assert found.candidate.card.training["snapshot"] == read_record(tmp_path / "3").snapshot


def test_what_is_drawn_after_it_began_waits_for_the_next_one(home, annotated, tmp_path):
    settings, card = Settings(home=home), ModelRegistry(home).get(NAME).card
    gather(annotated, settings, card, (), lambda _: None)
    before = read_snapshot(annotated.out)
    slides = tmp_path / "slides"
    more = [*drawn(), document(rectangle(Box(150, 100, 20, 20), "mostly_tumor"))]
    (slides / "TCGA-A2-A0A0-01Z-00-DX1.json").write_text(json.dumps(more))
    gather(annotated, settings, card, (), lambda _: None)
    assert read_snapshot(annotated.out) == before


def test_a_table_that_wants_a_locked_patient_trained_on_is_refused_by_name(
    home, annotated, tmp_path
):
    test = LockedTest.of(home, NAME)
    card = ModelRegistry(home).get(NAME).card
    test.grow(gather(annotated, Settings(home=home), card, (), lambda _: None), "Ada")
    (locked,) = test.read().patients
    table = tmp_path / "patients.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows(
            [("name", "patient", "split"), (f"{locked}-01Z-00-DX1", locked, "train")]
        )
    asked = DatasetParameters(
        source=annotated.source,
        gtcodes=annotated.gtcodes,
        out=annotated.out,
        patients=table,
        split=SplitPlan(valid=0),
    )
    with pytest.raises(DatasetError, match=f"patient {locked} is in train, but locked"):
        run(home, asked, tmp_path / "3")


def test_classes_are_those_of_the_model_or_the_table_is_said_to_lack_them(home, annotated):
    codes, card = read_gtcodes(annotated.gtcodes), ModelRegistry(home).get(NAME).card
    assert classes_like(card, codes) == "tumor=1"
    other = card.classes[0].model_copy(update={"name": "necrosis"})
    with pytest.raises(UsageError, match="have no group necrosis, which discs@1 tells apart"):
        classes_like(card.model_copy(update={"classes": (other,)}), codes)


def test_patients_of_ancestors_count_as_trained_on(home):
    path = home / "models" / "discs-1" / CARD
    assert trained(home, NAME) == {"p0": ("train", "discs@1"), "p1": ("train", "discs@1")}
    card = json.loads(path.read_text())
    path.write_text(json.dumps(card | {"parent": "tumor@2"}))
    ours = ModelRegistry(home).get("tumor").card
    path.write_text(json.dumps(card | {"parent": ours.reference}))
    known = {one for split in ("train", "valid") for one in ours.training["patients"][split]}
    assert known <= set(trained(home, NAME))


def test_a_crowd_is_learnt_from_where_the_settings_or_the_command_say_so(home, annotated, tmp_path):
    twice = [*drawn(), document(rectangle(ROI, "roi"), rectangle(TUMOR, "mostly_tumor"), who="bo")]
    for path in (tmp_path / "slides").glob("*.json"):
        path.write_text(json.dumps(twice))
    words = ("retrain", "--model", NAME, "--source", annotated.source, "--home", home)
    words += ("--gtcodes", annotated.gtcodes, "--epochs", 1, "--steps", 2)
    for out, more, env in (("2", ("--crowd",), {}), ("3", (), {"HISTOLOOP_RETRAIN_CROWD": "1"})):
        said = command(*words, "--out", tmp_path / out, *more, env=env).stdout
        assert "2 annotators have labelled 2 pictures, 2.0 of them each" in said
        card = read_card(tmp_path / out / "model")
        known = [one["annotator"] for one in card.training["annotators"]["annotators"]]
        assert known == ["anna", "bo"]
