"""Whether a figure stays flat: what is said of it, and when it is not."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

MEMORY_SHARE, MEMORY_MB = 0.04, 4.0
"""How much more memory is no growth: the larger of the two. What an allocator keeps varies by so much."""

COUNT = 3
"""How many more descriptors, threads or connections are no growth: load is not the same at each look."""


@dataclass(frozen=True)
class Trend:
    """One figure over time, after the warm-up."""

    first: float
    median: float
    last: float
    per_hour: float
    flat: bool


def trend(seconds: Sequence[float], values: Sequence[float], *, memory: bool) -> Trend:
    """Say how a figure went.

    `first` and `last` are the medians of the first and the last quarter of the looks; flat is what is no higher in the
    last than in the first, save by what is allowed above. `per_hour` is the median slope of all pairs of looks (Theil
    and Sen), which a few outliers do not bend.
    """
    quarter = max(1, len(values) // 4)
    first, last = statistics.median(values[:quarter]), statistics.median(values[-quarter:])
    allowed = max(first * MEMORY_SHARE, MEMORY_MB) if memory else COUNT
    pairs = combinations(range(len(values)), 2)
    slopes = [(values[b] - values[a]) / (seconds[b] - seconds[a]) for a, b in pairs]
    per_hour = statistics.median(slopes) * 3600 if slopes else 0.0
    return Trend(first, statistics.median(values), last, per_hour, flat=last - first <= allowed)
