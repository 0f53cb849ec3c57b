"""Skill over baselines, gaps, and what may be called beating them."""

import numpy as np
import pytest

from evaluator.scoring.bootstrap import Resample, Way
from evaluator.scoring.intervals import Interval
from evaluator.scoring.number import Number
from evaluator.scoring.pair_sums import Pairs, error_values, truth_values
from evaluator.scoring.skill import (
    BASELINES,
    beats_the_baselines,
    gap,
    mse_draws,
    of_drugs,
    primary_score,
    skill,
)

EVEN = np.full((1, 2), 0.5)


def bound(low):
    number = Number.undefined("too few") if low is None else Number(low)
    return Interval(Number(1.0), number, number, number, df=9, replicates=100)


def test_skill_divides_mean_errors_and_does_not_average_ratios():
    # Model .02 and .06, baseline .10 and .06: 1 - .04/.08 = .5; the mean of the two skills would be .4.
    assert skill(np.array([[0.02, 0.06]]), np.array([[0.10, 0.06]]), EVEN)[0] == pytest.approx(0.5)


def test_skill_is_not_clipped():
    assert skill(np.array([[0.9, 0.9]]), np.array([[0.1, 0.1]]), EVEN)[0] == pytest.approx(-8)


def test_skill_over_a_baseline_without_error_is_undefined():
    assert np.isnan(skill(np.array([[0.0, 0.1]]), np.zeros((1, 2)), EVEN)).all()


def test_skill_of_an_undefined_split_is_undefined():
    assert np.isnan(skill(np.array([[0.1, np.nan]]), np.ones((1, 2)), EVEN)).all()


def test_rows_of_unseen_drugs_are_left_out_and_shown_apart():
    cell, drug = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    y = np.zeros(4)
    pairs = Pairs.of(cell=cell, drug=drug)
    ways = Resample.of(Way.TWO_WAY, seed=1, cell_ids=["a", "b"], drug_ids=["x", "y"], replicates=3)
    truth, file = (
        pairs.tables(truth_values(y, centre=0.0)),
        pairs.tables(error_values(y, np.array([0.1, 0.9, 0.3, 0.9]))),
    )
    seen = np.array([True, False])
    of_seen = mse_draws(ways, [of_drugs(truth, seen)], [of_drugs(file, seen)])
    of_unseen = mse_draws(ways, [of_drugs(truth, ~seen)], [of_drugs(file, ~seen)])
    assert of_seen[0, 0] == pytest.approx((0.01 + 0.09) / 2)
    assert of_unseen[0, 0] == pytest.approx(0.81)


def test_a_gap_pairs_the_splits():
    real, permuted = np.array([[0.7, 0.5]]), np.array([[0.6, 0.1]])
    assert gap(real, permuted, np.array([[1.0, 0.0]]))[0] == pytest.approx(0.1)
    assert gap(real, permuted, EVEN)[0] == pytest.approx(0.25)


def test_a_missing_target_makes_the_primary_score_undefined():
    np.testing.assert_allclose(primary_score([np.array([0.2, 0.1]), np.array([0.4, np.nan])]), [0.3, np.nan])


def test_a_model_beats_the_baselines_when_every_lower_bound_is_above_zero():
    assert beats_the_baselines({baseline: bound(0.01) for baseline in BASELINES}) is True


def test_one_bound_at_zero_denies_it_whatever_the_others_are():
    skills = {baseline: bound(None) for baseline in BASELINES} | {"mean_effects": bound(0.0)}
    assert beats_the_baselines(skills) is False


def test_an_undefined_bound_leaves_it_open():
    assert beats_the_baselines({baseline: bound(0.1) for baseline in BASELINES} | {"cell_mean": bound(None)}) is None


def test_a_missing_baseline_is_an_error():
    with pytest.raises(KeyError, match="mean_effects"):
        beats_the_baselines({"global_mean": bound(1.0), "drug_mean": bound(1.0), "cell_mean": bound(1.0)})
