"""The noise ceiling of targets with repeated pairs."""

import numpy as np
import pytest

from evaluator.scoring.ceiling import ceiling


def test_the_ceiling_is_one_less_the_noise_within_pairs():
    # Drug 0, pairs (0: .1 .3) and (1: .7): SSwithin = .02, rows - pairs = 1. Mean 1.1/3, Var = .59/3 - (1.1/3)².
    y, cell, drug = np.array([0.1, 0.3, 0.7]), np.array([0, 0, 1]), np.array([0, 0, 0])
    found = ceiling(y, cell=cell, drug=drug)
    assert found.noise_variance.value == pytest.approx(0.02)
    assert found.r2.value == pytest.approx(1 - 0.02 / (0.59 / 3 - (1.1 / 3) ** 2))
    assert (found.drugs, found.repeated_pairs, found.rows) == (1, 1, 3)


def test_drugs_without_a_repeated_pair_do_not_count():
    y, cell, drug = np.array([0.1, 0.3, 0.7]), np.array([0, 0, 1]), np.array([3, 3, 3])
    more = ceiling(np.append(y, [9.0, 5.0]), cell=np.append(cell, [0, 1]), drug=np.append(drug, [1, 4]))
    assert more == ceiling(y, cell=cell, drug=drug)


def test_the_ceiling_finds_planted_noise():
    # Var = 1 (pairs) + .25 (noise): the best R² is .8; 4,000 pairs measured twice give it to about .01.
    rng = np.random.default_rng(8)
    cell, drug = np.tile(np.repeat(np.arange(200), 20), 2), np.tile(np.arange(20), 400)
    y = np.tile(rng.normal(size=4000), 2) + 0.5 * rng.normal(size=8000)
    assert ceiling(y, cell=cell, drug=drug).r2.value == pytest.approx(0.8, abs=0.02)


def test_noise_beyond_the_variance_gives_a_negative_ceiling():
    y, cell, drug = np.array([0.0, 1.0, 0.0, 1.0]), np.array([0, 0, 1, 1]), np.zeros(4, dtype=int)
    assert ceiling(y, cell=cell, drug=drug).r2.value == pytest.approx(-1)  # noise .5, variance .25


def test_a_target_without_repeated_pairs_has_no_ceiling():
    found = ceiling(np.array([0.1, 0.2]), cell=np.array([0, 1]), drug=np.array([0, 0]))
    assert found.r2.reason == found.noise_variance.reason == "not estimable: no pair was measured twice"


def test_a_target_without_rows_has_no_ceiling():
    nothing = np.array([], dtype=int)
    assert not ceiling(np.array([]), cell=nothing, drug=nothing).r2.is_defined


def test_constant_answers_have_no_ceiling():
    found = ceiling(np.full(3, 0.1), cell=np.array([0, 0, 1]), drug=np.zeros(3, dtype=int))
    assert found.r2.reason == "not estimable: the answers are constant"
    assert found.noise_variance.value == pytest.approx(0)
