"""Ranks of many models at once are the library's ranks, and no submission can keep the others from theirs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.scoring import ranking
from leaderboard.publishing.placing import Place, better_than, places

REPLICATES = 400


def made_draws(n, *, seed=0, spread=0.05, own=0.01):
    """(models, 1 + replicates): most of the luck is shared, as that of cells and drugs is."""
    rng = np.random.default_rng(seed)
    shared = 0.02 * rng.normal(size=REPLICATES)
    estimate = spread * rng.normal(size=(n, 1))
    return np.hstack([estimate, estimate + shared + own * rng.normal(size=(n, REPLICATES))])


def of_library(draws, *, units, higher_is_better=True):
    named = {str(i): row for i, row in enumerate(draws)}
    found = ranking.standings(named, units=units, higher_is_better=higher_is_better)
    placed = {one.model: Place(one.first, one.last, one.tie_group) for one in found}
    return [placed[str(i)] for i in range(len(draws))]


@pytest.mark.parametrize("n", [1, 2, 3, 5, 40])
@pytest.mark.parametrize("higher_is_better", [True, False])
def test_places_are_those_of_the_library(n, higher_is_better):
    draws = made_draws(n, seed=n)
    found = places(draws, range(n), units=16, higher_is_better=higher_is_better)
    assert found == of_library(draws, units=16, higher_is_better=higher_is_better)


@given(st.integers(0, 10**6), st.integers(2, 12), st.sampled_from([0.0, 1e-9, 1e-6, 1e-3, 0.05]))
def test_places_are_those_of_the_library_however_close_the_models_are(seed, n, spread):
    draws = made_draws(n, seed=seed, spread=spread, own=spread / 5)
    assert places(draws, range(n), units=24, higher_is_better=True) == of_library(draws, units=24)


def test_the_same_model_sent_twice_and_one_shifted_by_a_constant_are_placed_as_the_library_does():
    one = made_draws(1)[0]
    draws = np.stack([one, one, one * (1 + 1e-15), one - 0.1, *made_draws(3, seed=5)])
    assert places(draws, range(7), units=24, higher_is_better=True) == of_library(draws, units=24)


def test_the_compared_statistic_agrees_with_the_library_to_a_millionth():
    """By the difference at which a pair stops being called better: the critical value times its standard error."""
    draws = made_draws(12, spread=0.0)

    def smallest(compare, transposed):
        low, high = 0.0, 1.0
        while high - low > 1e-9:
            moved = draws.copy()
            moved[0] += (low + high) / 2
            is_better = compare(moved.T if transposed else moved, units=16)[0, 1]
            low, high = (low, (low + high) / 2) if is_better else ((low + high) / 2, high)
        return high

    ours, theirs = smallest(better_than, False), smallest(ranking.better_than, True)
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_a_model_without_an_interval_shares_the_places_after_all_others():
    draws = made_draws(4)
    draws[2] = np.nan
    found = places(draws, [0, 1, 3], units=16, higher_is_better=True)
    assert found[2] == Place(4, 4, None)
    assert all(found[i].tie_group is not None for i in (0, 1, 3))


def test_models_that_leave_no_common_replicates_are_unranked_and_the_honest_ones_are_ranked():
    draws = made_draws(40)
    for model in range(40 - 22, 40):  # each undefined in 5% of the replicates, together in all of them
        start = 1 + (model - 18) * 20 % REPLICATES
        draws[model, start : start + 20] = np.nan
    found = places(draws, range(40), units=16, higher_is_better=True)
    assert all(place.tie_group is not None for place in found[:18])
    assert any(place.tie_group is None for place in found[18:])


def test_nobody_is_placed_where_nobody_has_an_interval():
    assert places(np.full((2, 101), np.nan), [], units=16, higher_is_better=True) == [Place(1, 2, None)] * 2
