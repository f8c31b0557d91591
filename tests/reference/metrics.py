"""The metrics as one would write them first: a pixel at a time, every pair of points."""

from __future__ import annotations

import math

import numpy as np


def figures(predicted, true, known) -> dict[str, float]:
    """Dice, IoU, accuracy, sensitivity, specificity of two masks over the known pixels."""
    hit = over = missed = rest = 0
    for place in np.ndindex(known.shape):
        if known[place]:
            p, t = bool(predicted[place]), bool(true[place])
            hit += p and t
            over += p and not t
            missed += t and not p
            rest += not p and not t
    return {
        "dice": ratio(2 * hit, 2 * hit + over + missed, empty=1.0),
        "iou": ratio(hit, hit + over + missed, empty=1.0),
        "accuracy": ratio(hit + rest, hit + over + missed + rest),
        "sensitivity": ratio(hit, hit + missed),
        "specificity": ratio(rest, rest + over),
    }


def ece(probability, true, known, bins=15) -> float:
    """Probabilities are grey values of 255; a bin holds its lower edge, the last one both."""
    members: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for place in np.ndindex(known.shape):
        if known[place]:
            grey = int(probability[place])
            number = next(b for b in reversed(range(bins)) if grey * bins >= b * 255)
            members[number].append((grey / 255, bool(true[place])))
    total = sum(len(one) for one in members)
    gap = 0.0
    for one in members:
        if one:
            said = sum(p for p, _ in one) / len(one)
            happened = sum(t for _, t in one) / len(one)
            gap += len(one) / total * abs(said - happened)
    return gap if total else math.nan


def cross_entropy(probability, true, known) -> float:
    losses = []
    for place in np.ndindex(known.shape):
        if known[place]:
            p = min(max(int(probability[place]) / 255, 1 / 510), 1 - 1 / 510)
            losses.append(-math.log(p if true[place] else 1 - p))
    return sum(losses) / len(losses) if losses else math.nan


def boundary_f1(predicted, true, known, tolerance) -> float:
    mine, theirs = outline(predicted, known), outline(true, known)
    if not mine or not theirs:
        return 0.0 if mine or theirs else 1.0
    precision = sum(near(one, theirs, tolerance) for one in mine) / len(mine)
    recall = sum(near(one, mine, tolerance) for one in theirs) / len(theirs)
    return ratio(2 * precision * recall, precision + recall, empty=0.0)


def outline(mask, known) -> list[tuple[int, int]]:
    rows, columns = mask.shape
    found = []
    for y, x in np.ndindex(mask.shape):
        for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            inside = 0 <= v < rows and 0 <= u < columns
            if mask[y, x] and known[y, x] and inside and known[v, u] and not mask[v, u]:
                found.append((y, x))
                break
    return found


def near(one, others, tolerance) -> bool:
    return any(math.dist(one, other) <= tolerance + 1e-9 for other in others)


def dice_draws(patients, seed, count=2000) -> list[float]:
    """The pooled Dice of patients drawn with replacement, as many as there are."""
    random = np.random.default_rng(seed)
    draws = []
    for row in random.integers(len(patients), size=(count, len(patients))):
        shared = sum(patients[i].shared for i in row)
        total = sum(patients[i].predicted + patients[i].true for i in row)
        draws.append(ratio(2 * shared, total, empty=1.0))
    return draws


def ratio(part, whole, empty=math.nan) -> float:
    return part / whole if whole else empty
