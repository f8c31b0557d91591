"""What the scores of the epochs decide: the learning rate, the end, the weights to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass

from histoloop.training.plan import TrainingPlan


@dataclass
class Course:
    """Scores so far; the higher, the better.

    Attributes:
        best: the highest; since: epochs without a higher one.
        factor: on the learning rate, from the plateaus so far; flat: epochs of the present one.
    """

    plan: TrainingPlan
    best: float = -math.inf
    since: int = 0
    factor: float = 1.0
    flat: int = 0

    def add(self, score: float) -> bool:
        """Take an epoch's score; whether it is the best."""
        if score > self.best:
            self.best, self.since, self.flat = score, 0, 0
            return True
        self.since, self.flat = self.since + 1, self.flat + 1
        if self.plan.schedule == "plateau" and self.flat >= self.plan.plateau_patience:
            self.factor, self.flat = self.factor * self.plan.plateau_factor, 0
        return False

    @property
    def over(self) -> bool:
        """Whether patience is at its end."""
        return 0 < self.plan.patience <= self.since

    def rate(self, done: int) -> float:
        """The learning rate after ``done`` steps, warmed up over the first 50."""
        plan = self.plan
        warm = min(1.0, (done + 1) / min(plan.steps, 50))
        if plan.schedule == "plateau":
            return plan.learning_rate * warm * self.factor
        share = done / (plan.epochs * plan.steps)
        return plan.learning_rate * warm * (0.5 + 0.5 * math.cos(math.pi * share)) + 1e-6
