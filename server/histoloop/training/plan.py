"""What a training depends on, beside its data."""

from __future__ import annotations

from dataclasses import dataclass, field

from histoloop.errors import UsageError
from histoloop.training.augmentation import Augmentation

CHOICES = {
    "optimizer": ("adamw", "adam"),
    "schedule": ("cosine", "plateau"),
    "monitor": ("dice", "loss"),
    "keep": ("last", "best"),
    "precision": ("auto", "float32", "mixed_bfloat16", "mixed_float16"),
}
"""What the fields of a plan that are names may be."""


@dataclass(frozen=True)
class TrainingPlan:
    """Everything that a training depends on, beside its data.

    Attributes:
        side: of a patch, px at the model's scale; batch: patches per step, over all devices.
        steps: per epoch; learning_rate: at its height, after the first epoch.
        optimizer: "adamw" decays the weights by ``weight_decay`` (Loshchilov & Hutter 2019),
            "adam" does not.
        clip_norm: bound of the norm of each weight's gradient; clip_value: of each of its
            elements; one of both, or `None` for neither.
        schedule: how the learning rate falls: as a "cosine" over all epochs, or at a "plateau",
            by ``plateau_factor``, after ``plateau_patience`` epochs without a better score.
        patience: epochs without a better score after which the training stops; 0 for never.
        monitor: what the score is: mean validation "dice", or the "loss", of the validation
            pictures if there are any. Without them "dice" is "loss", too.
        keep: the weights after the "last" epoch, or after that of the "best" score.
        encoder_rate: factor on the learning rate of the layers that start from pretrained
            weights, those named ``encoder_…``; 0 leaves them as they are.
        average: decay per step of the running mean of the weights, which is what is kept
            (Polyak & Juditsky 1992): steadier than the last step on little data. 0 keeps the
            weights themselves.
        precision: Keras policy while training; the saved network is float32. "mixed_float16"
            scales its loss; "auto" is decided by `device.precision_for`.
        loss: its name in `losses.LOSSES`.
        crowd: learn from each annotator's own mask through a confusion matrix of theirs, see
            `crowd_loss`, instead of from the one mask that was made of them.
        deep_supervision: judge every decoder level by the loss while training, see
            `deep_supervision`.
        shift: added to the log odds of the finished network. Half of the patches are centred on
            a class, and Dice forgives too much sooner than too little: on patients that it
            has not seen a network calls too much (`benchmarks/leave_one_out.py` says how much).

    Raises:
        UsageError: a name is unknown, or values contradict each other.
    """

    epochs: int = 20
    steps: int = 100
    side: int = 128
    batch: int = 8
    learning_rate: float = 1e-3
    optimizer: str = "adamw"
    weight_decay: float = 1e-3
    clip_norm: float | None = 1.0
    clip_value: float | None = None
    schedule: str = "cosine"
    plateau_patience: int = 4
    plateau_factor: float = 0.2
    patience: int = 0
    monitor: str = "dice"
    keep: str = "last"
    encoder_rate: float = 1.0
    average: float = 0.99
    seed: int = 0
    precision: str = "float32"
    loss: str = "bce+dice"
    crowd: bool = False
    deep_supervision: bool = False
    shift: float = 0.0
    augmentation: Augmentation = field(default_factory=Augmentation)

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            value = getattr(self, name)
            if value not in known:
                raise UsageError(f"{name} {value!r} is unknown", hint=f"known: {', '.join(known)}")
        if self.clip_norm is not None and self.clip_value is not None:
            raise UsageError(
                "clip_norm and clip_value are both given", hint="choose one, leave out the other"
            )
        for name in ("epochs", "steps", "side", "batch"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} is {getattr(self, name)}", hint="it must be at least 1")
