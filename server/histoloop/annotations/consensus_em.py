"""Truth and annotators' errors estimated together, by expectation and maximisation.

Both methods take answers as in `Votes`, so that a region of ten million pixels costs what its
few thousand different answers cost; all products of likelihoods are sums of logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from histoloop.annotations.consensus_votes import Votes

Floats = NDArray[np.float64]

ROUNDS = 100
"""Of both steps at most; on pixels a few dozen are enough."""

SETTLED = 1e-6
"""Change of every entry of the confusion matrices below which nothing more happens."""

TRUSTED = 0.99999
"""How right STAPLE takes everybody to be at first (Warfield et al. 2004, their value)."""

_LEAST = 1e-10
"""Probability below which nothing is held to be impossible."""


@dataclass(frozen=True)
class Estimate:
    """What has come out.

    Attributes:
        posterior: ``(answers, classes)``, rows sum to 1; the prior where nobody said anything.
        confusion: ``(raters, true, said)``, rows sum to 1.
        rounds: how many it took; settled: whether it had come to rest by then.
    """

    posterior: Floats
    confusion: Floats
    rounds: int
    settled: bool


def dawid_skene(votes: Votes, rounds: int = ROUNDS) -> Estimate:
    """Dawid & Skene 1979, starting from the majority; class shares are estimated as well."""
    counts = votes.counts
    posterior = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    confusion = confusion_of(votes, posterior)
    for number in range(1, rounds + 1):
        posterior = _expected(votes, confusion, _shares(votes, posterior))
        before, confusion = confusion, confusion_of(votes, posterior)
        if np.abs(confusion - before).max() < SETTLED:
            return Estimate(posterior, confusion, number, settled=True)
    return Estimate(posterior, confusion, rounds, settled=False)


def staple(votes: Votes, rounds: int = ROUNDS) -> Estimate:
    """STAPLE (Warfield et al. 2004, 10.1109/TMI.2004.828354), for any number of classes.

    The prior of a class is its share of all that was said inside the region, and stays.
    """
    prior = _shares(votes, votes.counts)
    classes = len(votes.codes)
    one = np.full((classes, classes), (1 - TRUSTED) / max(1, classes - 1))
    np.fill_diagonal(one, TRUSTED)
    confusion = np.repeat(one[None], len(votes.raters), axis=0)
    for number in range(1, rounds + 1):
        posterior = _expected(votes, confusion, prior)
        before, confusion = confusion, confusion_of(votes, posterior)
        if np.abs(confusion - before).max() < SETTLED:
            return Estimate(posterior, confusion, number, settled=True)
    return Estimate(posterior, confusion, rounds, settled=False)


def confusion_of(votes: Votes, posterior: Floats) -> Floats:
    """``(raters, true, said)``: of what is true with this probability, what each one said.

    Rows sum to 1; one of a class that is nowhere true, or that the annotator never had to
    judge, is even.
    """
    table = np.stack([_said(votes, posterior, rater) for rater in range(len(votes.raters))])
    total = table.sum(axis=2, keepdims=True)
    even = np.full_like(table, 1 / table.shape[2])
    return np.asarray(np.divide(table, total, out=even, where=total > 0))


def judged_of(votes: Votes, posterior: Floats) -> Floats:
    """``(raters, true)`` pixels of each class that each annotator had to judge."""
    spoke = (votes.answers >= 0).astype(np.float64)
    return np.asarray(spoke.T @ (posterior * votes.pixels[:, None]))


def _said(votes: Votes, posterior: Floats, rater: int) -> Floats:
    """``(true, said)`` pixels."""
    answer = votes.answers[:, rater]
    said = (answer[:, None] == np.arange(len(votes.codes))).astype(np.float64)
    return np.asarray((posterior * votes.pixels[:, None]).T @ said)


def _shares(votes: Votes, belief: Floats) -> Floats:
    """``(classes,)`` of what is believed of the pixels that anybody labelled."""
    total = (belief * (votes.pixels * (votes.said > 0))[:, None]).sum(axis=0)
    return np.asarray(total / total.sum())


def _expected(votes: Votes, confusion: Floats, prior: Floats) -> Floats:
    """``(answers, classes)`` posterior."""
    chance = np.log(np.maximum(confusion, _LEAST))
    belief = np.repeat(np.log(np.maximum(prior, _LEAST))[None], len(votes.answers), axis=0)
    for rater in range(len(votes.raters)):
        answer = votes.answers[:, rater]
        spoke = answer >= 0
        belief[spoke] += chance[rater][:, answer[spoke]].T
    belief -= belief.max(axis=1, keepdims=True)
    likely = np.exp(belief)
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))
