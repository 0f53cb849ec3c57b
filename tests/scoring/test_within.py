import math

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from evaluator.scoring.metrics import Metric, group_scores
from evaluator.scoring.truth import Why
from evaluator.scoring.within import averages, drug_sets, within_drug
from tests.scoring.builders import make_truth


def test_within_drug_is_the_plain_average_over_drugs():
    rng = np.random.default_rng(3)
    drug = rng.integers(0, 7, 300)
    y, prediction = rng.random(300), rng.random(300).astype(np.float32)
    parts = [(y[drug == d], prediction[drug == d].astype(np.float64)) for d in range(7)]
    expected = {
        Metric.R2: np.mean([sk.r2_score(*part) for part in parts]),
        Metric.RMSE: np.mean([sk.root_mean_squared_error(*part) for part in parts]),
        Metric.MAE: np.mean([sk.mean_absolute_error(*part) for part in parts]),
        Metric.PEARSON: np.mean([stats.pearsonr(*part).statistic for part in parts]),
        Metric.SPEARMAN: np.mean([stats.spearmanr(*part).statistic for part in parts]),
    }
    found = within_drug(make_truth(y, drug=drug), prediction)
    assert {metric: within.average.value for metric, within in found.items()} == pytest.approx(expected, rel=1e-12)
    assert {within.n_groups for within in found.values()} == {7}


def test_the_answers_alone_say_which_drugs_count():
    # Drug 0 has one row, drug 1 equal answers, drugs 2 and 3 count; drug 4 of the release has no rows here.
    truth = make_truth([0.5, 0.2, 0.2, 0.1, 0.9, 0.3, 0.4], drug=[0, 1, 1, 2, 2, 3, 3], n_drugs=5)
    found = within_drug(truth, np.array([0, 0, 1, 7, 8, 2, 1], dtype=np.float32))
    assert found[Metric.PEARSON].average.value == 0.0  # +1 for drug 2, −1 for drug 3
    assert found[Metric.PEARSON].n_groups == 2
    assert found[Metric.PEARSON].left_out == {Why.TOO_FEW_ROWS: 1, Why.CONSTANT_TRUTH: 1}
    assert found[Metric.MAE].n_groups == 4
    assert found[Metric.MAE].left_out == {}


@pytest.mark.parametrize("metric", [Metric.PEARSON, Metric.SPEARMAN])
def test_a_drug_with_a_constant_prediction_is_not_averaged_away(metric):
    truth = make_truth([0.1, 0.9, 0.3, 0.4], drug=[0, 0, 1, 1])
    found = within_drug(truth, np.array([0.5, 0.5, 0.3, 0.4], dtype=np.float32))
    assert math.isnan(found[metric].average.value)
    assert found[metric].average.reason == "undefined for 1 of 2 drugs: the predictions are constant (1)"
    assert found[metric].undefined == {Why.CONSTANT_PREDICTION: 1}
    assert found[Metric.R2].average.is_defined


def test_an_average_over_no_drug_is_undefined():
    found = within_drug(make_truth([0.5, 0.2], drug=[0, 1]), np.array([0.1, 0.2]))
    assert found[Metric.R2].average.reason == "no drugs count: there are fewer than 2 rows (2)"
    assert found[Metric.MAE].average.value == pytest.approx(0.2)


def test_no_rows_have_no_average():
    found = within_drug(make_truth([]), np.empty(0))
    assert found[Metric.RMSE].average.reason == "no drugs count: there are no rows"


def test_an_average_that_64_bits_cannot_hold_is_undefined():
    # R² is −2·(1.1e84)² / 2e-140 = −1.2e308 for each drug, and the sum of two is beyond 1.8e308.
    truth = make_truth([0.0, 2e-70, 0.0, 2e-70], drug=[0, 0, 1, 1])
    r2 = within_drug(truth, np.full(4, 1.1e84))[Metric.R2]
    assert r2.undefined == {}
    assert r2.average.reason == Why.OUT_OF_RANGE


def test_a_drug_counts_in_each_of_its_mechanisms():
    truth = make_truth([0.0, 1.0, 4.0, 6.0], drug=[2, 2, 0, 1], n_drugs=4)
    groups = drug_sets(truth, [[2], [3], [0, 2], []])
    mae = group_scores(groups, np.zeros(4))[Metric.MAE]
    assert groups.group.tolist() == [0, 2]
    assert mae.value == pytest.approx([0.5, 5 / 3])  # rows 0 and 1; rows 0, 1 and 2


def test_averages_over_other_groups_name_them():
    groups = drug_sets(make_truth([0.5, 0.2], drug=[0, 1]), [[0], [1]])
    found = averages(groups, group_scores(groups, np.zeros(2)), noun="mechanisms")
    assert found[Metric.R2].average.reason == "no mechanisms count: there are fewer than 2 rows (2)"


def test_no_sets_of_drugs_make_no_groups():
    assert drug_sets(make_truth([0.5, 0.2]), []).group.size == 0
