"""The compiled inner loop of ranking: the largest |t| of all pairs of models in each replicate."""

from collections.abc import Callable
from typing import Any, TypeVar

import numba
import numpy as np

from evaluator.scoring.pair_sums import Floats

Loop = TypeVar("Loop", bound=Callable[..., Any])
CHUNK = 128
"""Replicates at a time, so that what four models have of them stays in the processor's nearest cache."""


def compiled(function: Loop) -> Loop:
    """numba.njit that keeps its code on disk where it may: a read-only installation without a home may not."""
    try:
        fast: Loop = numba.njit(function, cache=True, nogil=True, error_model="numpy")
    except RuntimeError:  # numba found no directory that it can write to
        fast = numba.njit(function, nogil=True, error_model="numpy")
    return fast


@compiled
def larger(one: float, another: float) -> float:
    return one if one > another else another  # unlike max, which asks for NaN, this becomes one instruction


@compiled
def raise_largest(deviation: Floats, inverse: Floats, largest: Floats) -> None:
    """Raise largest[r] to max |deviation[i, r] − deviation[j, r]| · inverse[i, j] over i < j.

    `deviation` is (models, replicates) and finite; an inverse standard error of 0 leaves its pair out.
    """
    models, replicates = deviation.shape
    for start in range(0, replicates, CHUNK):
        span = slice(start, min(start + CHUNK, replicates))
        most = largest[span]
        for i in range(models - 1):
            one = deviation[i, span]
            fours = i + 1 + (models - i - 1) // 4 * 4
            for j in range(i + 1, fours, 4):  # four at a time: `one` and `most` are loaded a quarter as often
                a, b, c, d = deviation[j, span], deviation[j + 1, span], deviation[j + 2, span], deviation[j + 3, span]
                by_a, by_b, by_c, by_d = inverse[i, j], inverse[i, j + 1], inverse[i, j + 2], inverse[i, j + 3]
                for r in range(most.size):
                    of_ab = larger(np.abs(one[r] - a[r]) * by_a, np.abs(one[r] - b[r]) * by_b)
                    of_cd = larger(np.abs(one[r] - c[r]) * by_c, np.abs(one[r] - d[r]) * by_d)
                    most[r] = larger(larger(of_ab, of_cd), most[r])
            for j in range(fours, models):
                for r in range(most.size):
                    most[r] = larger(np.abs(one[r] - deviation[j, start + r]) * inverse[i, j], most[r])
