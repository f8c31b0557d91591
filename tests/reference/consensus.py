"""Consensus and agreement as one would write them first: a pixel at a time, from the papers."""

from __future__ import annotations

import itertools
import math

import numpy as np

SILENT = (0, 255)


def by_pixel(masks) -> list[list[int]]:
    """What each annotator said, for each pixel in reading order."""
    flat = [mask.ravel().tolist() for mask in masks]
    return [list(said) for said in zip(*flat, strict=True)]


def majority(said) -> dict[int, float]:
    """Share of the votes of one pixel, by class."""
    votes = [one for one in said if one not in SILENT]
    return {one: votes.count(one) / len(votes) for one in set(votes)}


def dawid_skene(pixels, classes, rounds):
    """Posterior per pixel and confusion[rater][true][said], with plain products."""
    labelled = [said for said in pixels if any(one not in SILENT for one in said)]
    belief = [[majority(said).get(c, 0.0) for c in classes] for said in labelled]
    for _ in range(rounds):
        confusion = _confusion(labelled, belief, classes)
        prior = [sum(row[k] for row in belief) / len(belief) for k in range(len(classes))]
        belief = [_posterior(said, confusion, prior, classes) for said in labelled]
    return belief, _confusion(labelled, belief, classes)


def staple(pixels, classes, rounds, trusted=0.99999):
    """The same with a prior that stays and annotators who are trusted at first."""
    labelled = [said for said in pixels if any(one not in SILENT for one in said)]
    everything = [one for said in labelled for one in said if one not in SILENT]
    prior = [everything.count(c) / len(everything) for c in classes]
    wrong = (1 - trusted) / (len(classes) - 1)
    row = [[trusted if a == b else wrong for b in classes] for a in classes]
    confusion = [row] * len(labelled[0])
    for _ in range(rounds):
        belief = [_posterior(said, confusion, prior, classes) for said in labelled]
        confusion = _confusion(labelled, belief, classes)
    return belief, confusion


def _posterior(said, confusion, prior, classes):
    likely = []
    for true, share in enumerate(prior):
        product = share
        for rater, one in enumerate(said):
            if one not in SILENT:
                product *= max(confusion[rater][true][classes.index(one)], 1e-10)
        likely.append(product)
    return [one / sum(likely) for one in likely]


def _confusion(pixels, belief, classes):
    tables = []
    for rater in range(len(pixels[0])):
        table = [[0.0] * len(classes) for _ in classes]
        for said, sure in zip(pixels, belief, strict=True):
            if said[rater] not in SILENT:
                for true in range(len(classes)):
                    table[true][classes.index(said[rater])] += sure[true]
        tables.append([_normalised(row) for row in table])
    return tables


def _normalised(row):
    total = sum(row)
    return [one / total for one in row] if total else [1 / len(row)] * len(row)


def dice(one, other, code) -> float:
    """Of a class, over the pixels that both labelled."""
    both = own = theirs = 0
    for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True):
        if a in SILENT or b in SILENT:
            continue
        both += a == b == code
        own += a == code
        theirs += b == code
    return 2 * both / (own + theirs) if own + theirs else math.nan


def cohen(one, other) -> float:
    """κ of two annotators (Cohen 1960)."""
    pairs = [
        (a, b)
        for a, b in zip(one.ravel().tolist(), other.ravel().tolist(), strict=True)
        if a not in SILENT and b not in SILENT
    ]
    if not pairs:
        return math.nan
    classes = {one for pair in pairs for one in pair}
    observed = sum(a == b for a, b in pairs) / len(pairs)
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    chance = sum(first.count(c) * second.count(c) for c in classes) / len(pairs) ** 2
    return (observed - chance) / (1 - chance) if chance < 1 else math.nan


def fleiss(pixels) -> float:
    """κ of many (Fleiss 1971), pairs of answers counted; pixels with one answer are left out."""
    voted = [[one for one in said if one not in SILENT] for said in pixels]
    voted = [votes for votes in voted if len(votes) > 1]
    if not voted:
        return math.nan
    agree = [np.mean([a == b for a, b in itertools.permutations(votes, 2)]) for votes in voted]
    everything = [one for votes in voted for one in votes]
    chance = sum((everything.count(c) / len(everything)) ** 2 for c in set(everything))
    return float((np.mean(agree) - chance) / (1 - chance)) if chance < 1 else math.nan
