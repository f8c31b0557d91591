"""Weights that PyTorch saved are read without it, and run nothing."""

from __future__ import annotations

import io
import os
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from histoloop.errors import ModelError
from histoloop.models.architectures.torch_file import read_tensors


def rebuilt(storage, offset, shape, strides):
    """A tensor as ``torch.save`` pickles it."""

    class Tensor:
        def __reduce__(self):
            return FUNCTION, (storage, offset, shape, strides, False, OrderedDict())

    return Tensor()


class Storage:
    def __init__(self, kind, key, numbers):
        self.kind, self.key, self.numbers = kind, key, numbers


def FUNCTION(*_):  # noqa: N802 - stands for torch._utils._rebuild_tensor_v2
    raise NotImplementedError


FUNCTION.__module__, FUNCTION.__qualname__ = "torch._utils", "_rebuild_tensor_v2"


class Float:
    pass


Float.__module__, Float.__qualname__ = "torch", "FloatStorage"


class Writer(pickle._Pickler):
    """Names are not looked up: PyTorch is not here."""

    def persistent_id(self, obj):
        if isinstance(obj, Storage):
            return ("storage", obj.kind, obj.key, "cpu", obj.numbers.size, None)
        return None

    def save_global(self, obj, name=None):
        line = f"c{obj.__module__}\n{obj.__qualname__}\n"
        self.write(line.encode())

    dispatch = pickle._Pickler.dispatch | {type: save_global, type(FUNCTION): save_global}


def saved(tensors, storages, magic=0x1950A86A20F9469CFC6C):
    file = io.BytesIO()
    machine = {"little_endian": True}
    for part in (magic, 1001, machine, tensors, [one.key for one in storages]):
        Writer(file, 2).dump(part)
    for one in storages:
        file.write(one.numbers.size.to_bytes(8, "little") + one.numbers.tobytes())
    file.seek(0)
    return file


def test_views_of_one_storage_are_told_apart():
    storage = Storage(Float, "7", np.arange(12, dtype=np.float32))
    tensors = OrderedDict(
        plain=rebuilt(storage, 0, (3, 4), (4, 1)),
        turned=rebuilt(storage, 0, (4, 3), (1, 4)),
        last=rebuilt(storage, 10, (2,), (1,)),
    )
    found = read_tensors(saved(tensors, [storage]))
    assert np.array_equal(found["plain"], np.arange(12).reshape(3, 4))
    assert np.array_equal(found["turned"], np.arange(12).reshape(3, 4).T)
    assert found["last"].tolist() == [10, 11]


def test_a_file_that_would_run_something_is_refused():
    class Rude:
        def __reduce__(self):
            return os.system, ("echo owned > owned",)

    with pytest.raises(ModelError, match=r"posix\.system is no tensor|nt\.system is no tensor"):
        read_tensors(io.BytesIO(pickle.dumps(Rude(), 2)))


def test_views_beyond_a_storage_are_refused():
    storage = Storage(Float, "7", np.arange(4, dtype=np.float32))
    with pytest.raises(ModelError, match="beyond"):
        read_tensors(saved(OrderedDict(x=rebuilt(storage, 0, (5,), (1,))), [storage]))


@pytest.mark.parametrize("size", [0, 10, 100, 200])
def test_a_cut_file_is_refused(size):
    storage = Storage(Float, "7", np.arange(12, dtype=np.float32))
    whole = saved(OrderedDict(x=rebuilt(storage, 0, (12,), (1,))), [storage]).read()
    with pytest.raises(ModelError, match="holds no tensors"):
        read_tensors(io.BytesIO(whole[:size]))
    assert read_tensors(io.BytesIO(whole))["x"].size == 12


def test_another_format_is_refused():
    with pytest.raises(ModelError, match="another format"):
        read_tensors(saved(OrderedDict(), [], magic=1))
