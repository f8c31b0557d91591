"""Configs of segmentation experiments, read as options; nothing in them is executed."""

from __future__ import annotations

import dataclasses
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.experiment import CONFIG, write_config

from histoloop.cli.main import app
from histoloop.errors import UsageError
from histoloop.masks.labels import LabelClass, labels
from histoloop.models import architectures
from histoloop.training.experiment_config import read_experiment
from histoloop.training.experiment_file import read_entries
from histoloop.training.experiment_keys import ARCHITECTURES, KEYS, LOSSES, Context, Elsewhere
from histoloop.training.losses import LOSSES as KNOWN_LOSSES


def read(folder, given=None, **changed):
    return read_experiment(write_config(folder / "project", **changed), given or {})


def found(experiment, name):
    (finding,) = [one for one in experiment.findings if one.name == name]
    return finding


def test_the_published_section_becomes_options(tmp_path):
    assert read(tmp_path).options == {
        "architecture": "unet-classic",
        "arch_config": {
            "levels": 8,
            "base_filters": 16,
            "base_kernel": 5,
            "dilation": 1,
            "dropout": 0.05,
        },
        "side": 512,
        "augment": False,
        "optimizer": "adam",
        "learning_rate": 0.0001,
        "clip_value": 0.5,
        "clip_norm": None,
        "loss": "bce+dice",
        "epochs": 100,
        "batch": 2,
        "patience": 10,
        "monitor": "loss",
        "keep": "best",
        "average": 0.0,
        "schedule": "plateau",
        "plateau_factor": 0.2,
        "plateau_patience": 4,
        "tile": 768,
        "halo": 128,
    }


def test_every_key_is_accounted_for_once(tmp_path):
    experiment = read(tmp_path, model__nonsense="3", train__poch_change_infer="True")
    lines = [line for line in CONFIG.splitlines() if "=" in line and not line.startswith(";")]
    said = [one for one in experiment.findings if one.line]
    assert len(said) == len({one.name for one in said}) == len(lines) + 2
    assert all(one.became for one in said)
    left = list(experiment.left_out())
    assert len(left) == 1 + sum(one.fate != "used" for one in said)
    assert "train.poch_change_infer = True: not known; train.epoch_change_infer is" in left[1:][1]
    record = experiment.record()["keys"]
    assert record["model.nonsense"] == {"value": "3", "became": "not known"}
    assert record["mask.blur"]["became"] in "\n".join(left)


def test_a_file_is_taken_as_it_comes(tmp_path):
    path = tmp_path / "odd.config"
    path.write_bytes(
        b'\xef\xbb\xbf; \x83R\x83\x81\r\n[Model] ; the net\r\n\tLoss\t=\t"a ; b"  ; why\r\n'
        b"  rgb_map = {(0,0,0):0,\r\n\r\n ; red\r\n   (255,0,0):1}\r\n"
        b"metrics = dice_coef ; bare\r\nloss = iou_loss\r\n"
        b"[train]\r\nepochs = 1\r\nepochs = 2\r\nempty =\r\n"
    )
    entries = read_entries(path)
    assert {name: entry.value for name, entry in entries.items()} == {
        "model.loss": "iou_loss",
        "model.rgb_map": {(0, 0, 0): 0, (255, 0, 0): 1},
        "model.metrics": "dice_coef",
        "train.epochs": 2,
        "train.empty": "",
    }
    assert entries["train.epochs"].repeated == (11,)
    experiment = read_experiment(path, {})
    assert found(experiment, "train.epochs").became == "--epochs 2 (it counts, not line 11)"


@pytest.mark.parametrize(
    "value",
    [
        "__import__('os').abort()",
        "open('proof', 'w')",
        "(lambda: 1/0)()",
        "10**10**10",
        "[" * 5000,
        "-" * 9000 + "1",
        "9" * 6000,
        "1" * 400,
        "1e999",
        "0x",
        "'\\d'",
        "None",
        "True",
        "{}",
        "(1,",
        "(5, 3)",
        "-1",
    ],
    ids=lambda value: value[:12],
)
@pytest.mark.parametrize("key", ["train__epochs", "model__base_kernels", "model__loss"])
def test_a_value_of_another_kind_is_one_error_and_nothing_is_run(tmp_path, monkeypatch, key, value):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=f"{key.replace('__', '.')}.*it takes") as caught:
        read(tmp_path, **{key: value})
    assert "line 7" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert [one.name for one in tmp_path.iterdir()] == ["project"]


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=4,
)


@settings(max_examples=150)
@given(name=st.sampled_from(sorted(KEYS)), value=LITERALS.map(repr) | st.text(max_size=40))
def test_no_value_of_any_key_raises_anything_else(tmp_path_factory, name, value):
    section, key = name.split(".")
    path = tmp_path_factory.mktemp("any") / "a.config"
    path.write_text(f"[{section}]\n{key} = {value}\n", errors="replace")
    try:
        experiment = read_experiment(path, {})
    except UsageError:
        return
    assert list(experiment.explain())


