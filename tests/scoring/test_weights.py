"""The weights of a replicate: the same on every machine, for every set of ids."""

import hashlib

import numpy as np
import pytest
from scipy import stats

from evaluator.scoring.weights import (
    POISSON_THRESHOLDS,
    Kind,
    fold_weights,
    poisson_weights,
    random_bits,
    split_weights,
)


def weights_of(ids, *, kind=Kind.CELL, seed=7, replicates=50):
    return poisson_weights(kind, ids, seed=seed, replicates=replicates)


def test_thresholds_are_those_of_mpmath():
    # mpmath 1.3: floor(2**64 * exp(-1) * sum(1/k!)) at 300 bits, for X <= 0, 1, 2 and the last below 2**64 - 1.
    expected = [6786177901268885274, 13572355802537770549, 16965444753172213186]
    assert [int(threshold) for threshold in POISSON_THRESHOLDS[:3]] == expected
    assert int(POISSON_THRESHOLDS[-1]) == 18446744073709551613
    assert len(POISSON_THRESHOLDS) == 20


def test_bits_are_splitmix64_of_the_hashed_id():
    # By plain Python integers: sha256(b"0\0drug\0Drug_1") read little-endian, plus the golden gamma, mixed once.
    mask = 2**64 - 1
    state = int.from_bytes(hashlib.sha256(b"0\0drug\0Drug_1").digest()[:8], "little") + 0x9E3779B97F4A7C15 & mask
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & mask
    state = (state ^ state >> 27) * 0x94D049BB133111EB & mask
    bits = random_bits(Kind.DRUG, ["Drug_1"], seed=0, replicates=1)
    assert int(bits[0, 0]) == (state ^ state >> 31) == 8938799211869133144


def test_golden_weights_never_change():
    # Recorded when the scheme was fixed: a difference here moves every published interval.
    ids = [f"ACH-{i:06d}" for i in range(8)]
    assert weights_of(ids, replicates=4).astype(int).tolist() == [
        [1, 1, 1, 1, 1, 1, 1, 1],
        [0, 1, 1, 0, 0, 0, 1, 0],
        [1, 1, 0, 0, 0, 0, 0, 2],
        [2, 1, 0, 2, 2, 1, 3, 0],
        [0, 1, 1, 2, 0, 1, 2, 0],
    ]


def test_the_weight_of_an_id_does_not_depend_on_the_other_ids():
    together = weights_of(["a", "b", "c"])
    np.testing.assert_array_equal(weights_of(["c", "a"]), together[:, [2, 0]])


def test_fewer_replicates_are_the_first_of_more():
    np.testing.assert_array_equal(weights_of(["a", "b"], replicates=5), weights_of(["a", "b"])[:6])


def test_a_cell_and_a_drug_of_the_same_name_are_drawn_apart():
    assert (weights_of(["x"]) != weights_of(["x"], kind=Kind.DRUG)).any()


def test_another_seed_draws_other_weights():
    assert (weights_of(["x"]) != weights_of(["x"], seed=8)).any()


def test_replicate_zero_is_the_sample_itself():
    assert (weights_of(["a", "b"])[0] == 1).all()
    np.testing.assert_allclose(split_weights(seed=1, source="CCLE", n_splits=4, replicates=3)[0], 0.25)


def test_weights_follow_a_poisson_of_mean_one():
    drawn = weights_of([str(i) for i in range(200)], replicates=1000)[1:].ravel()
    observed = np.bincount(np.minimum(drawn.astype(int), 5), minlength=6)
    expected = drawn.size * np.append(stats.poisson.pmf(range(5), 1), stats.poisson.sf(4, 1))
    assert stats.chisquare(observed, expected).pvalue > 0.001


def test_weights_of_different_ids_are_uncorrelated():
    drawn = weights_of([f"Drug_{i}" for i in range(40)], replicates=2000)[1:]
    correlations = np.corrcoef(drawn.T)[np.triu_indices(40, 1)]
    assert abs(correlations).max() < 5 / np.sqrt(2000)


def test_a_replicate_draws_one_split_less_than_there_are():
    weights = split_weights(seed=1, source="CCLE", n_splits=10, replicates=200)[1:]
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights * 9, np.round(weights * 9), atol=1e-12)


def test_the_mean_over_splits_gets_its_unbiased_variance():
    # s²/n of 10 scores; n draws instead of n - 1 would give 9/10 of it, far outside the Monte-Carlo error of 20,000.
    scores = np.array([0.31, 0.28, 0.35, 0.30, 0.27, 0.33, 0.36, 0.29, 0.30, 0.32])
    weights = split_weights(seed=3, source="CCLE", n_splits=10, replicates=20000)[1:]
    assert (weights @ scores).var() == pytest.approx(scores.var(ddof=1) / 10, rel=0.04)


def test_sources_draw_their_splits_apart():
    one, other = (split_weights(seed=1, source=source, n_splits=10, replicates=20) for source in ("CCLE", "gCSI"))
    assert (one != other).any()


def test_a_single_split_keeps_its_weight():
    assert (split_weights(seed=1, source="CCLE", n_splits=1, replicates=5) == 1).all()


def test_folds_of_the_diagonal_are_not_resampled():
    np.testing.assert_allclose(fold_weights(n_splits=4, replicates=2), np.full((3, 4), 0.25))
