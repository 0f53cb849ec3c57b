"""What a model has to beat: the global, drug and cell means and the mean effects of the same training rows."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from evaluator.rows import Rows


class Baseline(StrEnum):
    GLOBAL_MEAN = "global_mean"
    DRUG_MEAN = "drug_mean"
    CELL_MEAN = "cell_mean"
    MEAN_EFFECTS = "mean_effects"


@dataclass(frozen=True, slots=True)
class FittedBaselines:
    """Means of the training rows; an unseen cell or drug has an effect of 0, so its mean is the global one.

    Mean effects are μ + (drug mean − μ) + (cell mean − μ): effects are raw means' distances from the global mean, as in
    DrEval's naive predictor, and are not fitted jointly.
    """

    global_mean: float
    cell_effect: NDArray[np.float64]  # (cells of the release,)
    drug_effect: NDArray[np.float64]  # (drugs of the release,)
    drug_seen: NDArray[np.bool_]
    cell_seen: NDArray[np.bool_]

    def predict(self, baseline: Baseline, cell: NDArray[np.int32], drug: NDArray[np.int32]) -> NDArray[np.float64]:
        match baseline:
            case Baseline.GLOBAL_MEAN:
                return np.full(len(cell), self.global_mean)
            case Baseline.DRUG_MEAN:
                return self.global_mean + self.drug_effect[drug]
            case Baseline.CELL_MEAN:
                return self.global_mean + self.cell_effect[cell]
            case Baseline.MEAN_EFFECTS:
                return self.global_mean + self.cell_effect[cell] + self.drug_effect[drug]


def fit_baselines(train: Rows, *, n_cells: int, n_drugs: int) -> FittedBaselines:
    """Raise ValueError for no rows: there is no mean of nothing."""
    if not len(train):
        raise ValueError("a baseline needs at least one training row")
    mean = float(train.response.mean())
    centred = train.response - mean
    cell_effect, cell_seen = _effects(train.cell, centred, n_cells)
    drug_effect, drug_seen = _effects(train.drug, centred, n_drugs)
    return FittedBaselines(mean, cell_effect, drug_effect, drug_seen, cell_seen)


def _effects(
    code: NDArray[np.int32], centred: NDArray[np.float64], n: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    count = np.bincount(code, minlength=n)
    total = np.bincount(code, weights=centred, minlength=n)
    effect = np.divide(total, count, out=np.zeros(n), where=count > 0)
    return effect, count > 0
