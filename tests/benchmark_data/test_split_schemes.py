"""Splits as they are made: IMPROVE's portions, whole groups, the same ones for the same seed."""

import numpy as np
import pytest

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Scheme
from benchmark_data.split_schemes import make_splits

CELLS, DRUGS, TISSUES = 40, 15, 12


def rows():
    """Every pair once, and every third pair a second time."""
    pair = np.arange(CELLS * DRUGS)
    pair = np.concatenate([pair, pair[::3]])
    return {
        "cell": (pair // DRUGS).astype(np.int32),
        "drug": (pair % DRUGS).astype(np.int32),
        "tissue": (np.arange(CELLS) % TISSUES).astype(np.int32),
    }


def made(scheme, *, seed=1, study="S", **changes):
    return make_splits(study, scheme, seed=seed, **(rows() | changes))


@pytest.mark.parametrize("scheme", list(Scheme))
def test_ten_test_parts_are_disjoint_and_cover_every_row_once(scheme):
    splits = made(scheme)
    assert len(splits) == 10
    assert np.array_equal(np.sort(np.concatenate([split.test for split in splits])), np.arange(800))


@pytest.mark.parametrize("scheme", list(Scheme))
def test_the_three_parts_of_a_split_hold_every_row_once(scheme):
    for split in made(scheme):
        assert np.array_equal(np.sort(np.concatenate([split.train, split.val, split.test])), np.arange(800))


def test_random_rows_have_the_portions_of_improve():
    # 800 rows: ten folds of 80, eight to train, one to val, one to test.
    for split in made(Scheme.RANDOM_ROWS):
        assert (len(split.train), len(split.val), len(split.test)) == (640, 80, 80)


def test_split_k_tests_on_what_split_k_plus_one_validates_on():
    # IMPROVE's generator: test = fold (k + 9) % 10, val = fold (k + 8) % 10.
    splits = made(Scheme.RANDOM_ROWS)
    for split, following in zip(splits, splits[1:] + splits[:1], strict=True):
        assert np.array_equal(split.test, following.val)


@pytest.mark.parametrize(
    ("scheme", "group"),
    [
        (Scheme.PAIR_GROUPED, lambda of: of["cell"] * DRUGS + of["drug"]),
        (Scheme.CELL_BLIND, lambda of: of["cell"]),
        (Scheme.DRUG_BLIND, lambda of: of["drug"]),
        (Scheme.TISSUE_BLIND, lambda of: of["tissue"][of["cell"]]),
    ],
)
def test_a_blind_split_has_no_group_in_two_parts(scheme, group):
    of_row = group(rows())
    for split in made(scheme):
        train, val, test = (set(of_row[part].tolist()) for part in (split.train, split.val, split.test))
        assert not train & val and not train & test and not val & test


def test_folds_of_whole_cells_are_as_even_as_random_ones():
    # 40 cells of 20 rows, four to a fold.
    assert {len(split.test) for split in made(Scheme.CELL_BLIND)} == {80}


def test_the_same_seed_makes_the_same_splits_and_another_makes_others():
    first, again, other = (made(Scheme.CELL_BLIND, seed=seed)[0].test.tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_two_studies_of_the_same_shape_are_not_split_alike():
    assert made(Scheme.RANDOM_ROWS)[0].test.tolist() != made(Scheme.RANDOM_ROWS, study="T")[0].test.tolist()


def test_few_tissues_give_as_many_folds_as_there_are_tissues():
    tissue = (np.arange(CELLS) % 4).astype(np.int32)
    splits = made(Scheme.TISSUE_BLIND, tissue=tissue, count=4)
    tissues_of_tests = [set(tissue[rows()["cell"][split.test]].tolist()) for split in splits]
    assert sorted(map(sorted, tissues_of_tests)) == [[0], [1], [2], [3]]


def test_more_splits_than_folds_is_refused_with_both_numbers():
    tissue = (np.arange(CELLS) % 4).astype(np.int32)
    with pytest.raises(ReleaseError, match="S has rows for 4 tissue-blind folds, too few for 5 splits"):
        made(Scheme.TISSUE_BLIND, tissue=tissue, count=5)


def test_two_groups_are_too_few_for_three_parts():
    tissue = (np.arange(CELLS) % 2).astype(np.int32)
    with pytest.raises(ReleaseError, match="2 tissue-blind folds"):
        made(Scheme.TISSUE_BLIND, tissue=tissue, count=1)


def test_tissue_blind_without_tissues_says_what_is_missing():
    with pytest.raises(ReleaseError, match="need the tissue of each cell"):
        made(Scheme.TISSUE_BLIND, tissue=None)


def test_a_study_without_rows_cannot_be_split():
    none = np.zeros(0, np.int32)
    with pytest.raises(ReleaseError, match="S has rows for 0 random-rows folds"):
        made(Scheme.RANDOM_ROWS, cell=none, drug=none)
