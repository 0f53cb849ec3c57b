"""The smallest difference between two models that a study can tell, simulated with the weights that scoring uses.

Pairs of models are made up that are equally good: both miss what the study's drug and cell effects leave, and each has
errors of its own about whole drugs and whole cells. The bootstrap of scoring (both ways, 1 weight a cell and a drug)
gives the standard error of their difference; a true difference of (t.975 + t.80) standard errors is told four times in
five. Models that err alike, or row by row, are told apart more easily.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from benchmark_data.sealed_ask import Asked
from evaluator.baselines import Baseline, fit_baselines
from evaluator.rows import Rows
from evaluator.scoring.bootstrap import Resample, Way, r2, ratio, replicate
from evaluator.scoring.intervals import interval
from evaluator.scoring.pair_sums import Floats, Pairs, error_values, file_values, truth_values

PAIRS = 8
REPLICATES = 500
SEED = 20240501  # of weights and models that no score is made with
OWN_ERROR = 0.5  # standard deviation of a model's own error, of that of the drugs' and the cells' effects
CONFIDENCE, POWER = 0.95, 0.8


@dataclass(frozen=True, slots=True)
class Power:
    """NaN with its reason where it cannot be said."""

    r2: float
    within_drug: float  # of the mean over drugs of the Pearson correlation
    reason: str = ""


def power(asked: Asked, response: Floats) -> Power:
    rows = Rows(asked.row_id, asked.cell, asked.drug, response)
    pairs = Pairs.of(cell=asked.cell, drug=asked.drug)
    units = min(pairs.shape)
    if units < 3 or np.ptp(response) == 0:
        return Power(np.nan, np.nan, "it needs at least 3 cells, 3 drugs, and answers that differ")
    fitted = fit_baselines(rows, n_cells=len(asked.cells), n_drugs=len(asked.drugs))
    effects = fitted.predict(Baseline.MEAN_EFFECTS, asked.cell, asked.drug)
    spread = (float(fitted.drug_effect[pairs.drugs].std()), float(fitted.cell_effect[pairs.cells].std()))
    resample = Resample.of(
        Way.TWO_WAY, seed=SEED, cell_ids=asked.cells, drug_ids=asked.drugs, replicates=REPLICATES
    ).at(pairs)
    centre, random = float(response.mean()), np.random.default_rng(SEED)
    truth = pairs.tables(truth_values(response, centre=centre))
    errors: list[tuple[float, float]] = []
    for _ in range(PAIRS):
        models = [_model(effects, asked, spread, random) for _ in range(2)]
        errors.append(
            (
                _error_of_difference(_r2_draws(resample, pairs, truth, response, models), units),
                _error_of_difference(_within_draws(resample, pairs, truth, response, models, centre), units),
            )
        )
    told = float(stdtrit(units - 1, (1 + CONFIDENCE) / 2) + stdtrit(units - 1, POWER))
    over_all, within = (told * float(np.median([error[place] for error in errors])) for place in (0, 1))
    reason = "a correlation within drugs is not defined for enough draws" if np.isnan(within) else ""
    return Power(over_all, within, reason)


def _model(effects: Floats, asked: Asked, spread: tuple[float, float], random: np.random.Generator) -> Floats:
    of_drug, of_cell = (
        OWN_ERROR * scale * random.standard_normal(len(names))
        for scale, names in zip(spread, (asked.drugs, asked.cells), strict=True)
    )
    made: Floats = effects + of_drug[asked.drug] + of_cell[asked.cell]
    return made


def _error_of_difference(draws: list[Floats], units: int) -> float:
    return interval(draws[0] - draws[1], units=units).standard_error.value


def _r2_draws(resample: Resample, pairs: Pairs, truth: Floats, response: Floats, models: list[Floats]) -> list[Floats]:
    totals = replicate(resample, [truth])
    return [r2(totals, replicate(resample, [pairs.tables(error_values(response, model))]))[:, 0] for model in models]


def _within_draws(
    resample: Resample, pairs: Pairs, truth: Floats, response: Floats, models: list[Floats], centre: float
) -> list[Floats]:
    """Draws of the mean over drugs of the correlation within each."""
    assert resample.cell is not None and resample.drug is not None
    drawn = []
    for model in models:
        predicted = pairs.tables(file_values(response, model, centre=centre))
        product = pairs.table((response - centre) * (model - centre))
        n, y, yy, p, pp, py = (resample.cell @ table for table in (*truth, *predicted[2:], product))
        spread = (yy - ratio(y * y, n)) * (pp - ratio(p * p, n))
        correlation = ratio(py - ratio(p * y, n), np.sqrt(np.where(spread > 1e-20, spread, np.nan)))
        weight = np.where(np.isfinite(correlation), resample.drug, 0.0)
        drawn.append(ratio((weight * np.nan_to_num(correlation)).sum(axis=1), weight.sum(axis=1)))
    return drawn
