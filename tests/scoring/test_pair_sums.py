"""Tables of sums by cell and drug."""

import numpy as np
import pytest

from evaluator.scoring.pair_sums import FileSum, Pairs, TruthSum, error_values, file_values, truth_values

CELL = np.array([5, 2, 2, 5, 5], dtype=np.int32)
DRUG = np.array([9, 0, 9, 9, 4], dtype=np.int32)
Y = np.array([0.1, 0.2, 0.3, 0.4, 0.5])


@pytest.fixture
def pairs():
    return Pairs.of(cell=CELL, drug=DRUG)


def test_only_cells_and_drugs_with_rows_get_a_place(pairs):
    assert pairs.cells.tolist() == [2, 5]
    assert pairs.drugs.tolist() == [0, 4, 9]
    assert pairs.shape == (2, 3)


def test_rows_are_counted_pair_by_pair(pairs):
    assert pairs.table().tolist() == [[1, 0, 1], [0, 1, 2]]


def test_a_repeated_pair_adds_its_rows(pairs):
    np.testing.assert_allclose(pairs.table(Y), [[0.2, 0, 0.3], [0, 0.5, 0.5]])


def test_a_fold_lies_in_the_table_of_its_target(pairs):
    assert pairs.of_rows(np.array([1, 4])).table().tolist() == [[1, 0, 0], [0, 1, 0]]


def test_the_truth_is_centred(pairs):
    sums = pairs.tables(truth_values(Y, centre=0.3))
    assert sums[TruthSum.ROWS].sum() == 5
    np.testing.assert_allclose(sums[TruthSum.Y], [[-0.1, 0, 0], [0, 0.2, -0.1]], atol=1e-15)
    np.testing.assert_allclose(sums[TruthSum.YY], [[0.01, 0, 0], [0, 0.04, 0.05]], atol=1e-15)


def test_a_file_adds_its_errors_and_its_centred_predictions(pairs):
    prediction = np.array([0.2, 0.2, 0.1, 0.3, 0.7], dtype=np.float32)
    sums = pairs.tables(file_values(Y, prediction, centre=0.3))
    np.testing.assert_allclose(sums[FileSum.SQUARED_ERROR], [[0, 0, 0.04], [0, 0.04, 0.02]], atol=1e-7)
    np.testing.assert_allclose(sums[FileSum.ABSOLUTE_ERROR], [[0, 0, 0.2], [0, 0.2, 0.2]], atol=1e-7)
    np.testing.assert_allclose(sums[FileSum.P], [[-0.1, 0, -0.2], [0, 0.4, -0.1]], atol=1e-7)
    np.testing.assert_allclose(sums[FileSum.PP], [[0.01, 0, 0.04], [0, 0.16, 0.01]], atol=1e-7)


def test_squared_errors_alone_are_the_first_of_a_file(pairs):
    prediction = np.array([0.2, 0.2, 0.1, 0.3, 0.7], dtype=np.float32)
    full = pairs.tables(file_values(Y, prediction, centre=0.3))
    np.testing.assert_array_equal(pairs.tables(error_values(Y, prediction)), full[:1])


def test_one_side_alone_gives_the_margins_of_the_table(pairs):
    columns = [None, Y]
    table = pairs.tables(columns)
    np.testing.assert_allclose(pairs.by_cell().tables(columns), table.sum(axis=2, keepdims=True))
    np.testing.assert_allclose(pairs.by_drug().tables(columns), table.sum(axis=1, keepdims=True))
