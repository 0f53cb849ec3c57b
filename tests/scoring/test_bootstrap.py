"""Replicates by matrix products, against replicates whose rows were repeated one by one."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from evaluator.scoring.bootstrap import (
    DRAWS,
    Resample,
    Way,
    gn,
    mean_of,
    mean_over_splits,
    replicate,
)
from evaluator.scoring.intervals import interval
from evaluator.scoring.metrics import Metric
from evaluator.scoring.pair_sums import Pairs, error_values, file_values, truth_values
from evaluator.scoring.weights import split_weights

CELL_IDS = [f"ACH-{i}" for i in range(9)]
DRUG_IDS = [f"Drug_{i}" for i in range(7)]
REPLICATES = 30


def resample(way=Way.TWO_WAY, replicates=REPLICATES):
    return Resample.of(way, seed=11, cell_ids=CELL_IDS, drug_ids=DRUG_IDS, replicates=replicates)


@pytest.fixture
def rows():
    """120 rows with repeated pairs, answers and predictions far from zero; cell 0 and drug 3 have none."""
    rng = np.random.default_rng(4)
    cell, drug = rng.integers(1, 9, size=120), rng.choice([0, 1, 2, 4, 5, 6], size=120)
    y = 5 + 0.3 * drug + rng.normal(size=120)
    return cell, drug, y, y + rng.normal(size=120)


def draws_of(metric, rows, weights):
    cell, drug, y, prediction = rows
    pairs = Pairs.of(cell=cell, drug=drug)
    at = weights.at(pairs)
    truth = replicate(at, [pairs.tables(truth_values(y, centre=y.mean()))])
    files = replicate(at, [pairs.tables(file_values(y, prediction, centre=y.mean()))])
    return DRAWS[metric](truth, files)[:, 0]


SCORES = {
    Metric.R2: sklearn_metrics.r2_score,
    Metric.RMSE: sklearn_metrics.root_mean_squared_error,
    Metric.MAE: sklearn_metrics.mean_absolute_error,
    Metric.PEARSON: lambda y, p: stats.pearsonr(y, p).statistic,
}


@pytest.mark.parametrize("way", Way)
@pytest.mark.parametrize("metric", SCORES)
def test_a_replicate_scores_the_rows_as_often_as_they_were_drawn(metric, way, rows):
    weights = resample(way)
    cell, drug, y, prediction = rows
    times = np.ones((1 + REPLICATES, len(y)))
    if weights.cell is not None:
        times *= weights.cell[:, cell]
    if weights.drug is not None:
        times *= weights.drug[:, drug]
    draws = draws_of(metric, rows, weights)
    assert np.isfinite(draws).all()
    for row_times, draw in zip(times.astype(int), draws, strict=True):
        assert draw == pytest.approx(
            SCORES[metric](np.repeat(y, row_times), np.repeat(prediction, row_times)), rel=1e-11
        )


def test_spearman_is_the_pearson_of_ranks_made_once(rows):
    cell, drug, y, prediction = rows
    ranked = (cell, drug, stats.rankdata(y), stats.rankdata(prediction))
    draws = draws_of(Metric.SPEARMAN, ranked, resample())
    assert draws[0] == pytest.approx(stats.spearmanr(y, prediction).statistic, rel=1e-12)


def test_the_same_seed_gives_the_same_figures():
    # Answers by integer arithmetic. Recorded when the scheme was fixed; a BLAS may move the last digits, not 1e-9.
    row = np.arange(120)
    y, prediction = (row * 37 % 101) / 101, (row * 37 % 101 + row * 13 % 29) / 130
    draws = draws_of(Metric.R2, (1 + row % 8, row % 7, y, prediction), resample(replicates=1000))
    found = interval(draws, units=7)
    assert found.estimate.value == pytest.approx(0.9003629572810969, abs=1e-9)
    assert found.low.value == pytest.approx(0.8537273390910125, abs=1e-9)
    assert found.high.value == pytest.approx(0.9469985754711814, abs=1e-9)


def test_two_models_are_drawn_on_the_same_weights(rows):
    cell, drug, y, prediction = rows
    worse = draws_of(Metric.RMSE, (cell, drug, y, y + 2 * (prediction - y)), resample())
    np.testing.assert_allclose(worse, 2 * draws_of(Metric.RMSE, rows, resample()))


def test_folds_are_scored_apart_on_the_same_weights_then_averaged(rows):
    cell, drug, y, prediction = rows
    pairs, weights = Pairs.of(cell=cell, drug=drug), resample()
    folds = [np.arange(0, 120, 2), np.arange(1, 120, 2)]
    at = weights.at(pairs)
    truth = replicate(at, [pairs.of_rows(fold).tables(truth_values(y[fold], centre=y.mean())) for fold in folds])
    files = replicate(at, [pairs.of_rows(fold).tables(error_values(y[fold], prediction[fold])) for fold in folds])
    draws = mean_over_splits(DRAWS[Metric.R2](truth, files), np.full((1 + REPLICATES, 2), 0.5))
    alone = [draws_of(Metric.R2, (cell[fold], drug[fold], y[fold], prediction[fold]), weights) for fold in folds]
    np.testing.assert_allclose(draws, (alone[0] + alone[1]) / 2, rtol=1e-10)


def test_all_splits_share_the_sums_of_a_whole_target(rows):
    cell, drug, y, prediction = rows
    pairs = Pairs.of(cell=cell, drug=drug)
    at = resample().at(pairs)
    truth = replicate(at, [pairs.tables(truth_values(y, centre=y.mean()))])
    files = replicate(at, [pairs.tables(error_values(y, prediction)), pairs.tables(error_values(y, y))])
    scores = DRAWS[Metric.R2](truth, files)
    assert scores.shape == (1 + REPLICATES, 2)
    np.testing.assert_array_equal(scores[:, 1], 1)


def test_a_replicate_without_rows_is_undefined():
    pairs = Pairs.of(cell=np.array([0, 1]), drug=np.array([0, 1]))
    weights = Resample(np.array([[1.0, 1.0], [0.0, 3.0]]), np.array([[1.0, 1.0], [2.0, 0.0]]))
    y = np.array([0.2, 0.4])
    truth = replicate(weights, [pairs.tables(truth_values(y, centre=0.3))])
    files = replicate(weights, [pairs.tables(file_values(y, y + 0.1, centre=0.3))])
    for metric in (Metric.RMSE, Metric.MAE, Metric.R2, Metric.PEARSON):
        assert np.isnan(DRAWS[metric](truth, files)[:, 0]).tolist() == [False, True]


@pytest.mark.parametrize("metric", [Metric.R2, Metric.PEARSON])
def test_constant_answers_leave_r2_and_pearson_undefined(metric, rows):
    cell, drug, _, prediction = rows
    assert np.isnan(draws_of(metric, (cell, drug, np.full(120, 0.1), prediction), resample())).all()


def test_constant_predictions_leave_pearson_undefined_and_r2_defined(rows):
    cell, drug, y, _ = rows
    constant = (cell, drug, y, np.full(120, 0.1))
    assert np.isnan(draws_of(Metric.PEARSON, constant, resample())).all()
    assert np.isfinite(draws_of(Metric.R2, constant, resample())).all()


def test_an_undefined_split_makes_the_mean_undefined():
    weights = split_weights(seed=1, source="CCLE", n_splits=2, replicates=3)
    draws = np.ones((4, 2))
    draws[2, 1] = np.nan
    assert np.isnan(mean_over_splits(draws, weights)).tolist() == [False, False, True, False]


def test_a_target_uses_the_release_weights_of_its_own_cells_and_drugs():
    pairs = Pairs.of(cell=np.array([7, 2]), drug=np.array([1, 1]))
    whole = resample()
    np.testing.assert_array_equal(whole.at(pairs).cell, whole.cell[:, [2, 7]])
    np.testing.assert_array_equal(whole.at(pairs).drug, whole.drug[:, [1]])
    assert resample(Way.BY_DRUG).at(pairs).cell is None
    assert resample(Way.BY_CELL).at(pairs).drug is None


@pytest.mark.parametrize(("way", "side"), [(Way.BY_CELL, Pairs.by_cell), (Way.BY_DRUG, Pairs.by_drug)])
def test_one_way_replicates_need_the_margins_alone(way, side, rows):
    cell, drug, y, prediction = rows
    pairs, columns = Pairs.of(cell=cell, drug=drug), file_values(y, prediction, centre=y.mean())
    at = resample(way).at(pairs)
    np.testing.assert_allclose(at.totals(side(pairs).tables(columns)), at.totals(pairs.tables(columns)), rtol=1e-12)


def test_nothing_resampled_is_refused():
    with pytest.raises(ValueError, match="nothing is resampled"):
        Resample(None, None).totals(np.ones((1, 2, 2)))


def test_gn_divides_draw_by_draw_and_is_undefined_where_the_diagonal_is_not_positive():
    np.testing.assert_array_equal(gn(np.array([0.3, 0.2, 0.1]), np.array([0.6, 0.0, -0.5])), [0.5, np.nan, np.nan])


def test_ga_is_the_mean_of_draws_and_undefined_where_one_is():
    draws = mean_of([np.array([0.2, 0.4]), np.array([0.4, np.nan])])
    np.testing.assert_allclose(draws, [0.3, np.nan])
