"""Ranks of many models at once: the figures of evaluator.scoring.ranking, fast enough for hundreds of models."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from evaluator.scoring.intervals import CONFIDENCE
from evaluator.scoring.pair_sums import Floats
from evaluator.scoring.ranking import tie_groups
from leaderboard.publishing.pairs import raise_largest

# As in evaluator.scoring.ranking.
_NO_DIFFERENCE = 1e-12
_LEAST_REPLICATES = 100
# Below this share of the variances, what is left of their difference with the covariance has lost too many digits.
_CANCELLED = 1e-6


@dataclass(frozen=True, slots=True)
class Place:
    """A rank between `first` and `last`; without a tie group it is that of all who could not be ranked."""

    first: int
    last: int
    tie_group: int | None


def places(
    draws: Floats, rankable: Sequence[int], *, units: int, higher_is_better: bool, confidence: float = CONFIDENCE
) -> list[Place]:
    """The places of all models, from draws (models, 1 + replicates); `rankable` are those with an interval.

    A model whose draws leave too few replicates in common with the others is not ranked: no submission can keep the
    rest of a board from being made.
    """
    sign = 1.0 if higher_is_better else -1.0
    ranked = sorted(with_common_replicates(draws, list(rankable)), key=lambda model: -sign * draws[model, 0])
    found = [Place(len(ranked) + 1, len(draws), None)] * len(draws)
    if ranked:
        better = better_than(sign * draws[ranked], units=units, confidence=confidence)
        groups, losses, wins = tie_groups(better), better.sum(axis=0), better.sum(axis=1)
        for i, model in enumerate(ranked):
            found[model] = Place(1 + int(losses[i]), len(ranked) - int(wins[i]), groups[i])
    return found


@dataclass(frozen=True, slots=True)
class Pairwise:
    """All pairs of models at once: (models, models) differences of the row less the column, and their standard errors.

    A difference counts from `critical` standard errors on; below `negligible` it is what rounding leaves of none.
    """

    ahead: Floats
    error: Floats
    negligible: Floats
    critical: float
    replicates: int

    @property
    def better(self) -> NDArray[np.bool_]:
        certain = np.where(np.abs(self.ahead) > self.negligible, np.copysign(np.inf, self.ahead), 0.0)
        t = np.divide(self.ahead, self.error, out=certain, where=self.error > self.negligible)
        better: NDArray[np.bool_] = t > self.critical
        return better


def better_than(draws: Floats, *, units: int, confidence: float = CONFIDENCE) -> NDArray[np.bool_]:
    """(models, models), as evaluator.scoring.ranking.better_than says it; `draws` are (models, 1 + replicates)."""
    return pairwise(draws, units=units, confidence=confidence).better


def pairwise(draws: Floats, *, units: int, confidence: float = CONFIDENCE) -> Pairwise:
    estimate, resampled = draws[:, 0], draws[:, 1:]
    resampled = resampled[:, np.isfinite(resampled).all(axis=0)]
    deviation = np.ascontiguousarray(resampled - resampled.mean(axis=1, keepdims=True))
    # Of the two that are compared: beside one absurd score the differences of all others would be none.
    negligible = _NO_DIFFERENCE * np.maximum(np.abs(estimate)[:, None], np.abs(estimate))
    error = _standard_errors(deviation)
    largest = np.zeros(deviation.shape[1])
    raise_largest(deviation, np.divide(1, error, out=np.zeros_like(error), where=error > negligible), largest)
    critical = float(stdtrit(units - 1, ndtr(float(np.quantile(largest, confidence)))))
    return Pairwise(estimate[:, None] - estimate, error, negligible, critical, deviation.shape[1])


def _standard_errors(deviation: Floats) -> Floats:
    """(models, models): of the difference of each pair, by one matrix product where that keeps enough digits."""
    replicates = deviation.shape[1]
    covariance = deviation @ deviation.T
    variance = np.diag(covariance)
    both = variance[:, None] + variance
    squares = both - 2 * covariance
    for i, row in enumerate(squares <= _CANCELLED * both):
        close = np.flatnonzero(row[i + 1 :]) + i + 1
        if close.size:
            difference = deviation[close] - deviation[i]
            exact = np.square(difference - difference.mean(axis=1, keepdims=True)).sum(axis=1)
            squares[i, close] = squares[close, i] = exact
    np.fill_diagonal(squares, 0.0)
    errors: Floats = np.sqrt(squares / (replicates - 1))
    return errors


def with_common_replicates(draws: Floats, ranked: list[int]) -> list[int]:
    """Without those whose replicates are undefined most often, while too few are defined for all."""
    finite = np.isfinite(draws[ranked, 1:])
    kept = np.arange(len(ranked))
    while kept.size and int(finite[kept].all(axis=0).sum()) < _LEAST_REPLICATES:
        kept = np.delete(kept, int(finite[kept].sum(axis=1).argmin()))
    return [ranked[i] for i in kept]
