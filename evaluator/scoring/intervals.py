"""An estimate with its interval: estimate ± t(min(cells, drugs) − 1) × the standard deviation of its bootstrap draws.

Not percentiles, which covered .71 of what they should with 16 drugs.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy.special import stdtrit

from evaluator.scoring.number import Number
from evaluator.scoring.pair_sums import Floats

CONFIDENCE = 0.95
# A spread of fewer drugs says little about the variance of the answers, which R² divides by.
R2_NEEDS_DRUGS = 60
# Replicates that drew no row, or a constant truth, are no samples and are left out, but no more than this share.
_MAY_BE_UNDEFINED = 0.05


class Undefined(StrEnum):
    """Why there is no interval."""

    NO_ESTIMATE = "the score is undefined"
    TOO_FEW_UNITS = "an interval needs at least 3 cells and 3 drugs"
    TOO_FEW_REPLICATES = "an interval needs at least 100 replicates"
    UNDEFINED_REPLICATES = "the score is undefined in more than 5% of the replicates"


@dataclass(frozen=True, slots=True)
class Interval:
    """`replicates` counts those that were used. `too_narrow` marks R² over fewer than 60 drugs."""

    estimate: Number
    low: Number
    high: Number
    standard_error: Number
    df: int
    replicates: int
    too_narrow: bool = False

    @property
    def excludes_zero(self) -> bool:
        """False where there is no interval."""
        return self.low.value > 0 or self.high.value < 0


def interval(draws: Floats, *, units: int, too_narrow: bool = False, confidence: float = CONFIDENCE) -> Interval:
    """The interval of draws (1 + replicates,).

    `units` is the smaller of the numbers of cells and drugs that were resampled; of a mean over targets, the smallest
    of theirs.
    """
    estimate, used = float(draws[0]), draws[1:][np.isfinite(draws[1:])]
    why = _why_undefined(estimate, units=units, replicates=len(draws) - 1, used=len(used))
    if why is not None:
        nothing = Number.undefined(why)
        known = nothing if math.isnan(estimate) else Number(estimate)
        return Interval(known, nothing, nothing, nothing, max(units - 1, 0), len(used), too_narrow)
    error = float(used.std(ddof=1))
    margin = t_quantile(confidence, df=units - 1) * error
    return Interval(
        estimate=Number(estimate),
        low=Number(estimate - margin),
        high=Number(estimate + margin),
        standard_error=Number(error),
        df=units - 1,
        replicates=len(used),
        too_narrow=too_narrow,
    )


def t_quantile(confidence: float, *, df: int) -> float:
    """The two-sided quantile of Student's t."""
    return float(stdtrit(df, (1 + confidence) / 2))


def _why_undefined(estimate: float, *, units: int, replicates: int, used: int) -> Undefined | None:
    if math.isnan(estimate):
        return Undefined.NO_ESTIMATE
    if units < 3:
        return Undefined.TOO_FEW_UNITS
    if replicates < 100:
        return Undefined.TOO_FEW_REPLICATES
    return Undefined.UNDEFINED_REPLICATES if used < (1 - _MAY_BE_UNDEFINED) * replicates else None
