"""The correlation within drug, replicate by replicate, against rows that were repeated one by one."""

import numpy as np
import pytest
from scipy import stats

from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Pairs
from evaluator.scoring.weights import Kind, poisson_weights
from evaluator.scoring.within import within_drug
from evaluator.scoring.within_draws import within_drug_pearson
from tests.scoring.builders import make_truth

REPLICATES = 40


@pytest.fixture
def rows():
    """6 drugs × 12 cells, each drug at a level of its own."""
    rng = np.random.default_rng(3)
    cell, drug = (part.ravel() for part in np.meshgrid(np.arange(12), np.arange(6)))
    y = 10.0 * drug + rng.normal(size=72)
    return cell, drug, y, (y + rng.normal(size=72)).astype(np.float32)


def weights(kind, n):
    return poisson_weights(kind, [str(i) for i in range(n)], seed=5, replicates=REPLICATES)


def draws_of(rows, *, prediction=None):
    cell, drug, y, own = rows
    pairs = Pairs.of(cell=cell, drug=drug)
    predictions = [own if prediction is None else prediction]
    by_cell, by_drug = weights(Kind.CELL, 12)[:, pairs.cells], weights(Kind.DRUG, 6)[:, pairs.drugs]
    return within_drug_pearson(pairs, y, predictions, cell=by_cell, drug=by_drug)[:, 0]


def test_the_sample_itself_scores_as_the_librarys_average_over_drugs(rows):
    cell, drug, y, prediction = rows
    average = within_drug(make_truth(y, cell=cell, drug=drug), prediction)[Metric.PEARSON].average
    assert draws_of(rows)[0] == pytest.approx(average.value, abs=1e-12)


def test_a_replicate_repeats_cells_within_each_drug_and_drugs_in_the_average(rows):
    cell, drug, y, prediction = rows
    of_cell, of_drug = weights(Kind.CELL, 12), weights(Kind.DRUG, 6)
    for replicate in (1, 2, 3):
        scores = []
        for one in range(6):
            here = np.flatnonzero(drug == one)
            repeated = np.repeat(here, of_cell[replicate][cell[here]].astype(int))
            r = stats.pearsonr(y[repeated], prediction[repeated]).statistic
            scores += [r] * int(of_drug[replicate][one])
        assert draws_of(rows)[replicate] == pytest.approx(np.mean(scores), abs=1e-9)


def test_a_shift_of_every_drug_changes_nothing(rows):
    _, drug, _, prediction = rows
    shifted = prediction.astype(np.float64) + 100.0 * drug
    assert draws_of(rows, prediction=shifted) == pytest.approx(draws_of(rows), abs=1e-9)


def test_predictions_that_are_constant_for_one_drug_have_no_score(rows):
    _, drug, _, prediction = rows
    assert np.isnan(draws_of(rows, prediction=np.where(drug == 2, 0.1, prediction))[0])


def test_a_drug_whose_answers_are_equal_does_not_count(rows):
    cell, drug, y, prediction = rows
    without = tuple(part[drug != 2] for part in rows)
    flat = (cell, drug, np.where(drug == 2, 0.5, y), prediction)
    assert draws_of(flat)[0] == pytest.approx(draws_of(without)[0], abs=1e-12)


def test_where_no_drug_counts_there_is_no_score(rows):
    cell, drug, _, prediction = rows
    assert np.isnan(draws_of((cell, drug, np.full(72, 0.5), prediction))).all()
