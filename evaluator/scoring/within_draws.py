"""Bootstrap draws of the correlation within drug, averaged over drugs.

For answers that are not measured as the training's are: their scale and the drugs' levels differ, and only the order of
cells under one drug can still be compared.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evaluator.scoring.bootstrap import ratio
from evaluator.scoring.metrics import Predictions
from evaluator.scoring.pair_sums import Floats, Pairs

# As in bootstrap: sums of centred squares below this share of the raw squares are what rounding leaves of a constant.
_CONSTANT = 1e-12


def within_drug_pearson(
    pairs: Pairs, y: Floats, predictions: Sequence[Predictions], *, cell: Floats, drug: Floats
) -> Floats:
    """Draws of each prediction's mean over drugs of Pearson's correlation, (1 + replicates, predictions).

    `cell` and `drug` are the weights of the pairs' cells and drugs, (1 + replicates, cells) and (…, drugs). Which drugs
    count is decided by the answers alone, in each replicate anew: those whose answers with weight differ.
    The score is NaN where the predictions of one that counts are constant, and where no drug counts.
    """
    of_row = pairs.position % len(pairs.drugs)
    rows, own = cell @ pairs.table(), _centred(y, of_row)
    y_sum, y_squares = cell @ pairs.table(own), cell @ pairs.table(own * own)
    y_spread = _spread(y_sum, y_squares, rows)
    counts = np.where(np.isfinite(y_spread), drug, 0.0)  # (1 + replicates, drugs)
    scores = []
    for prediction in predictions:
        theirs = _centred(np.asarray(prediction, dtype=np.float64), of_row)
        p_sum, products = cell @ pairs.table(theirs), cell @ pairs.table(own * theirs)
        p_spread = _spread(p_sum, cell @ pairs.table(theirs * theirs), rows)
        r = ratio(products - ratio(y_sum * p_sum, rows), np.sqrt(y_spread * p_spread))
        total = np.where(counts > 0, r * counts, 0.0).sum(axis=1)
        scores.append(ratio(total, counts.sum(axis=1)))
    return np.stack(scores, axis=1)


def _centred(values: Floats, of_row: NDArray[np.intp]) -> Floats:
    """Within each drug, so that the sums lose no digits to the drugs' levels."""
    mean = np.bincount(of_row, weights=values) / np.bincount(of_row)
    centred: Floats = values - mean[of_row]
    return centred


def _spread(total: Floats, squares: Floats, rows: Floats) -> Floats:
    """Σv² − (Σv)²/rows of each drug; NaN where that is no more than rounding, or no row has weight."""
    spread = squares - ratio(total * total, rows)
    return np.where(spread > _CONSTANT * squares, spread, np.nan)
