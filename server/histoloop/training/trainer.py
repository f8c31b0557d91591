"""From samples to weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from histoloop.training import losses
from histoloop.training.augmentation import IGNORED
from histoloop.training.backend import load_backend
from histoloop.training.checkpoint import Checkpoint, Groups
from histoloop.training.course import Course
from histoloop.training.crowd_loss import Annotators
from histoloop.training.deep_supervision import supervised
from histoloop.training.evaluation import predict_picture
from histoloop.training.metrics import Overlap, overlap
from histoloop.training.patches import PatchSource
from histoloop.training.pipeline import prefetched
from histoloop.training.plan import TrainingPlan
from histoloop.training.replicas import Replicas
from histoloop.training.samples import Sample
from histoloop.training.step import compiled_step, optimizer_of, slow_down

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Epoch:
    """What an epoch has brought: mean loss, and Dice per class and loss on validation pictures.

    ``dice`` is empty, ``valid_loss`` and ``valid_accuracy`` `None` when there are none.

    Attributes:
        accuracy: share of the known pixels of all patches that were rightly in or out of a class,
            over all classes, as the network was at each step; `None` if nothing was known.
        valid_accuracy: the same of the validation pictures, as the network is after the epoch.
    """

    number: int
    loss: float
    dice: tuple[float, ...]
    seconds: float
    valid_loss: float | None = None
    accuracy: float | None = None
    valid_accuracy: float | None = None

    def score(self, monitor: str) -> float:
        """What is to grow: mean Dice or minus the loss, of validation pictures if there are any."""
        if monitor == "dice" and self.dice:
            return sum(self.dice) / len(self.dice)
        return -(self.loss if self.valid_loss is None else self.valid_loss)


class Trainer:
    """Trains a functional network; `network` holds the averaged float32 weights after each epoch.

    Attributes:
        epochs: those done, before a kill, too.

    Args:
        build: makes the network anew under the current precision policy.
        classes: channels of its output.
        plan: its precision is decided, not "auto" (`device.precision_for`).
        annotators: whose confusion matrices are learnt beside the network; see `crowd_loss`.
        replicas: the devices that train; of several workers all do the same, but only the chief
            judges, and tells the others the score.
    """

    def __init__(
        self,
        build: Callable[[], keras.Model],
        classes: int,
        plan: TrainingPlan,
        annotators: Sequence[str] = (),
        replicas: Replicas | None = None,
    ) -> None:
        load_backend()
        import keras

        keras.utils.set_random_seed(plan.seed)
        self.plan, self._classes, self._replicas = plan, classes, replicas or Replicas()
        self.network = build()
        with self._replicas.scope():
            self._training = _under(plan.precision, build)
            self._training.set_weights(self.network.get_weights())
            self._learning = supervised(self._training) if plan.deep_supervision else self._training
            self._crowd = Annotators(annotators, classes) if annotators else None
            beside = self._crowd.variables if self._crowd else []
            self._optimizer = optimizer_of(plan)
            self._optimizer.build([*self._learning.trainable_variables, *beside])
        self._replicas.synchronise(self._learning)
        self._best: list[Any] = self.network.get_weights()
        self.epochs: list[Epoch] = []
        self._loss = losses.named(plan.loss, classes)
        paces = slow_down(self._training, plan.encoder_rate)
        paces += self._crowd.paces(plan.learning_rate) if self._crowd else []
        loss = self._crowd.through(self._loss) if self._crowd else self._loss
        self._course = Course(plan)
        self._step = compiled_step(
            self._learning, self._optimizer, loss, paces, beside, self._replicas
        )

    def resume(self, checkpoint: Checkpoint) -> int:
        """Stand where a checkpoint was written, if one was; the number of epochs done.

        Raises:
            StateError: it is of another training (`Checkpoint.read`).
        """
        if found := checkpoint.read():
            groups, course = found
            self._best = self._restore(groups) or self._best
            self.epochs = [Epoch(**one | {"dice": tuple(one["dice"])}) for one in course["epochs"]]
            for epoch in self.epochs:
                self._course.add(epoch.score(self.plan.monitor))
        return len(self.epochs)

    def keep(self, checkpoint: Checkpoint) -> None:
        """Write where the training stands, between two epochs."""
        best = self._best if self.plan.keep == "best" else []
        checkpoint.write(
            self._state() | {"best": best}, {"epochs": [asdict(one) for one in self.epochs]}
        )

    def fit(
        self,
        train: list[Sample],
        valid: list[Sample],
        stepped: Callable[[int, int], None] = lambda _epoch, _done: None,
    ) -> Iterator[Epoch]:
        """Train the epochs that are left; yields after each, when `network` may be saved.

        In the end, `network` holds the weights that the plan keeps. After `resume`, an epoch is
        what it would have been in one go, bit for bit.

        Args:
            stepped: told, after each step, the epoch and how many of its steps are done.
        """
        plan = self.plan
        source = PatchSource(
            train, self._classes, plan.side, plan.batch, plan.seed, plan.augmentation
        )
        batches = prefetched(source, first=len(self.epochs) * plan.steps)
        for number in range(len(self.epochs) + 1, plan.epochs + 1):
            if self._course.over:
                break
            start = time.perf_counter()
            told = np.array(list(self._advanced(batches, number, stepped)))
            loss, (right, known) = told[:, 0].mean(), told[:, 1:].sum(axis=0)
            if not plan.average:
                self.network.set_weights(self._training.get_weights())
            dice, *judged = self._judge(valid if self._replicas.chief else [])
            seconds = time.perf_counter() - start
            accuracy = float(right / known) if known else None
            epoch = Epoch(number, float(loss), dice, seconds, judged[0], accuracy, judged[1])
            score = self._replicas.told(epoch.score(plan.monitor))
            if self._course.add(score) and plan.keep == "best":
                self._best = self.network.get_weights()
            self.epochs.append(epoch)
            yield epoch
        if plan.keep == "best":
            self.network.set_weights(self._best)

    @property
    def confusions(self) -> dict[str, NDArray[np.float64]]:
        """What each annotator says of what is true, as far as it is learnt; see `Annotators`."""
        return self._crowd.confusions() if self._crowd else {}

    @property
    def stopped(self) -> str:
        """Why there are no more epochs than there are."""
        if self._course.over:
            return f"no better score in {self.plan.patience} epochs"
        return "all epochs done" if len(self.epochs) == self.plan.epochs else "not ended"

    def _variables(self) -> dict[str, list[Any]]:
        """All that a step changes, seeds of dropout included."""
        return {
            "training": self._learning.variables,
            "network": self.network.variables,
            "optimizer": self._optimizer.variables,
        } | ({"annotators": self._crowd.variables} if self._crowd else {})

    def _state(self) -> Groups:
        return {
            name: [np.asarray(one.value) for one in all_]
            for name, all_ in self._variables().items()
        }

    def _restore(self, groups: Groups) -> list[Any]:
        for name, variables in self._variables().items():
            for one, value in zip(variables, groups[name], strict=True):
                one.assign(value)
        return groups.get("best", [])

    def shift(self) -> None:
        """Move the trained network's log odds by the plan's ``shift``; once, after `fit`."""
        head = self.network.get_layer("logits")
        kernel, bias = head.get_weights()
        head.set_weights([kernel, bias + self.plan.shift])

    def _advanced(
        self, batches: Iterator[Any], epoch: int, stepped: Callable[[int, int], None]
    ) -> Iterator[tuple[float, ...]]:
        for index in range(self.plan.steps):
            yield self._advance(next(batches), epoch, index)
            stepped(epoch, index + 1)

    def _advance(self, batch: Any, epoch: int, index: int) -> tuple[float, ...]:
        """Loss; class pixels that were right, and that are known."""
        done = (epoch - 1) * self.plan.steps + index
        self._optimizer.learning_rate.assign(self._course.rate(done))
        told = tuple(float(one) for one in self._step(*batch))
        self._average(done)
        return told

    def _judge(self, valid: list[Sample]) -> tuple[tuple[float, ...], float | None, float | None]:
        """Dice per class, pooled, the mean of the pictures' losses, accuracy over all classes.

        Nothing of no pictures.
        """
        if not valid:
            return (), None, None
        total, lost = [Overlap(0, 0, 0, 0)] * self._classes, 0.0
        for sample in valid:
            probability = predict_picture(self.network, sample.image)
            known = sample.truth != IGNORED
            true = sample.truth[..., None] == np.arange(1, self._classes + 1)
            total = [
                one + overlap(probability[..., c] >= 0.5, true[..., c], known)
                for c, one in enumerate(total)
            ]
            batch = (true.astype(np.float32), probability, known[..., None].astype(np.float32))
            lost += float(self._loss(*(one[None] for one in batch)))
        accuracy = sum(one.accuracy for one in total) / len(total)
        return tuple(one.dice for one in total), lost / len(valid), accuracy

    def _average(self, done: int) -> None:
        """Every tenth step is enough; the first ones are forgotten quickly."""
        if done % 10 != 9:
            return
        decay = min(self.plan.average**10, done / (done + 20))
        pairs = zip(self.network.get_weights(), self._training.get_weights(), strict=True)
        self.network.set_weights([old * decay + new * (1 - decay) for old, new in pairs])


def _under(precision: str, build: Callable[[], keras.Model]) -> keras.Model:
    """A network whose layers follow a Keras policy."""
    import keras

    keras.mixed_precision.set_global_policy(precision)
    try:
        return build()
    finally:
        keras.mixed_precision.set_global_policy("float32")
