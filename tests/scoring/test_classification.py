import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from evaluator.scoring.classification import ClassMetric, class_scores
from evaluator.scoring.truth import Why

PROBABILITY = st.integers(0, 8).map(lambda n: n / 8)  # few values, so that ties are common and 0.5 is met


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(st.booleans(), PROBABILITY), min_size=2, max_size=50), st.sampled_from([np.float32, np.float64])
)
def test_class_metrics_agree_with_scikit_learn(rows, dtype):
    y = np.array([float(positive) for positive, _ in rows])
    prediction = np.array([probability for _, probability in rows], dtype=dtype)
    called = prediction >= 0.5
    assume(0 < y.sum() < y.size and 0 < called.sum() < y.size)
    assert {metric: number.value for metric, number in class_scores(y, prediction).items()} == pytest.approx(
        {
            ClassMetric.F1: sk.f1_score(y, called),
            ClassMetric.AUROC: sk.roc_auc_score(y, prediction),
            ClassMetric.AUPRC: sk.average_precision_score(y, prediction),
            ClassMetric.BALANCED_ACCURACY: sk.balanced_accuracy_score(y, called),
            ClassMetric.MCC: sk.matthews_corrcoef(y, called),
        },
        rel=1e-12,
        abs=1e-12,
    )


def reasons(y, prediction):
    scores = class_scores(np.array(y, dtype=np.float64), np.array(prediction))
    return {metric: number.reason for metric, number in scores.items() if number.reason}


def test_no_rows_have_no_class_metric():
    assert set(reasons([], []).values()) == {Why.NO_ROWS}
    assert len(reasons([], [])) == 5


def test_without_positives_nothing_is_defined():
    assert reasons([0, 0], [0.1, 0.9]) == {
        ClassMetric.F1: Why.NO_POSITIVES,
        ClassMetric.AUPRC: Why.NO_POSITIVES,
        ClassMetric.AUROC: Why.ONE_CLASS,
        ClassMetric.BALANCED_ACCURACY: Why.ONE_CLASS,
        ClassMetric.MCC: Why.ONE_CLASS,
    }


def test_without_negatives_f1_and_auprc_are_defined():
    scores = class_scores(np.array([1.0, 1.0]), np.array([0.1, 0.9]))
    assert scores[ClassMetric.F1].value == pytest.approx(2 / 3)  # one hit, one miss: 2 / (2 + 0 + 1)
    assert scores[ClassMetric.AUPRC].value == 1.0
    assert set(reasons([1, 1], [0.1, 0.9]).values()) == {Why.ONE_CLASS}


@pytest.mark.parametrize("prediction", [[0.1, 0.2], [0.8, 0.9]])
def test_predictions_of_one_class_have_no_mcc(prediction):
    assert reasons([0, 1], prediction) == {ClassMetric.MCC: Why.ONE_CLASS_PREDICTED}


def test_a_model_that_calls_nothing_positive_has_an_f1_of_nought():
    assert class_scores(np.array([0.0, 1.0]), np.array([0.1, 0.2]))[ClassMetric.F1].value == 0.0


def test_one_probability_for_all_rows_orders_none_of_them():
    assert class_scores(np.array([0.0, 1.0, 1.0]), np.full(3, 0.7))[ClassMetric.AUROC].value == 0.5
