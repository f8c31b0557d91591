"""The losses as their papers write them: one pixel and one channel at a time."""

from __future__ import annotations

import math

import numpy as np

TINY = 1e-6


def bce(truth, p, weight):
    return mean_of_channels(truth, p, weight, lambda t, q: -math.log(q if t else 1 - q))


def focal(truth, p, weight):
    def one(t, q):
        hit, balance = (q, 0.25) if t else (1 - q, 0.75)
        return -balance * (1 - hit) ** 2 * math.log(hit)

    return mean_of_channels(truth, p, weight, one)


def cce(truth, p, weight):
    return mean_of_pixels(truth, p, weight, lambda q: -math.log(q))


def cfocal(truth, p, weight):
    return mean_of_pixels(truth, p, weight, lambda q: -((1 - q) ** 2) * math.log(q))


def dice(truth, p, weight):
    def one(hit, over, missed):
        return (2 * hit + 1) / (2 * hit + over + missed + 1)

    return index(truth, p, weight, one)


def iou(truth, p, weight):
    return index(truth, p, weight, lambda hit, over, missed: (hit + 1) / (hit + over + missed + 1))


def tversky(truth, p, weight):
    def one(hit, over, missed):
        return (hit + 1) / (hit + 0.3 * over + 0.7 * missed + 1)

    return index(truth, p, weight, one)


LOSSES = {
    "bce": bce,
    "dice": dice,
    "bce+dice": lambda *given: bce(*given) + dice(*given),
    "iou": iou,
    "bce+iou": lambda *given: bce(*given) + iou(*given),
    "focal": focal,
    "tversky": tversky,
    "cce": cce,
    "cce+dice": lambda *given: cce(*given) + dice(*given),
    "cce+iou": lambda *given: cce(*given) + iou(*given),
    "cfocal": cfocal,
}


def mean_of_channels(truth, p, weight, one) -> float:
    total = share = 0.0
    for *pixel, channel in np.ndindex(truth.shape):
        heavy = float(weight[*pixel, 0])
        if heavy:
            total += heavy * one(truth[*pixel, channel] == 1, inside(p[*pixel, channel]))
            share += heavy
    return total / share


def mean_of_pixels(truth, p, weight, one) -> float:
    total = share = 0.0
    for pixel in np.ndindex(truth.shape[:-1]):
        heavy = float(weight[*pixel, 0])
        if heavy:
            for channel in range(truth.shape[-1]):
                if truth[*pixel, channel] == 1:
                    total += heavy * one(inside(p[*pixel, channel]))
            share += heavy
    return total / share


def index(truth, p, weight, one) -> float:
    """One minus the mean over channels of an index of hit, overcalled and missed area."""
    found = []
    for channel in range(truth.shape[-1]):
        hit = over = missed = 0.0
        for pixel in np.ndindex(truth.shape[:-1]):
            heavy, q = float(weight[*pixel, 0]), float(p[*pixel, channel])
            true = truth[*pixel, channel] == 1
            hit += heavy * q if true else 0
            over += 0 if true else heavy * q
            missed += heavy * (1 - q) if true else 0
        found.append(one(hit, over, missed))
    return 1 - sum(found) / len(found)


def inside(p) -> float:
    return min(max(float(p), TINY), 1 - TINY)
