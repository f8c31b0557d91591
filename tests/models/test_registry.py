"""The registry: what is let in, what a name stands for, and the way back."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import pickle
import shutil
import warnings
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from tests.support.tiny_model import save_tiny_model, tiny_network

from histoloop.errors import ModelError, NotFoundError, StateError
from histoloop.geometry import Size
from histoloop.jobs.context import Context
from histoloop.jobs.plan import SegmentParameters
from histoloop.jobs.segment import segment
from histoloop.models.admission import add
from histoloop.models.card import CARD, WEIGHTS, ClassCard, read_card, weights_digest
from histoloop.models.registry import Model, ModelRegistry
from histoloop.models.tags import TAGS, Standing, TagStore
from histoloop.models.weights import load_network
from histoloop.slides.folder import SlideFile

SIZE = Size(900, 700)


def made(folder: Path, seed: int = 3, **changes) -> Path:
    save_tiny_model(folder, tiny_network(seed=seed), **changes)
    return folder


@pytest.fixture
def registry(tmp_path) -> ModelRegistry:
    """Has taken in three versions of `tiny`; the first is active."""
    registry = ModelRegistry(tmp_path / "home")
    for seed in (1, 2, 3):
        add(registry, made(tmp_path / f"made-{seed}", seed), "Ada", f"seed {seed}")
    return registry


def tags(registry: ModelRegistry) -> dict[int, tuple[str, ...]]:
    models = [model.card for model in registry.list() if model.card.name == "tiny"]
    return {card.version: registry.tags_of(card) for card in models}


def test_the_first_of_a_name_is_active_and_later_ones_wait(registry):
    assert tags(registry) == {3: ("candidate",), 2: (), 1: ("active",)}
    assert registry.get("tiny").card.version == 1
    assert registry.get("tiny@active").card.version == 1
    assert registry.get("tiny@candidate").card.version == 3
    assert registry.get("tiny@2").card.version == 2


def test_a_taken_version_becomes_the_next_and_the_given_folder_is_left_alone(registry, tmp_path):
    assert read_card(tmp_path / "made-3").version == 1
    found = registry.get("tiny@3")
    assert found.folder != tmp_path / "made-3"
    assert found.card.digest == read_card(tmp_path / "made-3").digest
    with pytest.raises(ModelError, match=r"is here already as tiny@3"):
        add(registry, tmp_path / "made-3", "Ada")


def test_promote_and_rollback_go_back_step_by_step_and_keep_who_and_why(registry):
    registry.promote("tiny@2", "Ada", "better on glands")
    registry.promote("tiny@3", "Bob")
    assert registry.get("tiny").card.version == 3
    assert registry.rollback("tiny", "Cyd", "too much stroma").card.version == 2
    assert registry.rollback("tiny", "Cyd").card.version == 1
    with pytest.raises(StateError, match="tiny: no other version was active before"):
        registry.rollback("tiny", "Cyd")
    registry.promote("tiny@3", "Ada")
    assert registry.rollback("tiny", "Ada").card.version == 1
    told = registry.tags.read("tiny").history[3:6]
    assert [(one.what, one.version, one.before, one.by, one.why) for one in told] == [
        ("promoted", 2, 1, "Ada", "better on glands"),
        ("promoted", 3, 2, "Bob", ""),
        ("rolled back", 2, 3, "Cyd", "too much stroma"),
    ]


@pytest.mark.parametrize(
    ("reference", "error"),
    [
        ("tiny", NotFoundError),
        ("tiny@9", NotFoundError),
        ("nobody@1", NotFoundError),
        ("../tiny@1", NotFoundError),
        ("tiny@1", StateError),
    ],
)
def test_what_cannot_be_promoted_is_refused_and_changes_nothing(registry, reference, error):
    before = registry.tags.read("tiny")
    with pytest.raises(error):
        registry.promote(reference, "Ada")
    assert registry.tags.read("tiny") == before
    assert not (registry.folder.parent / "tiny").exists()


def test_models_that_nobody_has_tagged_can_be_promoted_and_rolled_back(tmp_path):
    for version in (1, 2):
        made(tmp_path / f"models/tiny-{version}", version, version=version)
    registry = ModelRegistry(tmp_path)
    assert tags(registry) == {2: ("active",), 1: ()}
    registry.promote("tiny@1", "Ada")
    assert registry.get("tiny").card.version == 1
    assert registry.rollback("tiny", "Ada").card.version == 2


def test_what_a_name_stood_for_by_being_the_newest_stays_so_when_another_is_added(tmp_path):
    made(tmp_path / "models/tiny-4", 1, version=4)
    registry = ModelRegistry(tmp_path)
    assert add(registry, made(tmp_path / "new", 2), "Ada").card.version == 1
    assert add(registry, made(tmp_path / "newer", 3, version=4), "Ada").card.version == 5
    assert registry.get("tiny").card.version == 4


def test_a_lost_active_version_is_said_not_replaced_unasked(registry, tmp_path):
    registry.promote("tiny@3", "Ada")
    shutil.rmtree(registry.get("tiny@3").folder)
    with pytest.raises(NotFoundError, match=r"tiny@3 is tagged, but its folder is gone"):
        registry.get("tiny")
    assert registry.get("tiny@2").card.version == 2
    assert add(registry, made(tmp_path / "new", 9), "Ada").card.version == 4, "3 was taken once"
    with pytest.raises(NotFoundError):
        registry.get("tiny")
    assert registry.rollback("tiny", "Ada").card.version == 1


def test_damaged_tags_are_said(registry):
    path = registry.tags.folder / "tiny" / TAGS
    path.write_text("{}garbage")
    with pytest.raises(ModelError, match=str(path)):
        registry.get("tiny")


def test_the_home_s_model_hides_a_bundled_one_of_the_same_version(tmp_path):
    bundled = ModelRegistry(tmp_path).get("tumor").card.version
    made(tmp_path / "models/mine", name="tumor", version=bundled)
    found = ModelRegistry(tmp_path).get("tumor")
    assert found.folder == tmp_path / "models/mine"


def test_lineage_goes_back_to_the_root_and_ends_in_a_circle(tmp_path):
    parents = {1: None, 2: "tiny@1", 3: "tiny@2", 4: "gone@7", 5: "tiny@5"}
    for version, parent in parents.items():
        made(tmp_path / f"models/{version}", version, version=version, parent=parent)
    registry = ModelRegistry(tmp_path)
    lineages = [list(registry.lineage(registry.get(f"tiny@{v}").card)) for v in (1, 3, 4, 5)]
    assert lineages == [[], ["tiny@2", "tiny@1"], ["gone@7"], ["tiny@5"]]


def promote_often(home: Path, seed: int) -> None:
    registry, random = ModelRegistry(home), np.random.default_rng(seed)
    for _ in range(15):
        try:
            registry.promote(f"tiny@{random.integers(1, 4)}", f"process {seed}")
        except StateError:
            continue


def test_processes_that_promote_at_once_lose_no_event(registry):
    home = registry.folder.parent
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=promote_often, args=(home, seed)) for seed in (1, 2)]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
        assert one.exitcode == 0
    standing = registry.tags.read("tiny")
    promoted = [one for one in standing.history if one.what == "promoted"]
    assert {one.by for one in promoted} == {"process 1", "process 2"}
    assert all(a.version == b.before for a, b in itertools.pairwise(promoted))
    assert len(standing.earlier) == len(promoted)


def test_a_process_that_dies_while_it_writes_leaves_the_tags_as_they_were(tmp_path):
    store = TagStore(tmp_path)
    with store.locked("tiny"):
        store.write("tiny", Standing(active=1))
    (tmp_path / "tiny" / "tags.partial").write_text('{"active": 2, "his')
    assert store.read("tiny").active == 1
    with store.locked("tiny"):
        store.write("tiny", Standing(active=2))
    assert store.read("tiny").active == 2


def test_a_copy_that_was_cut_off_is_no_model_and_is_in_nobody_s_way(registry, tmp_path):
    half = registry.tags.folder / "tiny" / "adding-4"
    half.mkdir()
    (half / CARD).write_text("{")
    assert set(tags(registry)) == {1, 2, 3}
    assert add(registry, made(tmp_path / "new", 7), "Ada").card.version == 4
    assert not half.exists()


def sealed(folder: Path) -> None:
    """Have the card's digest fit the weights."""
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | {"digest": weights_digest(folder / WEIGHTS)}))


