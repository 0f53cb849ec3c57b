"""What each arm keeps and what it changes, on rows that hypothesis makes up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.arms import Arm, ArmKind, apply_arm, half_of, identity_features, seed_of
from evaluator.rows import Rows

SEEDS = st.integers(0, 2**63)


@st.composite
def row_sets(draw, max_size=60):
    n = draw(st.integers(0, max_size))
    codes = st.lists(st.integers(0, 6), min_size=n, max_size=n)
    answers = draw(st.lists(st.floats(0, 1), min_size=n, max_size=n))
    return Rows(
        np.arange(n, dtype=np.int64) + draw(st.integers(0, 1000)),
        np.array(draw(codes), np.int32),
        np.array(draw(codes), np.int32),
        np.array(answers, np.float64),
    )


def many_rows(n=400, cells=20, drugs=8) -> Rows:
    number = np.arange(n)
    return Rows(number, (number % cells).astype(np.int32), (number * 7 % drugs).astype(np.int32), number / n)


def multisets(group, response):
    return {code: sorted(response[group == code]) for code in np.unique(group)}


def assert_other_columns_kept(after: Rows, before: Rows):
    for name in ("row_id", "cell", "drug"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


@given(row_sets(), row_sets(), SEEDS)
def test_intradrug_keeps_every_drugs_multiset_of_answers_and_every_other_column(train, val, seed):
    for after, before in zip(apply_arm(Arm(ArmKind.INTRADRUG), train, val, seed=seed), (train, val), strict=True):
        assert multisets(after.drug, after.response) == multisets(before.drug, before.response)
        assert_other_columns_kept(after, before)


@given(row_sets(), row_sets(), SEEDS)
def test_intracell_keeps_every_cells_multiset_of_answers_and_every_other_column(train, val, seed):
    for after, before in zip(apply_arm(Arm(ArmKind.INTRACELL), train, val, seed=seed), (train, val), strict=True):
        assert multisets(after.cell, after.response) == multisets(before.cell, before.response)
        assert_other_columns_kept(after, before)


@given(row_sets(), row_sets(), SEEDS, st.sampled_from([ArmKind.REAL, ArmKind.ONEHOT]))
def test_real_and_onehot_leave_the_rows_alone(train, val, seed, kind):
    assert apply_arm(Arm(kind), train, val, seed=seed) == (train, val)


@given(row_sets(), row_sets(), SEEDS, st.integers(1, 5))
def test_k_cells_keeps_all_rows_of_as_many_cells_a_drug_as_it_may(train, val, seed, k):
    for after, before in zip(apply_arm(Arm(ArmKind.K_CELLS, k=k), train, val, seed=seed), (train, val), strict=True):
        for drug in np.unique(before.drug):
            cells = set(after.cell[after.drug == drug])
            had = set(before.cell[before.drug == drug])
            assert len(cells) == min(k, len(had))
            rows = np.flatnonzero((before.drug == drug) & np.isin(before.cell, list(cells)))
            assert before.row_id[rows].tolist() == after.row_id[after.drug == drug].tolist()


@given(row_sets(), row_sets(), SEEDS)
def test_half_drugs_keeps_whole_drugs_the_same_in_train_and_val(train, val, seed):
    drugs = np.union1d(train.drug, val.drug)
    after_train, after_val = apply_arm(Arm(ArmKind.HALF_DRUGS), train, val, seed=seed)
    kept = np.union1d(after_train.drug, after_val.drug)
    assert len(kept) == (len(drugs) + 1) // 2
    assert len(after_train) == np.isin(train.drug, kept).sum()
    assert len(after_val) == np.isin(val.drug, kept).sum()


def test_one_mechanism_keeps_the_rows_of_its_drugs_alone():
    rows = many_rows()
    mechanisms = tuple(frozenset({"EGFR"} if drug in (2, 5) else {"MEK", "RAF"}) for drug in range(8))
    arm = Arm.parse("one-mechanism:EGFR")
    train, val = apply_arm(arm, rows, rows, seed=0, mechanisms=mechanisms)
    assert set(train.drug) == set(val.drug) == {2, 5}
    assert len(train) == np.isin(rows.drug, [2, 5]).sum()


def test_a_mechanism_that_no_drug_has_is_refused_by_name():
    with pytest.raises(ValueError, match="no drug of the release has the mechanism 'XYZ'"):
        apply_arm(Arm.parse("one-mechanism:XYZ"), many_rows(), many_rows(), seed=0, mechanisms=(frozenset(),) * 8)
    with pytest.raises(ValueError, match="XYZ"):
        apply_arm(Arm.parse("one-mechanism:XYZ"), many_rows(), many_rows(), seed=0)


@pytest.mark.parametrize("text", ["intradrug", "intracell", "k-cells:3", "half-drugs"])
def test_an_arm_depends_on_its_seed_and_on_nothing_else(text):
    rows = many_rows()
    first, again, other = (apply_arm(Arm.parse(text), rows, rows, seed=seed) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.row_id, b.row_id)
        np.testing.assert_array_equal(a.response, b.response)
    assert not (
        np.array_equal(first[0].response, other[0].response) and np.array_equal(first[0].row_id, other[0].row_id)
    )


def test_train_and_val_are_shuffled_apart():
    rows = many_rows()
    train, val = apply_arm(Arm(ArmKind.INTRADRUG), rows, rows, seed=1)
    assert not np.array_equal(train.response, val.response)


def test_every_order_of_a_drugs_answers_is_equally_likely():
    """Six orders of three answers over 6,000 seeds: chi-square, 5 degrees of freedom, under its .999 quantile."""
    rows = Rows(np.arange(3), np.arange(3, dtype=np.int32), np.zeros(3, np.int32), np.array([0.1, 0.2, 0.3]))
    orders = [
        tuple(apply_arm(Arm(ArmKind.INTRADRUG), rows, rows, seed=seed)[0].response.tolist()) for seed in range(6000)
    ]
    counts = np.unique(np.array(orders), axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert ((counts - 1000) ** 2 / 1000).sum() < 20.5


def test_identity_features_give_each_cell_a_column_of_its_own():
    np.testing.assert_array_equal(identity_features(("a", "b")), [[1, 0], [0, 1]])


def test_half_of_three_drugs_is_two():
    assert len(half_of(np.array([4, 7, 9], np.int32), seed=3)) == 2


@pytest.mark.parametrize(
    "text", ["real", "intradrug", "intracell", "onehot", "k-cells:20", "half-drugs", "one-mechanism:EGFR inhibitor"]
)
def test_an_arm_is_written_as_it_is_read(text):
    assert str(Arm.parse(text)) == text


@pytest.mark.parametrize("text", ["", "permuted", "k-cells", "k-cells:0", "k-cells:x", "one-mechanism", "real:3"])
def test_what_is_no_arm_is_refused_in_a_sentence(text):
    with pytest.raises(ValueError, match=f"'{text}'"):
        Arm.parse(text)


def test_a_seed_is_the_same_on_every_machine():
    """First 8 bytes of sha256("1\\x1fCCLE\\x1f0\\x1fintradrug"), by sha256sum."""
    assert seed_of(1, "CCLE", 0, "intradrug") == 0x902A9F865ED40230
    assert seed_of(1, "CCLE", 0) != seed_of(1, "CCLE0")
