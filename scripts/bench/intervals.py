# SPDX-License-Identifier: GPL-2.0
"""Medians and their intervals, without a word about how what is measured is distributed.

As many values lie above the true median as below it, each with the same chance: so the k-th value
from below and the k-th from above enclose it with a probability that the binomial distribution
tells, whatever else disturbs the measurement. Nothing is drawn at random, so the same values give
the same interval.
"""

import math
import re
import statistics
from dataclasses import dataclass

CONFIDENCE = 0.95
# Of fewer, not even the least and the greatest enclose the median with that confidence.
LEAST = 6


@dataclass(frozen=True)
class Median:
    """A median, and what encloses the true one with a confidence of 95 %."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values):
        """Of values that were measured independently."""
        ordered = sorted(values)
        place = rank(len(ordered))
        return cls(statistics.median(ordered), ordered[place - 1], ordered[-place])


def rank(number):
    """Which value from below and from above: the innermost two that enclose the median."""
    if number < LEAST:
        raise ValueError(f"{number} values have no interval: it takes {LEAST}")
    outside, place = 0.0, 0
    while True:
        outside += 2 * math.comb(number, place) / 2 ** number
        if outside > 1 - CONFIDENCE:
            return place
        place += 1


def of_boots(boots, figure):
    """Of what is computed from each turn. A boot has one value, the median of its turns: they are
    not independent, since code and data lie where they lie as long as it lasts."""
    return Median.of([statistics.median(map(figure, turns)) for turns in boots])


def ratio(boots, of, to):
    """How many times as long one takes as the other, pair by pair."""
    return of_boots(boots, lambda turn: turn[of] / turn[to])


def difference(boots, of, to):
    """How much longer one takes than the other, pair by pair."""
    return of_boots(boots, lambda turn: turn[of] - turn[to])


def shown(figure, form):
    """A median with what encloses it. What is shown as nothing has no sign."""
    middle, low, high = (re.sub("^[-+]0$", "0", format(figure[name], form))
                         for name in ("median", "low", "high"))
    return f"{middle} ({low} … {high})"
