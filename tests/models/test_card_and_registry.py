"""Model folders: what is believed, what is refused, what is found."""

from __future__ import annotations

import json
import shutil

import pytest
from tests.support.tiny_model import save_tiny_model

from histoloop.errors import HistoloopError, ModelError, NotFoundError
from histoloop.models.card import CARD, WEIGHTS, ModelCard, read_card, weights_digest
from histoloop.models.registry import Model, ModelRegistry
from histoloop.models.weights import load_network


@pytest.fixture
def folder(tiny, tmp_path):
    return shutil.copytree(tiny.folder, tmp_path / "model")


def change(folder, **fields):
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | fields))


def test_a_whole_folder_is_believed(folder, tiny):
    assert read_card(folder) == tiny.card
    assert tiny.card.reference == "tiny@1"
    assert tiny.card.tiling.step == 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mpp", 0),
        ("mpp", "fast"),
        ("version", 0),
        ("name", "../evil"),
        ("name", ""),
        ("classes", []),
        ("classes", [{"name": "tumor", "code": 0, "color": "#000000"}]),
        ("classes", [{"name": "tumor", "code": 1, "color": "red"}]),
        ("tile", -1),
        ("normalisation", "whatever"),
        ("surprise", 1),
    ],
)
def test_a_wrong_field_is_named(folder, field, value):
    change(folder, **{field: value})
    with pytest.raises(ModelError) as error:
        read_card(folder)
    assert field in str(error.value)
    assert CARD in str(error.value)
    assert "\n" not in str(error.value)


def test_a_card_that_is_no_json_is_refused(folder):
    (folder / CARD).write_text("{ not json")
    with pytest.raises(ModelError, match="card"):
        read_card(folder)


def test_other_weights_than_the_card_s_are_refused(folder):
    with (folder / WEIGHTS).open("ab") as file:
        file.write(b"!")
    with pytest.raises(ModelError, match="is not the file"):
        read_card(folder)


@pytest.mark.parametrize("name", [CARD, WEIGHTS])
def test_an_incomplete_folder_is_refused(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError):
        read_card(folder)


def test_a_network_with_code_in_it_is_not_run(tmp_path):
    import keras

    pixels = keras.Input((None, None, 3))
    network = keras.Model(pixels, keras.layers.Lambda(lambda x: x[..., :1])(pixels))
    card = save_tiny_model(tmp_path / "evil", network, name="evil")
    with pytest.raises(ModelError, match="safe mode"):
        load_network(Model(tmp_path / "evil", card))


def test_weights_that_are_no_archive_are_a_model_error(folder):
    (folder / WEIGHTS).write_bytes(b"garbage")
    change(folder, digest=weights_digest(folder / WEIGHTS))
    with pytest.raises(ModelError):
        load_network(Model(folder, read_card(folder)))


def copy_as(tiny, home, name, version):
    folder = shutil.copytree(tiny.folder, home / "models" / f"{name}-{version}")
    change(folder, name=name, version=version)
    return folder


def test_models_are_found_by_name_version_and_folder(tiny, tmp_path):
    for version in (1, 2, 10):
        copy_as(tiny, tmp_path, "lymph", version)
    registry = ModelRegistry(tmp_path)
    assert registry.get("lymph@2").card.version == 2
    assert registry.get("lymph").card.version == 10, "without a version the newest"
    assert registry.get(str(tiny.folder)).card == tiny.card


@pytest.mark.parametrize(
    "reference", ["nobody", "lymph@7", "lymph@", "lymph@x", "LYMPH", "/no/such"]
)
def test_an_unknown_model_names_the_known_ones(tiny, tmp_path, reference):
    copy_as(tiny, tmp_path, "lymph", 1)
    if reference == "lymph@":
        assert ModelRegistry(tmp_path).get(reference).card.version == 1
        return
    with pytest.raises(NotFoundError, match="lymph@1"):
        ModelRegistry(tmp_path).get(reference)


def test_a_broken_folder_does_not_hide_the_others(tiny, tmp_path):
    copy_as(tiny, tmp_path, "lymph", 1)
    (copy_as(tiny, tmp_path, "lymph", 2) / WEIGHTS).unlink()
    references = [model.card.reference for model in ModelRegistry(tmp_path).list()]
    assert "lymph@1" in references
    assert "lymph@2" not in references


def test_the_list_is_by_name_and_the_newest_first(tiny, tmp_path):
    for name, version in (("b", 1), ("a", 2), ("a", 10)):
        copy_as(tiny, tmp_path, name, version)
    known = [model.card.reference for model in ModelRegistry(tmp_path).list()]
    ours = [reference for reference in known if reference[0] in "ab" and "@" in reference[:2]]
    assert ours == ["a@10", "a@2", "b@1"]


def test_a_card_survives_json(tiny):
    assert ModelCard.model_validate_json(tiny.card.model_dump_json()) == tiny.card


def test_a_tiling_that_does_not_fit_is_an_error_for_people(folder):
    change(folder, halo=200)
    with pytest.raises(HistoloopError, match="do not fit"):
        _ = read_card(folder).tiling