@settings(max_examples=100)
@given(st.text(alphabet="[]=;#\"'\t\r\n(),: modeltrain1.x", max_size=80) | st.binary(max_size=80))
def test_no_file_raises_anything_else(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "a.config"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with suppress(UsageError):
        read_experiment(path, {})


def test_what_was_given_wins(tmp_path):
    given = {
        "epochs": 2,
        "arch_config": {"levels": 3},
        "clip_norm": 1.0,
        "loss": "dice",
        "classes": "a,b",
    }
    experiment = read(tmp_path, given, model__loss='"unheard_of"')
    assert not {"epochs", "clip_value", "clip_norm", "loss"} & set(experiment.options)
    assert experiment.options["arch_config"]["levels"] == 3
    assert experiment.options["arch_config"]["base_kernel"] == 5
    assert experiment.classes is None
    assert found(experiment, "train.epochs").became == "overruled by --epochs 2"
    assert found(experiment, "model.num_layers").became == "overruled by --arch-config levels=3"
    assert found(experiment, "model.loss").fate == "overruled"


def test_another_architecture_takes_of_the_file_what_it_has(tmp_path):
    experiment = read(tmp_path, {"architecture": "attention-unet"})
    assert experiment.options["arch_config"] == {"levels": 8, "base_filters": 16}
    assert found(experiment, "model.model").became == "overruled by --architecture attention-unet"
    assert found(experiment, "model.base_kernels").became == "nothing to choose in attention-unet"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_model_of_the_experiments_can_be_configured(tmp_path, name):
    swin = {
        "model__filter_num_begin": "128",
        "model__depth": "4",
        "model__stack_num_down": "2",
        "model__patch_size": "(4, 4)",
        "model__num_heads": "[4, 8, 8, 8]",
        "model__window_size": "[4, 2, 2, 2]",
    }
    extra = swin if name == "swinunet" else {"model__activation": '"Mish"'}
    options = read(tmp_path, model__model=f'"Tensorflow{name}"', **extra).options
    config = architectures.configure(options["architecture"], 1, **options["arch_config"])
    assert options["side"] % config.stride == 0
    shape = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    if name == "swinunet":
        assert (shape["depths"], shape["heads"], shape["head_width"]) == ((2, 2, 2, 2), 4, 32)
    if name == "efficientnetb7unet":
        assert shape["encoder"] == "EfficientNetB7"


def test_every_loss_is_one_of_ours():
    assert set(LOSSES.values()) <= set(KNOWN_LOSSES)


def test_what_the_experiment_takes_for_a_key_that_is_not_there(tmp_path):
    path = tmp_path / "short.config"
    path.write_text("[train]\npatience = 6\nlearning_rate_reducer = True\n")
    experiment = read_experiment(path, {})
    assert experiment.options["clip_value"] == 0.2
    assert experiment.options["loss"] == "bce"
    assert experiment.options["plateau_patience"] == 3
    assert experiment.options["arch_config"] == {"base_kernel": 3}
    assert found(experiment, "model.clipvalue").line == 0
    assert "(its default)" in str(found(experiment, "model.clipvalue"))


def test_without_a_reducer_the_rate_stays(tmp_path):
    options = read(tmp_path, train__learning_rate_reducer="False").options
    assert (options["schedule"], options["plateau_factor"]) == ("plateau", 1.0)


def test_a_generator_augments_and_counts_its_steps(tmp_path):
    experiment = read(tmp_path, model__generator="True", train__steps_per_epoch="240")
    assert experiment.options["augment"] is True
    assert experiment.options["steps"] == 240
    quiet = read(tmp_path, model__generator="True", generator__augmentation="False")
    assert quiet.options["augment"] is False
    assert "steps" not in read(tmp_path, train__steps_per_epoch="240").options


@pytest.mark.parametrize(("named", "wanted"), [("3", "num_classes is 3"), ("1", None)])
def test_the_number_of_classes_has_to_fit(tmp_path, named, wanted):
    experiment = read(tmp_path, model__num_classes=named)
    if wanted is None:
        experiment.check_classes(1)
    else:
        with pytest.raises(UsageError, match=wanted):
            experiment.check_classes(1)


def test_the_data_is_found_beside_the_file_or_where_one_stands(tmp_path, monkeypatch):
    for split in ("train", "valid", "test"):
        for kind in ("images", "masks"):
            (tmp_path / "dataset/Cancer" / split / kind).mkdir(parents=True)
    assert read(tmp_path).data() == tmp_path / "dataset/Cancer"
    monkeypatch.chdir(tmp_path / "project")
    elsewhere = tmp_path / "deep/er"
    assert read_experiment(write_config(elsewhere), {}).data() == tmp_path / "dataset/Cancer"


@pytest.mark.parametrize(
    ("changed", "wanted"),
    [
        ({}, r"line \d+: train.image_datapath.*no folder train/images.*--data"),
        ({"train__image_datapath": '"../here/test/images"'}, "no folder train/images"),
        ({"train__image_datapath": "3"}, "no folder train/images"),
    ],
)
def test_data_that_is_not_there_or_lies_otherwise_has_to_be_named(tmp_path, changed, wanted):
    (tmp_path / "here/test/images").mkdir(parents=True)
    with pytest.raises(UsageError, match=wanted):
        read(tmp_path, **changed).data()


def test_a_file_without_data_needs_it_named(tmp_path):
    path = tmp_path / "short.config"
    path.write_text("[train]\nepochs = 2\n")
    with pytest.raises(UsageError, match=r"names no data at all.*--data DIR"):
        read_experiment(path, {}).data()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("epochs = 3\n", "line 1: 'epochs = 3' is neither"),
        ("[train]\nepochs 3\n", "line 2: 'epochs 3' is neither"),
        ("[train\n", "line 1"),
    ],
)
def test_a_line_that_means_nothing_is_named(tmp_path, content, wanted):
    path = tmp_path / "bad.config"
    path.write_text(content)
    with pytest.raises(UsageError, match=wanted):
        read_experiment(path, {})


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"gone\.config: cannot be read"):
        read_experiment(tmp_path / "gone.config", {})


