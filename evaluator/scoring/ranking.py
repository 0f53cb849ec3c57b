"""Ranks of models with what the bootstrap leaves open of them: rank intervals and tie groups.

Not percentiles of bootstrapped ranks, which held the best of ten near-equal models in 67% of the cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtrit

from evaluator.scoring.intervals import CONFIDENCE, interval
from evaluator.scoring.number import Number
from evaluator.scoring.pair_sums import Floats

# Differences below this share of the scores are what rounding leaves of none.
_NO_DIFFERENCE = 1e-12


@dataclass(frozen=True, slots=True)
class Standing:
    """A model's place: its rank lies between `first` and `last`.

    Models without a defined interval share the places after all others and belong to no tie group.
    """

    model: str
    estimate: Number
    first: int
    last: int
    tie_group: int | None


def standings(
    draws: Mapping[str, Floats], *, units: int, higher_is_better: bool = True, confidence: float = CONFIDENCE
) -> tuple[Standing, ...]:
    """The models in the order of their estimates, from draws (1 + replicates,) on the same weights.

    All pairs are compared at once: with probability `confidence` no model is called better than one that it is not
    better than. `units` is as for `interval`.
    """
    estimates = {model: interval(of_model, units=units) for model, of_model in draws.items()}
    ranked = sorted(
        (model for model in draws if estimates[model].low.is_defined),
        key=lambda model: estimates[model].estimate.value,
        reverse=higher_is_better,
    )
    unranked = sorted(set(draws) - set(ranked))
    placed: list[Standing] = []
    if ranked:
        scores = np.stack([draws[model] for model in ranked], axis=1)
        better = better_than(scores if higher_is_better else -scores, units=units, confidence=confidence)
        groups = tie_groups(better)
        for i, model in enumerate(ranked):
            first, last = 1 + int(better[:, i].sum()), len(ranked) - int(better[i].sum())
            placed.append(Standing(model, estimates[model].estimate, first, last, groups[i]))
    return (
        *placed,
        *(Standing(model, estimates[model].estimate, len(ranked) + 1, len(draws), None) for model in unranked),
    )


def better_than(draws: Floats, *, units: int, confidence: float = CONFIDENCE) -> NDArray[np.bool_]:
    """(models, models): whether the row's model is significantly better than the column's, higher being better.

    `draws` are (1 + replicates, models). The critical value is the quantile of the largest |t| over all pairs in the
    bootstrap, brought from the normal to Student's t with units − 1 degrees of freedom at the same tail.
    Raise ValueError where fewer than 100 replicates are defined for all models together.
    """
    estimate, resampled = draws[0], draws[1:][np.isfinite(draws[1:]).all(axis=1)]
    if len(resampled) < 100:
        raise ValueError(f"ranks need at least 100 replicates defined for every model, there are {len(resampled)}")
    deviation = resampled - resampled.mean(axis=0)
    t = np.zeros((len(estimate), len(estimate)))
    largest = np.zeros(len(resampled))
    for i in range(len(estimate) - 1):  # a row of pairs at a time: all of them at once would not fit into memory
        difference = deviation[:, i, None] - deviation[:, i + 1 :]  # (replicates, models after i)
        error = difference.std(axis=0, ddof=1)
        # Of the two that are compared: beside one absurd score the differences of all others would be none.
        negligible = _NO_DIFFERENCE * np.maximum(abs(estimate[i]), np.abs(estimate[i + 1 :]))
        varies = error > negligible
        if varies.any():
            scaled = np.abs(difference[:, varies]) / error[varies]
            np.maximum(largest, scaled.max(axis=1), out=largest)
        ahead = estimate[i] - estimate[i + 1 :]
        certain = np.where(np.abs(ahead) > negligible, np.copysign(np.inf, ahead), 0.0)
        t[i, i + 1 :] = np.divide(ahead, error, out=certain, where=varies)
    critical = float(np.quantile(largest, confidence))
    return t - t.T > stdtrit(units - 1, ndtr(critical))


def tie_groups(better: NDArray[np.bool_]) -> list[int]:
    """Groups by model, best first: the best that is left, and all that are left and not significantly worse."""
    groups = np.zeros(len(better), np.int64)
    left, group = np.arange(len(better)), 0
    while left.size:
        group += 1
        worse = better[left[0], left]
        groups[left[~worse]] = group
        left = left[worse]
    return [int(number) for number in groups]
