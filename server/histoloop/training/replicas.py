"""One training on several devices: the GPUs of a machine, or of several machines.

Every replica, one per device, holds all weights and sees its share of each batch. The predictions
of all are brought together before the loss is taken: it is the loss of the whole batch, overlaps
and pixel weights included, not a mean of the shares' means. Gradients are summed before they are
clipped, batch normalisation goes by the whole batch, and every replica makes the same update.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from histoloop.errors import StateError, UsageError
from histoloop.training.backend import load_backend


@dataclass(frozen=True)
class Replicas:
    """The devices that share every batch of a training.

    Attributes:
        strategy: a `tf.distribute.Strategy`; `None` for one device, on which nothing differs.
        worker: number of this process among the ``workers``; 0 is the chief, who alone writes.
    """

    strategy: Any = None
    worker: int = 0
    workers: int = 1

    @property
    def count(self) -> int:
        """Devices of all workers together."""
        return int(self.strategy.num_replicas_in_sync) if self.strategy else 1

    @property
    def chief(self) -> bool:
        return self.worker == 0

    def __str__(self) -> str:
        return f"worker {self.worker} of {self.workers}"

    def refuse_small(self, batch: int) -> None:
        """Make sure that every replica has a patch to see.

        Raises:
            UsageError: the batch is too small.
        """
        if batch < self.count:
            raise UsageError(
                f"a batch of {batch} cannot be split over {self.count} devices",
                hint=f"take --batch {self.count} or more, or hide some from TensorFlow with "
                "CUDA_VISIBLE_DEVICES",
            )

    def scope(self) -> AbstractContextManager[Any]:
        """Where the weights that are trained, and their optimizer, have to be made."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def synchronise(self, network: Any) -> None:
        """Let batch normalisation go by the statistics of the whole batch."""
        import keras

        for layer in network.layers if self.strategy else ():
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.synchronized = True

    def share(self, batch: NDArray[Any]) -> Any:
        """What each replica of this process sees of an array, cut along its first axis."""
        if not self.strategy:
            return batch
        shares = np.array_split(batch, self.count)
        return self._each(lambda replica: shares[replica])

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a function returns that every replica runs, each to the same result."""
        if not self.strategy:
            return function(*arguments)
        import tensorflow as tf

        found = self.strategy.run(function, args=arguments)
        return tf.nest.map_structure(
            lambda one: self.strategy.experimental_local_results(one)[0], found
        )

    def whole(self, share: Any, size: Any) -> Any:
        """In `run`: a tensor over the whole batch; gradients pass through this replica's share.

        Args:
            size: of the batch.
        """
        if not self.strategy:
            return share
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        replica = int(tf.get_static_value(context.replica_id_in_sync_group))
        least, more = size // self.count, size % self.count  # as `numpy.array_split` has it
        before = replica * least + min(replica, more)
        after = size - before - share.shape[0]
        own = tf.pad(share, [[before, after]] + [[0, 0]] * (share.shape.rank - 1))
        known = tf.stop_gradient(own)
        return context.all_reduce(tf.distribute.ReduceOp.SUM, known) + (own - known)

    def total(self, tensors: Sequence[Any]) -> list[Any]:
        """In `run`: the sums over all replicas."""
        if not self.strategy:
            return list(tensors)
        import tensorflow as tf

        context = tf.distribute.get_replica_context()
        return list(context.all_reduce(tf.distribute.ReduceOp.SUM, list(tensors)))

    def told(self, number: float) -> float:
        """What the chief says; all workers have to ask at the same point, and wait for all."""
        return float(self._sums(np.array([number if self.chief else 0.0]))[0])

    def wait(self) -> None:
        """Until all workers are here."""
        self.told(0.0)

    def agree(self, what: str) -> None:
        """Make sure that all workers say the same; they have to ask at the same point.

        Raises:
            StateError: this one says something else than the chief.
        """
        words = np.frombuffer(hashlib.blake2b(what.encode(), digest_size=16).digest(), np.uint32)
        table = np.zeros((self.workers, len(words)))
        table[self.worker] = words
        table = self._sums(table)
        if odd := [at for at in range(self.workers) if (table[at] != table[0]).any()]:
            raise StateError(
                f"{self}: worker {', '.join(map(str, odd))} trains something else, or goes on from "
                "another epoch, than worker 0",
                hint="start all by the same command, over the same --data and --out",
            )

    def _sums(self, array: NDArray[np.float64]) -> NDArray[np.float64]:
        """Over the workers, exact where all but one say 0."""
        if self.workers == 1:
            return array
        import tensorflow as tf

        first = self.worker * (self.count // self.workers)
        own = self._each(lambda replica: array if replica == first else np.zeros_like(array))
        return np.asarray(self.strategy.reduce(tf.distribute.ReduceOp.SUM, own, axis=None))

    def _each(self, value: Callable[[int], NDArray[Any]]) -> Any:
        """A value for each replica of this process, by its number among all."""
        import tensorflow as tf

        return self.strategy.experimental_distribute_values_from_function(
            lambda context: tf.convert_to_tensor(value(context.replica_id_in_sync_group))
        )


@contextmanager
def connected(say: Callable[[str], None]) -> Iterator[Replicas]:
    """All devices that there are: of the machines that ``TF_CONFIG`` names, or of this one.

    Several machines wait for each other; TensorFlow must not have computed anything before.

    Args:
        say: told for whom this process waits.

    Raises:
        UsageError: ``TF_CONFIG`` is not what TensorFlow takes.
        StateError: within the block: another worker has gone.
    """
    load_backend()
    import tensorflow as tf

    worker, workers = place_of_this_process()
    if workers == 1:
        several = len(tf.config.list_logical_devices("GPU")) > 1
        yield Replicas(tf.distribute.MirroredStrategy()) if several else Replicas()
        return
    say(f"worker {worker} of {workers}: waiting for the others")
    try:
        yield Replicas(tf.distribute.MultiWorkerMirroredStrategy(), worker, workers)
    except tf.errors.OpError as error:
        raise StateError(
            f"worker {worker} of {workers}: another worker has gone ({type(error).__name__})",
            hint="end those that are left; started again by the same commands, all go on after "
            "the last whole epoch",
        ) from error


def place_of_this_process() -> tuple[int, int]:
    """Its number among the workers that ``TF_CONFIG`` names, and how many they are.

    Raises:
        UsageError: ``TF_CONFIG`` is not what TensorFlow takes.
    """
    import tensorflow as tf

    try:
        found = tf.distribute.cluster_resolver.TFConfigClusterResolver()
        jobs = found.cluster_spec().as_dict()
        places = [(job, at) for job in ("chief", "worker") for at in range(len(jobs.get(job, ())))]
        return (places.index((found.task_type, found.task_id)), len(places)) if jobs else (0, 1)
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UsageError(
            f"TF_CONFIG: names no place for this process ({error})",
            hint='{"cluster": {"worker": ["one:2222", "other:2222"]}, '
            '"task": {"type": "worker", "index": 0}} on the first machine',
        ) from error