def with_config(folder: Path, change) -> None:
    """Change the network's configuration, and the card so that the digest fits."""
    path = folder / WEIGHTS
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    config = json.loads(content["config.json"])
    change(config)
    content["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as new:
        for name, body in content.items():
            new.writestr(name, body)
    sealed(folder)


def last_layer(config) -> dict:
    return config["config"]["layers"][-1]


def lambda_layer(config):
    last_layer(config)["class_name"] = "Lambda"


def somebody_s_module(config):
    last_layer(config)["module"], last_layer(config)["class_name"] = "os", "system"


def function_for_an_activation(config):
    last_layer(config)["config"]["activation"] = {
        "module": "keras.utils",
        "class_name": "function",
        "config": "get_file",
        "registered_name": "function",
    }


def our_command_line(config):
    last_layer(config)["module"], last_layer(config)["class_name"] = "histoloop.cli.main", "main"


@pytest.mark.parametrize(
    "change", [lambda_layer, somebody_s_module, function_for_an_activation, our_command_line]
)
def test_a_network_that_brings_or_names_code_is_refused(registry, tmp_path, change):
    folder = made(tmp_path / "evil", name="evil")
    with_config(folder, change)
    with pytest.raises(ModelError, match="cannot be loaded in safe mode") as error:
        add(registry, folder, "Eve")
    assert "\n" not in str(error.value)
    with pytest.raises(ModelError, match="safe mode"):
        load_network(Model(folder, read_card(folder)))
    assert not registry.tags.read("evil").history


def traversing(archive):
    archive.writestr("../../evil.py", "import os")


def with_assets(archive):
    archive.writestr("assets/_layer/vocabulary.txt", "x")


def bomb(archive):
    archive.writestr("model.weights.h5", b"\0" * 2**28)


def swollen_config(archive):
    archive.writestr("config.json", b" " * 2**27)


@pytest.mark.parametrize("change", [traversing, with_assets, bomb, swollen_config])
def test_an_archive_with_more_in_it_than_a_network_is_not_unpacked(registry, tmp_path, change):
    folder = made(tmp_path / "evil", name="evil")
    path = folder / WEIGHTS
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")  # of a name that is there twice
        change(archive)
    sealed(folder)
    with pytest.raises(
        ModelError, match=r"cannot be loaded in safe mode \(it (holds|would)"
    ) as error:
        add(registry, folder, "Eve")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.rglob("evil.py"))


