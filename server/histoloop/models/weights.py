"""Loading a network without running anybody's code."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from histoloop.errors import ModelError
from histoloop.models.card import WEIGHTS
from histoloop.models.registry import Model

if TYPE_CHECKING:
    import keras

_WEIGHTS = "model.weights.h5"
_MEMBERS = frozenset({"metadata.json", "config.json", _WEIGHTS})
"""What Keras writes into a file without assets, which no network of ours has."""

_MOST_CONFIG = 64 * 2**20
_MOST_UNPACKED = 20
"""Times as large as packed: weights are hardly compressible, and a bomb is all that is."""

_ODD = (ValueError, OSError, TypeError, KeyError, AttributeError, RuntimeError)
"""What reading an archive, or Keras, may make of a file that nobody's Keras has written."""

_LAYERS = ("keras", "keras.layers", "keras.initializers", "keras.regularizers", "keras.constraints")
_OPERATIONS = ("keras.src.models.", "keras.src.ops.", "histoloop.models.architectures.")
_CODE = frozenset(
    {"Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"}
    | {"function", "__lambda__"}
)
"""What runs code that the file holds or names."""


def load_network(model: Model) -> keras.Model:
    """The Keras network of a model, safe mode: no pickle, no Lambda code, no names of other code.

    Raises:
        ModelError: the file cannot be loaded that way.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    from histoloop.models.architectures import windows  # noqa: F401 - registers its layers

    try:
        _refuse_odd_archive(model.folder / WEIGHTS)
        if odd := next(_strangers(model.folder / WEIGHTS), None):
            raise ValueError(f"it asks for {odd}")
        return keras.saving.load_model(model.folder / WEIGHTS, compile=False, safe_mode=True)
    except (*_ODD, zipfile.BadZipFile, zlib.error) as error:
        raise ModelError(
            f"{model.card.reference}: {WEIGHTS} cannot be loaded in safe mode ({error})",
            hint="save it again with Keras 3, without Lambda layers",
        ) from error


def _refuse_odd_archive(path: Path) -> None:
    """Look at the list of contents, before anything is unpacked."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if odd := [one.filename for one in members if one.filename not in _MEMBERS]:
        raise ValueError(f"it holds {odd[0]!r}")
    if len(members) > len(_MEMBERS):
        raise ValueError("it holds a file twice")
    unpacked = sum(one.file_size for one in members)
    limit = _MOST_CONFIG + _MOST_UNPACKED * path.stat().st_size
    config = sum(one.file_size for one in members if one.filename.endswith(".json"))
    if config > _MOST_CONFIG or unpacked > limit:
        raise ValueError(f"it would unpack to {unpacked / 2**20:,.0f} MB")
    _refuse_odd_weights(path, limit)


def _refuse_odd_weights(path: Path, limit: int) -> None:
    """Look at what the weights say of themselves, before any of them is read.

    HDF5 packs, too: an array of any size takes no room if it is empty. And it may name other
    files of this machine, which would be read as weights.
    """
    import h5py

    said = 0

    def look(name: str, one: h5py.Group | h5py.Dataset) -> None:
        nonlocal said
        if isinstance(one, h5py.Dataset):
            if one.external or one.is_virtual:
                raise ValueError(f"its weights {name!r} lie in another file")
            said += one.size * one.dtype.itemsize
        elif odd := [key for key in one if type(one.get(key, getlink=True)) is not h5py.HardLink]:
            raise ValueError(f"its weights {odd[0]!r} are a link to elsewhere")

    with (
        zipfile.ZipFile(path) as archive,
        archive.open(_WEIGHTS) as packed,
        h5py.File(packed, "r") as file,
    ):
        look("", file)
        file.visititems(look)
    if said > limit:
        raise ValueError(f"it would unpack to {said / 2**20:,.0f} MB")


def _strangers(path: Path) -> Iterator[str]:
    """What a file wants to have made that is neither a layer of Keras nor of ours.

    Keras imports whatever module a file names; its safe mode forbids some of that only.
    """
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
    config.pop("compile_config", None)  # is never read
    yield from _strange(config)


def _strange(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "class_name" in value and not _is_known(value):
            yield f"{value.get('module')}.{value['class_name']}"
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _strange(one)


def _is_known(named: dict[str, Any]) -> bool:
    module, kind = named.get("module"), str(named["class_name"])
    if module is None:
        return kind == "__keras_tensor__"
    return kind not in _CODE and (module in _LAYERS or str(module).startswith(_OPERATIONS))
