"""Tensors of a file that ``torch.save`` wrote before version 1.6, without PyTorch.

Such a file is five pickles (magic number, protocol, machine, names, keys of the storages), then the
storages one after the other, each its length and its numbers. Unpickling runs no code: the few
names that tensors need are replaced by records, every other one is refused.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import ModelError

_MAGIC = 0x1950A86A20F9469CFC6C
_TYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_tensors(file: IO[bytes]) -> Mapping[str, NDArray[np.float32]]:
    """All tensors of a file, by name, as they lie in it: float32 weights, int64 counters.

    Raises:
        ModelError: it is no such file, or holds more than tensors of plain numbers.
    """
    try:
        magic, _, _, tensors, keys = (_Unpickler(file).load() for _ in range(5))
        if magic != _MAGIC:
            raise ValueError("another format")
        types = {one.storage.key: one.storage.dtype for one in tensors.values()}
        storages = {key: _read_storage(file, types[key]) for key in keys}
        return {name: one.of(storages[one.storage.key]) for name, one in tensors.items()}
    except Exception as error:  # a pickle fails in any way it likes
        raise ModelError(
            f"{getattr(file, 'name', 'the file')}: holds no tensors of PyTorch ({error})",
            hint="install the package that brings it again",
        ) from error


class _Storage(NamedTuple):
    key: str
    dtype: np.dtype[Any]


class _Tensor(NamedTuple):
    """A view of a storage; offset and strides in numbers, not bytes."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def of(self, numbers: NDArray[Any]) -> NDArray[Any]:
        last = sum((n - 1) * step for n, step in zip(self.shape, self.strides, strict=True))
        if min((self.offset, last, *self.strides), default=0) < 0 or (
            self.offset + last >= numbers.size
        ):
            raise ValueError("a tensor reaches beyond its numbers")
        steps = [step * numbers.itemsize for step in self.strides]
        start = numbers[self.offset :]
        return np.lib.stride_tricks.as_strided(start, self.shape, steps, writeable=False)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): lambda *parts: _Tensor(*parts[:4]),
            **{("torch", kind): dtype for kind, dtype in _TYPES.items()},
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} is no tensor")
        return known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        _, dtype, key, *_ = pid
        return _Storage(key, dtype)


def _read_storage(file: IO[bytes], dtype: np.dtype[Any]) -> NDArray[Any]:
    length = int.from_bytes(file.read(8), "little")
    return np.frombuffer(file.read(length * dtype.itemsize), dtype)
