"""The memory alarm: raised by models that have seen answers, not by what shuffled labels can teach."""

import numpy as np
import pytest
from scipy import stats

from evaluator.scoring.alarm import (
    NO_SPREAD,
    NO_VARIATION,
    TOO_FEW_SHUFFLES,
    Centring,
    Evidence,
    evidence,
    memory_alarm,
)

N_CELLS, N_DRUGS = 40, 12
ENTRY = ("CCLE", "gCSI")


@pytest.fixture
def target():
    """Rows of a target with gaps and a repeated pair, and their answers."""
    rng = np.random.default_rng(6)
    cell, drug = np.nonzero(rng.random((N_CELLS, N_DRUGS)) < 0.8)
    cell, drug = np.append(cell, cell[0]), np.append(drug, drug[0])
    y = (
        0.8
        + 0.1 * rng.normal(size=N_DRUGS)[drug]
        + 0.05 * rng.normal(size=N_CELLS)[cell]
        + rng.normal(0, 0.08, len(cell))
    )
    return cell, drug, y


def found_in(target, predictions):
    cell, drug, y = target
    centring = Centring.of(cell=cell, drug=drug)
    answers = centring.residual(y)
    return [evidence(centring, answers, p, n_cells=N_CELLS, n_drugs=N_DRUGS) for p in predictions]


def made_up(mean, *, shuffles=10, seed=0, spread=0.01):
    """Evidence with correlations around a mean, in equal shares with some spread."""
    rng = np.random.default_rng(seed)
    every = []
    for r in rng.normal(mean, spread, size=shuffles):
        by_cell, by_drug = rng.normal(r / N_CELLS, 1e-4, N_CELLS), rng.normal(r / N_DRUGS, 1e-4, N_DRUGS)
        every.append(Evidence(by_cell.sum(), by_cell, by_drug))
    return every


def test_centring_leaves_the_residuals_of_a_regression_on_cells_and_drugs(target):
    cell, drug, y = target
    dummies = np.hstack([cell[:, None] == np.arange(N_CELLS), drug[:, None] == np.arange(N_DRUGS)]).astype(float)
    expected = y - dummies @ np.linalg.lstsq(dummies, y)[0]
    np.testing.assert_allclose(Centring.of(cell=cell, drug=drug).residual(y), expected, atol=1e-13)


def test_screens_that_do_not_overlap_are_centred_apart():
    cell, drug = np.array([0, 0, 1, 1, 2, 2, 3, 3]), np.array([0, 1, 0, 1, 2, 3, 2, 3])
    y = np.array([1.0, 2, 3, 4, 50, 60, 70, 81])
    residual = Centring.of(cell=cell, drug=drug).residual(y)
    np.testing.assert_allclose(residual, [0, 0, 0, 0, 0.25, -0.25, -0.25, 0.25], atol=1e-12)


def test_evidence_is_the_correlation_of_residuals(target):
    cell, drug, y = target
    p = y + np.random.default_rng(1).normal(0, 0.1, len(y))
    centring = Centring.of(cell=cell, drug=drug)
    (found,) = found_in(target, [p])
    assert found.correlation == pytest.approx(stats.pearsonr(centring.residual(y), centring.residual(p)).statistic)
    assert found.by_cell.sum() == pytest.approx(found.correlation)
    assert found.by_drug.sum() == pytest.approx(found.correlation)


def test_perfect_memory_correlates_by_one(target):
    assert found_in(target, [target[2]])[0].correlation == pytest.approx(1)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_sum_of_a_cell_and_a_drug_effect_is_no_evidence(target, dtype):
    cell, drug, _ = target
    rng = np.random.default_rng(3)
    p = (0.8 + rng.normal(size=N_CELLS)[cell] + rng.normal(size=N_DRUGS)[drug]).astype(dtype)
    (found,) = found_in(target, [p])
    assert np.isnan(found.correlation)
    test = memory_alarm({ENTRY: [found] * 10}).entries[ENTRY]
    assert test.p.reason == test.correlation.reason == test.p_holm.reason == NO_VARIATION
    assert not test.raised


def test_memory_of_some_answers_raises_the_alarm(target):
    rng = np.random.default_rng(5)
    seen = rng.random(len(target[2])) < 0.5
    predictions = [np.where(seen, target[2], rng.normal(0.8, 0.05, len(seen))) for _ in range(10)]
    assert memory_alarm({ENTRY: found_in(target, predictions)}).raised


def test_a_model_that_says_the_same_each_time_is_judged_by_the_luck_of_the_target(target):
    # Over shuffles alone, the least chance agreement of a frozen model would be certain.
    p = np.random.default_rng(10).normal(size=len(target[2]))
    p = p if found_in(target, [p])[0].correlation > 0 else -p
    alarm = memory_alarm({ENTRY: found_in(target, [p] * 10)})
    assert alarm.entries[ENTRY].correlation.value > 0
    assert not alarm.raised


def test_the_variance_adds_the_luck_of_shuffles_cells_and_drugs():
    shuffles = made_up(0.1, spread=0.05)
    r = np.array([shuffle.correlation for shuffle in shuffles])
    by_cell, by_drug = (np.mean([getattr(s, side) for s in shuffles], axis=0) for side in ("by_cell", "by_drug"))
    variance = r.var(ddof=1) / 10 + N_CELLS * by_cell.var(ddof=1) + N_DRUGS * by_drug.var(ddof=1)
    test = memory_alarm({ENTRY: shuffles}).entries[ENTRY]
    assert test.t.value == pytest.approx(r.mean() / np.sqrt(variance))
    assert test.p.value == pytest.approx(stats.t.sf(test.t.value, 9))


def test_cells_without_rows_do_not_count():
    shuffles = made_up(0.1)
    padded = [Evidence(s.correlation, np.append(s.by_cell, [0.0, 0.0]), s.by_drug) for s in shuffles]
    assert memory_alarm({ENTRY: padded}) == memory_alarm({ENTRY: shuffles})


def test_predictions_against_the_truth_raise_no_alarm():
    assert not memory_alarm({ENTRY: made_up(-0.2)}).raised


def test_p_values_are_adjusted_by_holm():
    # The adjusted values of scipy's sibling in statsmodels: p sorted, times 3, 2, 1, never falling.
    entries = {("a", "x"): made_up(0.006, seed=1), ("a", "y"): made_up(0.2), ("a", "z"): made_up(0.008, seed=2)}
    tests = memory_alarm(entries).entries
    raw = sorted(test.p.value for test in tests.values())
    expected = np.minimum(1, np.maximum.accumulate([3 * raw[0], 2 * raw[1], raw[2]]))
    assert sorted(test.p_holm.value for test in tests.values()) == pytest.approx(list(expected))
    assert tests["a", "y"].raised


def test_entries_that_cannot_be_tested_cost_nothing():
    with_one = memory_alarm({ENTRY: made_up(0.02), ("CCLE", "CCLE"): made_up(np.nan)})
    assert with_one.entries[ENTRY] == memory_alarm({ENTRY: made_up(0.02)}).entries[ENTRY]


def test_nine_shuffles_are_too_few():
    test = memory_alarm({ENTRY: made_up(0.5, shuffles=9)}).entries[ENTRY]
    assert test.p.reason == TOO_FEW_SHUFFLES
    assert not test.raised


def test_agreement_without_any_spread_is_undefined():
    flat = Evidence(1.0, np.full(4, 0.25), np.full(2, 0.5))
    assert memory_alarm({ENTRY: [flat] * 10}).entries[ENTRY].p.reason == NO_SPREAD
