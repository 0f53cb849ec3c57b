"""Skill over the baselines, the gap to the permuted arm, and the primary score, as bootstrap draws."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.bootstrap import Resample, mean_of, mean_over_splits, mse, ratio, replicate
from evaluator.scoring.intervals import Interval
from evaluator.scoring.pair_sums import Floats

BASELINES = ("global_mean", "drug_mean", "cell_mean", "mean_effects")


def skill(model_mse: Floats, baseline_mse: Floats, split_weights: Floats) -> Floats:
    """Draws of 1 − mean over splits of MSE(model) / mean over splits of MSE(baseline).

    Undefined where the baseline makes no error: nothing can be better or worse than that by a ratio.
    """
    return 1 - ratio(mean_over_splits(model_mse, split_weights), mean_over_splits(baseline_mse, split_weights))


def of_drugs(tables: Floats, drugs: NDArray[np.bool_]) -> Floats:
    """The tables of the rows with these drugs alone.

    Skill over the drug mean counts the drugs that the split was trained on; the others are shown apart.
    """
    kept: Floats = tables * drugs
    return kept


def mse_draws(resample: Resample, truth: Sequence[Floats], files: Sequence[Floats]) -> Floats:
    """Draws of the MSE of each split, (1 + replicates, splits), from tables of the truth and of squared errors."""
    return mse(replicate(resample, truth), replicate(resample, files))


def gap(real: Floats, permuted: Floats, split_weights: Floats) -> Floats:
    """Draws of metric(real) − metric(permuted), paired by split, then averaged."""
    return mean_over_splits(real - permuted, split_weights)


def primary_score(over_mean_effects: Sequence[Floats]) -> Floats:
    """Draws of the mean over targets of the skill over mean effects."""
    return mean_of(over_mean_effects)


def beats_the_baselines(skills: Mapping[str, Interval]) -> bool | None:
    """Whether the skill over each of BASELINES has its lower bound above zero.

    None where that cannot be said: a bound is undefined, and none of the others denies it.
    """
    lows = [skills[baseline].low for baseline in BASELINES]
    if any(low.value <= 0 for low in lows):
        return False
    return True if all(low.is_defined for low in lows) else None
