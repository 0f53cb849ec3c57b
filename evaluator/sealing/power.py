"""The smallest difference between two models that a study can tell, simulated with the weights that scoring uses.

Made-up models know the study's drug and cell effects, and each has errors of its own about drugs, cells and pairs, so
that the predictions of two correlate by about .9. The errors of one are enlarged until the other is told to be better
at least four times in five: until they differ by (t.975 + t.80) standard errors of scoring's bootstrap.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from scipy.special import stdtrit

from benchmark_data.sealed_ask import Asked
from evaluator.baselines import Baseline, fit_baselines
from evaluator.rows import Rows
from evaluator.scoring.bootstrap import Resample, Way, ratio
from evaluator.scoring.intervals import interval
from evaluator.scoring.pair_sums import Floats, Pairs

MODELS = 8  # every two of them are a pair, either way round
REPLICATES = 500
SEED = 20240501  # of weights and models that no score is made with
OWN_ERROR = 0.3  # of a model, of the standard deviation of the drugs', the cells' and the pairs' effects
LARGEST_FACTOR = 8.0  # by which errors are enlarged: a model that is worse still is on no board
CONFIDENCE, POWER = 0.95, 0.8
_HALVINGS = 10

Score = Callable[[int, float], Floats]
"""Draws of a model's score with its own errors enlarged by a factor."""


@dataclass(frozen=True, slots=True)
class Power:
    """NaN with its reason where it cannot be said."""

    r2: float
    within_drug: float  # of the mean over drugs of the Pearson correlation
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Sums:
    """Weighted by cell, (1 + replicates, drugs): of rows, of answers y, of what models know m, of own errors u."""

    drug_weights: Floats
    n: Floats
    y: Floats
    yy: Floats
    m: Floats
    mm: Floats
    my: Floats
    own: list[list[Floats]]  # u, u², u·m, u·y of each model

    def total(self, of_drugs: Floats) -> Floats:
        total: Floats = (of_drugs * self.drug_weights).sum(axis=1)
        return total

    def r2(self, model: int, factor: float) -> Floats:
        """Its squared errors are those of m and 2f·Σu(m − y) + f²·Σu² more."""
        _, uu, um, uy = self.own[model]
        errors = self.total(self.mm - 2 * self.my + self.yy + 2 * factor * (um - uy) + factor**2 * uu)
        return 1 - ratio(errors, self.total(self.yy) - ratio(self.total(self.y) ** 2, self.total(self.n)))

    def within_drug(self, model: int, factor: float) -> Floats:
        """The mean over drugs of the correlation within each; a drug whose replicate has none counts in no mean."""
        u, uu, um, uy = self.own[model]
        p, pp, py = self.m + factor * u, self.mm + 2 * factor * um + factor**2 * uu, self.my + factor * uy
        spreads = (self.yy - ratio(self.y * self.y, self.n)) * (pp - ratio(p * p, self.n))
        correlation = ratio(py - ratio(p * self.y, self.n), np.sqrt(np.where(spreads > 1e-20, spreads, np.nan)))
        is_known = np.isfinite(correlation)
        return ratio(self.total(np.where(is_known, correlation, 0.0)), self.total(is_known.astype(np.float64)))


def power(asked: Asked, response: Floats) -> Power:
    pairs = Pairs.of(cell=asked.cell, drug=asked.drug)
    units = min(pairs.shape)
    if units < 3 or np.ptp(response) == 0:
        return Power(np.nan, np.nan, "it needs at least 3 cells, 3 drugs, and answers that differ")
    sums = _sums(asked, response, pairs)
    over_all, within = (_smallest(score, units) for score in (sums.r2, sums.within_drug))
    never = [name for name, size in (("R²", over_all), ("correlation within drugs", within)) if np.isnan(size)]
    reason = f"with so few cells or drugs no difference in {' or '.join(never)} is told reliably" if never else ""
    return Power(over_all, within, reason)


def _sums(asked: Asked, response: Floats, pairs: Pairs) -> _Sums:
    rows = Rows(asked.row_id, asked.cell, asked.drug, response)
    fitted = fit_baselines(rows, n_cells=len(asked.cells), n_drugs=len(asked.drugs))
    known = fitted.predict(Baseline.MEAN_EFFECTS, asked.cell, asked.drug) - fitted.global_mean
    y, random = response - fitted.global_mean, np.random.default_rng(SEED)
    weights = Resample.of(Way.TWO_WAY, seed=SEED, cell_ids=asked.cells, drug_ids=asked.drugs, replicates=REPLICATES).at(
        pairs
    )
    cell_weights, drug_weights = weights.cell, weights.drug
    assert cell_weights is not None and drug_weights is not None

    def summed(*columns: Floats | None) -> list[Floats]:
        return [cell_weights @ table for table in pairs.tables(columns)]

    def own() -> Floats:
        by_drug, by_cell, by_pair = (
            OWN_ERROR * float(values.std()) * random.standard_normal(size)
            for values, size in (
                (fitted.drug_effect[fitted.drug_seen], len(asked.drugs)),
                (fitted.cell_effect[fitted.cell_seen], len(asked.cells)),
                (y - known, pairs.shape[0] * pairs.shape[1]),
            )
        )
        made: Floats = by_drug[asked.drug] + by_cell[asked.cell] + by_pair[pairs.position]
        return made

    n, sum_y, sum_yy, sum_m, sum_mm, sum_my = summed(None, y, y * y, known, known * known, known * y)
    errors = [own() for _ in range(MODELS)]
    of_models = [summed(u, u * u, u * known, u * y) for u in errors]
    return _Sums(drug_weights, n, sum_y, sum_yy, sum_m, sum_mm, sum_my, of_models)


def _smallest(score: Score, units: int) -> float:
    """The mean difference where it comes to be as many standard errors as are told; NaN where it never does.

    Larger errors make both larger, the difference more so.
    """
    told = float(stdtrit(units - 1, (1 + CONFIDENCE) / 2) + stdtrit(units - 1, POWER))
    good = [score(model, 1.0) for model in range(MODELS)]

    def difference(factor: float) -> tuple[float, bool]:
        bad = [score(model, factor) for model in range(MODELS)]
        found = [interval(good[i] - bad[j], units=units) for i, j in permutations(range(MODELS), 2)]
        size = np.mean([one.estimate.value for one in found])
        error = np.mean([one.standard_error.value for one in found])
        return float(size), bool(size >= told * error)

    low, high = 1.0, LARGEST_FACTOR
    if not difference(high)[1]:
        return float("nan")
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if difference(middle)[1] else (middle, high)
    return difference(high)[0]
