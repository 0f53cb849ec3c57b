import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats
from sklearn import metrics as sk

from evaluator.scoring.metrics import Metric, group_scores, row_scores
from evaluator.scoring.truth import Why
from tests.scoring.builders import make_truth

slow_machines = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def answers_and_predictions(draw, dtype=np.float64):
    n = draw(st.integers(2, 40))
    # Multiples of 1/256 between 0 and 1, as an AUC is: distinct values are far enough apart for every peer.
    y, prediction = (draw(npst.arrays(np.uint8, n)) / 256 for _ in range(2))
    assume(np.ptp(y) > 0 and np.ptp(prediction) > 0)
    return y, prediction.astype(dtype)


def peers(y, prediction):
    return {
        Metric.R2: sk.r2_score(y, prediction),
        Metric.RMSE: sk.root_mean_squared_error(y, prediction),
        Metric.MAE: sk.mean_absolute_error(y, prediction),
        Metric.PEARSON: stats.pearsonr(y, prediction).statistic if y.size > 2 else np.corrcoef(y, prediction)[0, 1],
        Metric.SPEARMAN: stats.spearmanr(y, prediction).statistic,
    }


def values(scores):
    return {metric: number.value for metric, number in scores.items()}


@slow_machines
@given(answers_and_predictions())
def test_metrics_over_rows_agree_with_scipy_and_scikit_learn(pair):
    y, prediction = pair
    assert values(row_scores(make_truth(y), prediction)) == pytest.approx(peers(y, prediction), rel=1e-12, abs=1e-12)


@slow_machines
@given(answers_and_predictions(np.float32))
def test_32_bit_predictions_score_as_the_numbers_that_they_are(pair):
    y, prediction = pair
    truth = make_truth(y)
    assert values(row_scores(truth, prediction)) == pytest.approx(
        values(row_scores(truth, prediction.astype(np.float64))), rel=1e-12, abs=1e-12
    )


@slow_machines
@given(answers_and_predictions(np.float32), st.data())
def test_metrics_of_each_group_are_those_of_its_rows_alone(pair, data):
    y, prediction = pair
    drug = np.array(data.draw(st.lists(st.integers(0, 4), min_size=y.size, max_size=y.size)), dtype=np.int32)
    groups = make_truth(y, drug=drug).by_drug
    columns = group_scores(groups, prediction)
    for i, code in enumerate(groups.group):
        alone = row_scores(make_truth(y[drug == code]), prediction[drug == code])
        for metric, column in columns.items():
            assert column.number(i).reason == alone[metric].reason
            assert column.number(i).value == pytest.approx(alone[metric].value, rel=1e-12, abs=1e-12, nan_ok=True)


def test_a_row_may_stand_in_several_groups():
    groups = make_truth([0.0, 1.0, 3.0]).groups(np.array([0, 0, 1, 1], dtype=np.int32), row=np.array([0, 1, 1, 2]))
    mae = group_scores(groups, np.array([0.0, 0.0, 0.0]), metrics=[Metric.MAE])[Metric.MAE]
    assert mae.value.tolist() == [0.5, 2.0]  # (0 + 1) / 2 and (1 + 3) / 2


@pytest.mark.parametrize("asked", [[Metric.RMSE, Metric.PEARSON], [Metric.SPEARMAN], [Metric.MAE], []])
def test_only_the_metrics_asked_for_are_computed(asked):
    assert list(row_scores(make_truth([0, 1, 2]), np.array([0.0, 1.0, 1.0]), metrics=set(asked))) == asked


def test_spearman_of_groups_without_ranks_is_a_programming_error():
    groups = make_truth([0.0, 1.0]).groups(np.zeros(2, dtype=np.int32), ranked=False)
    assert list(group_scores(groups, np.array([0.0, 1.0]), metrics=[Metric.R2])) == [Metric.R2]
    with pytest.raises(ValueError, match="ranked=True"):
        group_scores(groups, np.array([0.0, 1.0]))