def test_a_bomb_alone_is_not_unpacked(registry, tmp_path):
    folder = made(tmp_path / "evil", name="evil")
    path = folder / WEIGHTS
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content["model.weights.h5"] = b"\0" * 2**28
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, body in content.items():
            new.writestr(name, body)
    sealed(folder)
    with pytest.raises(ModelError, match="would unpack to 256 MB"):
        add(registry, folder, "Eve")


def empty_giant(file, _):
    file.create_dataset("giant", (2**40,), "f4", chunks=(2**20,), compression="gzip")


def giant_of_zeros(file, _):
    file.create_dataset("zeros", data=np.zeros(2**26, "f4"), compression="gzip")


def somebody_s_file(file, secret):
    file.create_dataset("secret", (4,), "u1", external=[(str(secret), 0, 4)])


def another_hdf5(file, secret):
    file["other"] = h5py.ExternalLink(str(secret), "/")


def a_soft_link(file, _):
    file["soft"] = h5py.SoftLink("/layers")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (empty_giant, r"would unpack to [\d,]+ MB"),
        (giant_of_zeros, "would unpack to 256 MB"),
        (somebody_s_file, "'secret' lie in another file"),
        (another_hdf5, "'other' are a link to elsewhere"),
        (a_soft_link, "'soft' are a link to elsewhere"),
    ],
)
def test_weights_that_are_a_bomb_or_lie_elsewhere_are_not_read(registry, tmp_path, change, reason):
    """Inside model.weights.h5: what the archive says of its size is true."""
    folder = made(tmp_path / "evil", name="evil")
    (tmp_path / "secret").write_bytes(b"key!")
    with zipfile.ZipFile(folder / WEIGHTS) as old:
        content = {name: old.read(name) for name in old.namelist()}
    inner = tmp_path / "inner.h5"
    inner.write_bytes(content["model.weights.h5"])
    with h5py.File(inner, "a") as file:
        change(file, tmp_path / "secret")
    content["model.weights.h5"] = inner.read_bytes()
    with zipfile.ZipFile(folder / WEIGHTS, "w") as new:
        for name, body in content.items():
            new.writestr(name, body)
    sealed(folder)
    with pytest.raises(ModelError, match=reason):
        add(registry, folder, "Eve")
    assert not registry.tags.read("evil").history


