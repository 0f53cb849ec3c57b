"""What is planted in a synthetic release, and what that makes the best possible model and the drug average score.

An answer is a sum of five terms with ends to them, so that it lies in [0, 1] without clipping:

    y = 1/2 + shift[study] + DRUG·d[drug] + CELL·q[cell] - PATHWAY·s[drug]·p[cell] + NOISE·e[row]

d, q, p, e lie in [-1, 1]; q and p are the activities of two gene sets, which the expression table shows exactly; s is 1
for drugs with one of the SENSITIVE mechanisms, else 0. |shift| ≤ .02, and .02 + .19 + .06 + .11 + .10 = .48 < 1/2.

Variances over the rows of a study in which every drug meets every cell, for values evenly spread over [-1, 1] (1/3),
d = .6·(mechanism) + .4·(own) (.52/3), a third of the drugs sensitive, and e the sum of two even draws (1/6):

    drug         .19² · .52/3   = .00626
    cell         .06² / 3       = .00120
    interaction  .11² / 3 · 1/3 = .00134
    noise        .10² / 6       = .00167    sum .01047

so the best possible model has R² = 1 - .00167/.01047 = .84 within a study, and the drug average, which knows the first
line alone, .00626/.01047 = .60. Across studies the best model still misses the difference of the two shifts: for a
target .02 away it has 1 - (.00167 + .02²)/.01047 = .80. `expected_scores` has these for the rows of given studies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRUG, CELL, PATHWAY, NOISE = 0.19, 0.06, 0.11, 0.10
MECHANISM_SHARE = 0.6  # of a drug's effect; the rest is its own
NOISE_VARIANCE = NOISE**2 / 6
LARGEST_SHIFT = 0.02
SENSITIVE = frozenset({"MEK inhibitor", "BRAF inhibitor"})
PATHWAY_SET, GROWTH_SET = "MAPK_ACTIVITY", "PROLIFERATION"

Codes = NDArray[np.int32]
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything planted, by the codes of cells and drugs and the name of the study."""

    drug_effect: Values  # d
    sensitive: Values  # s
    growth: Values  # q
    pathway: Values  # p
    shift: dict[str, float]

    def signal(self, study: str, *, cell: Codes, drug: Codes) -> Values:
        """The answer of each row without its noise: what the best possible model predicts."""
        return self.shared_signal(cell=cell, drug=drug) + self.shift[study]

    def shared_signal(self, *, cell: Codes, drug: Codes) -> Values:
        """What all studies have in common."""
        interaction = self.sensitive[drug] * self.pathway[cell]
        signal: Values = 0.5 + DRUG * self.drug_effect[drug] + CELL * self.growth[cell] - PATHWAY * interaction
        return signal


@dataclass(frozen=True, slots=True)
class Scores:
    """Expected R² over rows: sums of variances, with no random draw in them."""

    best: float
    drug_average: float


def expected_scores(truth: Truth, *, source: str, target: str, source_rows: "Rows", target_rows: "Rows") -> Scores:
    """What source's best possible model and its drug average score on these rows of target, whose drugs source has.

    Both miss the noise. The best model knows d, q, p, s and source's shift. The drug average of n rows also misses what
    cells differ by, and adds the n-th part of what is left within a drug, an error that its own rows made.
    """
    signal = truth.signal(target, cell=target_rows.cell, drug=target_rows.drug)
    total = signal.var() + NOISE_VARIANCE
    known = truth.signal(source, cell=target_rows.cell, drug=target_rows.drug)
    mean, spread = _mean_by_drug(truth, source, source_rows)
    drug = target_rows.drug
    average_misses = (signal - mean[drug]) ** 2 + spread[drug]
    return Scores(
        best=float(1 - (NOISE_VARIANCE + ((signal - known) ** 2).mean()) / total),
        drug_average=float(1 - (NOISE_VARIANCE + average_misses.mean()) / total),
    )


@dataclass(frozen=True, slots=True)
class Rows:
    cell: Codes
    drug: Codes


def _mean_by_drug(truth: Truth, study: str, rows: Rows) -> tuple[Values, Values]:
    """The mean of each drug's noiseless answers, and the variance of the noise in it; NaN for a drug without rows."""
    counts = np.bincount(rows.drug, minlength=len(truth.drug_effect)).astype(np.float64)
    counts[counts == 0] = np.nan
    signal = truth.signal(study, cell=rows.cell, drug=rows.drug)
    return np.bincount(rows.drug, weights=signal, minlength=len(counts)) / counts, NOISE_VARIANCE / counts
