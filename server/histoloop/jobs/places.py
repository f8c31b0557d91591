"""Which workers of a cluster a task is for: those with a GPU keep it free for TensorFlow.

A worker says whether it has one by the Dask resource ``GPU``. As long as there are workers of both
kinds, shards that TensorFlow predicts, and retrainings, go to those with a GPU, all else to the
others: no GPU waits while its worker reads, stitches, traces or writes. Where one kind is missing,
the other takes all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from distributed import Client

GPU = "GPU"


@dataclass(frozen=True)
class Places:
    """Where tasks of a kind go.

    Attributes:
        threads: of the workers that take them, by address; everywhere: all workers.
    """

    threads: Mapping[str, int]
    everywhere: frozenset[str]

    @property
    def count(self) -> int:
        return sum(self.threads.values())

    @property
    def only(self) -> tuple[str, ...] | None:
        """The workers to name to Dask; `None` where any will do."""
        return None if self.threads.keys() == self.everywhere else tuple(self.threads)

    @property
    def wish(self) -> dict[str, Any]:
        """For Dask's `submit`: there if it can be, elsewhere rather than wait for one that died."""
        return {"workers": self.only, "allow_other_workers": True} if self.only else {}


def places_for(client: Client, *, gpu: bool) -> Places:
    """Where tasks go that want a GPU, or none."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    threads = {
        address: worker["nthreads"]
        for address, worker in workers.items()
        if bool(worker["resources"].get(GPU)) == gpu
    }
    if not threads:
        threads = {address: worker["nthreads"] for address, worker in workers.items()}
    return Places(threads, frozenset(workers))