INFERENCE = ("infer", "tiledinfer", "segmentation")


def test_inference_becomes_flags_that_segment_has(tmp_path):
    asked = {
        f"{section}__{key}": value
        for section in INFERENCE[:2]
        for key, value in {
            "binarize": "True",
            "threshold": "118",
            "mask_colorize": "True",
            "merged_dir": '"./merged"',
        }.items()
    }
    experiment = read(tmp_path, segmentation__colorize="True", **asked)
    became = {one.name: one.became for one in experiment.findings}
    assert became["infer.binarize"] == "segment --binarise"
    assert became["tiledinfer.threshold"] == "segment --threshold 0.4627"
    assert became["infer.sharpening"] == "segment --sharpen"
    assert became["segmentation.colorize"].startswith("segment --colourise (it counts")
    assert "--whole" in became["infer.images_dir"]
    assert "--whole" not in became["tiledinfer.images_dir"]
    said = "\n".join(became[name] for name in became if name.split(".")[0] in INFERENCE)
    flags = {option for one in segment_command().params for option in one.opts}
    assert set(re.findall(r"--\w+", said)) <= flags | {"--tile", "--halo"}
    assert {"--binarise", "--merged", "--whole", "--out"} <= set(re.findall(r"--\w+", said))


def test_what_is_off_in_the_inference_stays_off(tmp_path):
    off = {"infer__sharpening": "False", "infer__binarize": "False"}
    experiment = read(tmp_path, **off)
    assert found(experiment, "infer.sharpening").became.startswith("off, as without --sharpen")
    assert found(experiment, "infer.sharpening").fate == "unused"
    assert found(experiment, "infer.binarize").became == "segment --grey"


def test_a_threshold_of_255_is_the_same_of_1():
    values = np.arange(256, dtype=np.uint8)[None, None]
    for grey in range(256):
        became = KEYS["infer.threshold"].translate(grey, Context("unet-classic", {}))
        threshold = float(became.removeprefix("segment --threshold "))
        codes = labels(values, (LabelClass("tumor", 1, "#ffffff"),), threshold)
        assert int(np.argmax(codes)) == max(grey, 1)


def segment_command():
    return typer.main.get_command(app).commands["segment"]


def test_the_table_of_the_inference_says_what_explain_says():
    """Every key of its sections stands there, in a row with the flag that it becomes."""
    text = (Path(__file__).parents[2] / "docs/experiment.md").read_text()
    rows = [line for line in text.partition("## Inference")[2].splitlines() if "|" in line]
    context = Context("unet-classic", {})
    for name in (name for name in KEYS if name.split(".")[0] in INFERENCE):
        (row,) = (line for line in rows if f"`{name}`" in line.split("|")[1])
        answer = KEYS[name].translate(1 if "threshold" not in name else 127, context)
        if isinstance(answer, dict):
            flags = {f"--{one}" for one in answer}
        else:
            flags = set(re.findall(r"--\w+", answer)) if isinstance(answer, Elsewhere) else set()
        assert flags <= set(re.findall(r"--\w+", row)), name
        assert bool(flags or "PICTURES" in row) != ("nothing" in row), name


def test_the_documentation_names_every_key():
    text = (Path(__file__).parents[2] / "docs/experiment.md").read_text()
    assert [name for name in KEYS if f"`{name}`" not in text] == []
