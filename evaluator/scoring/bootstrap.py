"""Bootstrap replicates of scores, as matrix products of weights and (cells × drugs) tables.

Draws are arrays whose first axis is the replicate, and replicate 0 is the sample itself. A replicate whose score is not
defined is NaN and stays it: `intervals` counts those.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import FileSum, Floats, Pairs, TruthSum
from evaluator.scoring.weights import Kind, poisson_weights

# Sums of centred squares below this share of the raw squares are what rounding leaves of a constant.
_CONSTANT = 1e-12


class Way(StrEnum):
    """What is resampled besides the splits."""

    TWO_WAY = "two-way"
    BY_CELL = "by cell"
    BY_DRUG = "by drug"


@dataclass(frozen=True, slots=True)
class Resample:
    """Weights of each cell and each drug, (1 + replicates, ids); None where that side is not resampled."""

    cell: Floats | None
    drug: Floats | None

    @classmethod
    def of(
        cls, way: Way, *, seed: int, cell_ids: Sequence[str], drug_ids: Sequence[str], replicates: int
    ) -> "Resample":
        """The weights of a whole release, its ids in the order of its codes."""
        cell = None if way is Way.BY_DRUG else poisson_weights(Kind.CELL, cell_ids, seed=seed, replicates=replicates)
        drug = None if way is Way.BY_CELL else poisson_weights(Kind.DRUG, drug_ids, seed=seed, replicates=replicates)
        return cls(cell, drug)

    def at(self, pairs: Pairs) -> "Resample":
        """The same weights, of a target's cells and drugs alone."""
        return Resample(
            None if self.cell is None else np.ascontiguousarray(self.cell[:, pairs.cells]),
            None if self.drug is None else np.ascontiguousarray(self.drug[:, pairs.drugs]),
        )

    def totals(self, tables: Floats) -> Floats:
        """Weighted sums of tables (sums, cells, drugs), as (1 + replicates, sums)."""
        if self.drug is None and self.cell is not None:
            return np.asarray(self.cell @ tables.sum(axis=2).T)
        if self.cell is None and self.drug is not None:
            return np.asarray(self.drug @ tables.sum(axis=1).T)
        if self.cell is None or self.drug is None:
            raise ValueError("nothing is resampled: give weights of cells, of drugs, or of both")
        return np.stack([np.einsum("rd,rd->r", self.cell @ table, self.drug) for table in tables], axis=1)


def replicate(resample: Resample, files: Sequence[Floats]) -> Floats:
    """Totals of several stacks of tables, (1 + replicates, files, sums).

    The truth of a target is one file for all splits, or one a test fold; the files of predictions are one a split.
    """
    totals = resample.totals(np.concatenate(files))
    return totals.reshape(len(totals), len(files), -1)


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """NaN where the denominator is not above zero."""
    shape = np.broadcast_shapes(numerator.shape, denominator.shape)
    quotient: Floats = np.divide(numerator, denominator, out=np.full(shape, np.nan), where=denominator > 0)
    return quotient


def mse(truth: Floats, files: Floats) -> Floats:
    """(1 + replicates, files), as of every score here; NaN where no row has weight."""
    return ratio(files[..., FileSum.SQUARED_ERROR], truth[..., TruthSum.ROWS])


def rmse(truth: Floats, files: Floats) -> Floats:
    draws: Floats = np.sqrt(mse(truth, files))
    return draws


def mae(truth: Floats, files: Floats) -> Floats:
    return ratio(files[..., FileSum.ABSOLUTE_ERROR], truth[..., TruthSum.ROWS])


def r2(truth: Floats, files: Floats) -> Floats:
    """NaN where the answers with weight are constant."""
    return 1 - ratio(files[..., FileSum.SQUARED_ERROR], _centred_squares(truth, TruthSum.Y, TruthSum.YY))


def pearson(truth: Floats, files: Floats) -> Floats:
    """NaN where the answers or the predictions with weight are constant. Of ranks, it is spearman."""
    rows, y, p = truth[..., TruthSum.ROWS], truth[..., TruthSum.Y], files[..., FileSum.P]
    # p - y is the error, so 2·p·y = p² + y² - error².
    products = (files[..., FileSum.PP] + truth[..., TruthSum.YY] - files[..., FileSum.SQUARED_ERROR]) / 2
    spreads = _centred_squares(truth, TruthSum.Y, TruthSum.YY) * _centred_squares(files, FileSum.P, FileSum.PP, rows)
    return ratio(products - ratio(p * y, rows), np.sqrt(spreads))


DRAWS: Mapping[Metric, Callable[[Floats, Floats], Floats]] = {
    Metric.R2: r2,
    Metric.RMSE: rmse,
    Metric.MAE: mae,
    Metric.PEARSON: pearson,
    Metric.SPEARMAN: pearson,
}


def mean_over_splits(draws: Floats, split_weights: Floats) -> Floats:
    """(1 + replicates,); undefined where the score of any split is."""
    mean: Floats = np.einsum("rs,rs->r", draws, split_weights)
    return mean


def gn(g: Floats, own: Floats) -> Floats:
    """Draws of G[s,t] / G[s,s]; NaN where G[s,s] is not positive, in the sample or in a replicate."""
    return ratio(g, own)


def mean_of(draws: Sequence[Floats]) -> Floats:
    """Draws of a mean over targets, such as Ga and Gna; undefined where any is."""
    mean: Floats = np.mean(draws, axis=0)
    return mean


def _centred_squares(sums: Floats, first: int, second: int, rows: Floats | None = None) -> Floats:
    """Σv² − (Σv)²/rows; NaN where that is no more than rounding."""
    count = sums[..., TruthSum.ROWS] if rows is None else rows
    squares = sums[..., second] - ratio(sums[..., first] ** 2, count)
    return np.where(squares > _CONSTANT * sums[..., second], squares, np.nan)