@pytest.mark.parametrize("offset", [0.0, 1e6, -1e12, 1e15])
def test_a_large_offset_costs_no_digits(offset):
    rng = np.random.default_rng(2)
    y = offset + rng.integers(0, 64, 500) / 4.0  # exact up to 1e15, as 1/8 is the spacing of floats there
    prediction = offset + rng.integers(0, 64, 500) / 4.0
    scores = row_scores(make_truth(y), prediction)
    exact_y, exact_p = [Fraction(v) for v in y], [Fraction(v) for v in prediction]
    mean_y, mean_p = sum(exact_y) / 500, sum(exact_p) / 500
    syy = sum((v - mean_y) ** 2 for v in exact_y)
    spp = sum((v - mean_p) ** 2 for v in exact_p)
    syp = sum((v - mean_y) * (w - mean_p) for v, w in zip(exact_y, exact_p, strict=True))
    error = sum((v - w) ** 2 for v, w in zip(exact_y, exact_p, strict=True))
    assert scores[Metric.R2].value == pytest.approx(float(1 - error / syy), rel=1e-12)
    assert scores[Metric.PEARSON].value == pytest.approx(float(syp) / math.sqrt(syy * spp), rel=1e-12)


def test_no_metric_is_clipped():
    scores = row_scores(make_truth([0.0, 1.0]), np.array([100.0, -100.0]))
    assert scores[Metric.R2].value == pytest.approx(1 - (100**2 + 101**2) / 0.5)


@pytest.mark.parametrize("metric", list(Metric))
def test_no_rows_have_no_metric(metric):
    number = row_scores(make_truth([]), np.empty(0, dtype=np.float32))[metric]
    assert number.reason == Why.NO_ROWS


@pytest.mark.parametrize("metric", [Metric.R2, Metric.PEARSON, Metric.SPEARMAN])
@pytest.mark.parametrize(
    ("y", "reason"),
    [([0.5], Why.TOO_FEW_ROWS), ([0.1, 0.1, 0.1], Why.CONSTANT_TRUTH), ([0.0, 1e-71], Why.OUT_OF_RANGE)],
)
def test_answers_without_a_spread_leave_r2_and_correlations_undefined(metric, y, reason):
    number = row_scores(make_truth(y), np.arange(len(y), dtype=np.float32))[metric]
    assert math.isnan(number.value)
    assert number.reason == reason


@pytest.mark.parametrize("metric", [Metric.RMSE, Metric.MAE])
def test_one_row_has_an_error(metric):
    assert row_scores(make_truth([0.5]), np.array([0.25]))[metric].value == 0.25


@pytest.mark.parametrize("metric", [Metric.PEARSON, Metric.SPEARMAN])
def test_a_constant_prediction_has_no_correlation(metric):
    # The mean of 0.1 is not 0.1 in floats, so that "constant" is not asked of the sum of squares.
    number = row_scores(make_truth([0.1, 0.5, 0.9]), np.array([0.1, 0.1, 0.1]))[metric]
    assert number.reason == Why.CONSTANT_PREDICTION


def test_a_constant_prediction_has_an_r2():
    assert row_scores(make_truth([0.0, 1.0]), np.array([0.5, 0.5]))[Metric.R2].value == 0.0


def test_positive_and_negative_zero_are_one_prediction():
    number = row_scores(make_truth([0.1, 0.5]), np.array([0.0, -0.0], dtype=np.float32))[Metric.SPEARMAN]
    assert number.reason == Why.CONSTANT_PREDICTION


@pytest.mark.parametrize(("scale", "metric"), [(1e-71, Metric.PEARSON), (1e200, Metric.PEARSON), (1e200, Metric.R2)])
def test_what_64_bits_cannot_hold_is_undefined(scale, metric):
    number = row_scores(make_truth([0.1, 0.5, 0.9]), scale * np.array([1.0, 3.0, 2.0]))[metric]
    assert number.reason == Why.OUT_OF_RANGE


def test_reasons_are_those_of_each_group():
    y = [0.5, 0.2, 0.2, 0.1, 0.9, 0.3, 0.4]
    groups = make_truth(y, drug=[0, 1, 1, 2, 2, 3, 3]).by_drug
    spearman = group_scores(groups, np.array([0, 0, 1, 7, 7, 1, 2], dtype=np.float32))[Metric.SPEARMAN]
    assert [spearman.number(i).reason for i in range(4)] == [
        Why.TOO_FEW_ROWS,
        Why.CONSTANT_TRUTH,
        Why.CONSTANT_PREDICTION,
        None,
    ]
    assert spearman.value[3] == 1.0


def test_more_than_65536_groups_are_laid_out_in_order():
    code = np.array([70_000, 3, 70_000, 3], dtype=np.int32)
    groups = make_truth([1.0, 2.0, 3.0, 4.0]).groups(code)
    assert groups.group.tolist() == [3, 70_000]
    assert groups.y.tolist() == [2.0, 4.0, 1.0, 3.0]