def a_pickle(path):
    path.write_bytes(pickle.dumps({"weights": [1.0]}))


def a_saved_h5(path):
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(4096))


@pytest.mark.parametrize("write", [a_pickle, a_saved_h5])
def test_weights_of_another_kind_are_refused(registry, tmp_path, write):
    folder = made(tmp_path / "evil", name="evil")
    write(folder / WEIGHTS)
    sealed(folder)
    with pytest.raises(ModelError, match="safe mode"):
        add(registry, folder, "Eve")


def striding():
    import keras

    pixels = keras.Input((None, None, 3))
    down = keras.layers.Conv2D(1, 3, 64, padding="same", activation="sigmoid")(pixels)
    up = keras.layers.UpSampling2D(64)(down)
    return keras.Model(pixels, up)


def unbounded():
    import keras

    pixels = keras.Input((None, None, 3))
    return keras.Model(
        pixels,
        keras.layers.Conv2D(1, 3, padding="same", bias_initializer="ones")(
            keras.layers.Rescaling(9.0)(pixels)
        ),
    )


def test_what_does_not_work_is_refused_with_the_reason(registry, tmp_path):
    two = tuple(ClassCard(name=n, code=c, color="#336699") for c, n in enumerate("ab", start=1))
    cases = {
        "predicts .* 2 classes": {"classes": two},
        "do not fit": {"halo": 48},
        r"predicts \(128, 128, 1\) for a tile of 96 px": {"network": striding()},
        "no probability": {"network": unbounded()},
    }
    for number, (said, changes) in enumerate(cases.items()):
        folder = tmp_path / f"bad-{number}"
        save_tiny_model(folder, changes.pop("network", None), **changes)
        with pytest.raises(ModelError, match=said):
            add(registry, folder, "Ada")
    other = made(tmp_path / "other")
    (other / WEIGHTS).write_bytes(b"something else")
    with pytest.raises(ModelError, match=r"is not the file that card\.json of"):
        add(registry, other, "Ada")
    with pytest.raises(ModelError, match="is no model folder"):
        add(registry, tmp_path, "Ada")
    assert set(tags(registry)) == {1, 2, 3}


def test_the_next_job_after_a_rollback_uses_the_old_model(registry, tissue_slide, tmp_path):
    home = registry.folder.parent

    def used() -> int:
        out = tmp_path / f"run-{len(list(tmp_path.glob('run-*')))}"
        asked = SegmentParameters(SlideFile(tissue_slide), "tiny", out)
        segment(asked, home, Context())
        return json.loads((out / "report.json").read_text())["model"]["version"]

    before = used()
    registry.promote("tiny@3", "Ada")
    promoted = used()
    registry.rollback("tiny", "Ada")
    assert (before, promoted, used()) == (1, 3, 1)
