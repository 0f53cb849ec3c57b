"""Ranks, their intervals and tie groups."""

import numpy as np
import pytest

from evaluator.scoring.ranking import better_than, standings

REPLICATES = 2000


def draws_of(estimate, *, error=0.02, seed=0, common=0.0):
    """Draws around an estimate, with an error of its own and a part that all models share."""
    own = np.random.default_rng(seed).normal(0, error, REPLICATES)
    shared = np.random.default_rng(99).normal(0, 1, REPLICATES) * common
    return np.append(estimate, estimate + own + shared)


def places(draws, **options):
    found = standings(draws, units=options.pop("units", 200), **options)
    return {standing.model: (standing.first, standing.last, standing.tie_group) for standing in found}


def test_models_far_apart_have_one_place_each():
    draws = {"a": draws_of(0.5, seed=1), "b": draws_of(0.1, seed=2), "c": draws_of(0.9, seed=3)}
    assert places(draws) == {"c": (1, 1, 1), "a": (2, 2, 2), "b": (3, 3, 3)}


def test_models_close_together_share_places_and_a_group():
    draws = {"a": draws_of(0.50, seed=1), "b": draws_of(0.51, seed=2), "c": draws_of(0.1, seed=3)}
    assert places(draws) == {"b": (1, 2, 1), "a": (1, 2, 1), "c": (3, 3, 2)}


def test_what_models_share_does_not_blur_their_difference():
    draws = {"a": draws_of(0.5, seed=1, common=1), "b": draws_of(0.7, seed=2, common=1)}
    assert places(draws) == {"b": (1, 1, 1), "a": (2, 2, 2)}


def test_a_tie_group_holds_all_that_are_not_worse_than_its_best():
    # The noisy one, below the sure one, cannot be told from the best; the sure one can.
    draws = {
        "best": draws_of(0.50, error=0.001, seed=1),
        "sure": draws_of(0.45, error=0.001, seed=2),
        "noisy": draws_of(0.40, error=0.2, seed=3),
    }
    assert places(draws) == {"best": (1, 2, 1), "sure": (2, 3, 2), "noisy": (1, 3, 1)}


def test_errors_are_ranked_from_the_smallest():
    draws = {"a": draws_of(0.5, seed=1), "b": draws_of(0.1, seed=2)}
    assert places(draws, higher_is_better=False) == {"b": (1, 1, 1), "a": (2, 2, 2)}


def test_an_undefined_model_ranks_after_all_others():
    draws = {"x": np.full(1 + REPLICATES, np.nan), "a": draws_of(-9.0), "w": np.full(1 + REPLICATES, np.nan)}
    assert places(draws) == {"a": (1, 1, 1), "w": (2, 3, None), "x": (2, 3, None)}


def test_without_a_defined_model_all_share_all_places():
    assert places({"x": np.full(1 + REPLICATES, np.nan)}) == {"x": (1, 1, None)}


def test_a_model_sent_twice_is_tied_with_itself():
    draws = {"a": draws_of(0.5), "again": draws_of(0.5) * (1 + 1e-15)}
    assert set(places(draws).values()) == {(1, 2, 1)}


def test_a_difference_that_never_varies_is_certain():
    draws = {"a": draws_of(0.5), "b": draws_of(0.5) - 0.1, "c": draws_of(0.52, seed=5)}
    assert places(draws) == {"c": (1, 2, 1), "a": (1, 2, 1), "b": (3, 3, 2)}


def test_the_critical_value_is_that_of_all_pairs_in_students_t():
    # Two models: |t| of one pair. 2.2 standard errors apart is significant for 200 units, not for 16 (t(15) = 2.13
    # with the bootstrap's own quantile near 1.96 becomes 2.13; 2.05 lies between).
    one = draws_of(0.0, seed=1)
    spread = (one[1:] - draws_of(0.0, seed=2)[1:]).std(ddof=1)
    two = draws_of(0.0, seed=2)
    two[0] = 2.05 * spread
    draws = np.stack([one, two], axis=1)
    assert better_than(draws, units=200)[1, 0]
    assert not better_than(draws, units=16)[1, 0]


def test_more_models_need_a_larger_difference():
    one, two = draws_of(0.0, seed=1), draws_of(0.0, seed=2)
    two[0] = 2.3 * (one[1:] - two[1:]).std(ddof=1)
    others = [draws_of(0.0, seed=seed) for seed in range(3, 13)]
    assert better_than(np.stack([one, two], axis=1), units=200)[1, 0]
    assert not better_than(np.stack([one, two, *others], axis=1), units=200)[1, 0]


def test_too_few_common_replicates_are_refused():
    draws = np.full((150, 2), 0.5)
    draws[60:, 1] = np.nan
    with pytest.raises(ValueError, match="there are 59"):
        better_than(draws, units=20)


@pytest.mark.parametrize("absurd", [-1e14, -1e76, 1e14])
def test_one_absurd_score_leaves_the_differences_of_others(absurd):
    random = np.random.default_rng(1)
    honest = np.array([0.6, 0.5]) + 0.001 * random.standard_normal((301, 2))
    honest[0] = 0.6, 0.5
    outlier = absurd * (1 + 0.01 * random.standard_normal(301))
    better = better_than(np.column_stack([honest, outlier]), units=60)
    assert better[0, 1]
    assert list(better[:2, 2]) == [absurd < 0] * 2
