import numpy as np
import pytest

from evaluator.scoring.matrices import g_matrices

ORDER = ("A", "B", "C")
MEANS = [[0.8, 0.4, 0.2], [0.1, 0.5, 0.3], [-0.2, 0.6, 0.9]]


def make_scores(means=MEANS, *, spread=0.01):
    return {
        (source, target): {0: means[s][t] - spread, 1: means[s][t] + spread}
        for s, source in enumerate(ORDER)
        for t, target in enumerate(ORDER)
    }


def matrices(scores, *, metric="r2", order=ORDER, splits=(0, 1), exact=False):
    return g_matrices(scores, order=order, splits=splits, metric=metric, exact=exact)


def test_matrices_are_means_ratios_and_averages_off_the_diagonal():
    found = matrices(make_scores())
    assert found.g == pytest.approx(np.array(MEANS))
    assert found.spread == pytest.approx(0.01 * 2**0.5)  # of two values, ddof=1
    assert found.gn[0] == pytest.approx([1, 0.5, 0.25])
    assert found.ga == pytest.approx([0.3, 0.2, 0.2])
    assert found.gna == pytest.approx([0.375, 0.4, (-2 / 9 + 6 / 9) / 2])
    assert found.reasons == {}


def test_g_is_rounded_to_4_decimals_before_anything_else_is_made_of_it():
    means = [[0.80004, 0.40006, 0.2], MEANS[1], MEANS[2]]
    rounded, exact = matrices(make_scores(means)), matrices(make_scores(means), exact=True)
    assert rounded.g[0].tolist() == [0.8, 0.4001, 0.2]
    assert rounded.ga[0] == pytest.approx((0.4001 + 0.2) / 2, abs=1e-15)
    assert rounded.gn[0, 1] == 0.4001 / 0.8
    assert exact.g[0, 1] == pytest.approx(0.40006, abs=1e-15)
    assert exact.gn[0, 1] == pytest.approx(0.40006 / 0.80004, abs=1e-15)


def test_a_missing_split_makes_its_entry_and_what_needs_it_undefined():
    scores = make_scores()
    del scores["A", "B"][1]
    found = matrices(scores)
    assert found.reasons == {
        "G[A,B]": "no score for split 1",
        "G_std[A,B]": "no score for split 1",
        "Gn[A,B]": "G[A,B] is undefined",
        "Ga[A]": "G[A,B] is undefined",
        "Gna[A]": "Gn[A,B] is undefined",
    }
    assert np.isnan(found.ga).tolist() == [True, False, False]


def test_a_missing_target_is_not_averaged_away():
    scores = make_scores()
    del scores["A", "B"], scores["A", "C"]
    found = matrices(scores)
    assert found.reasons["G[A,C]"] == "there are no scores"
    assert found.reasons["Ga[A]"] == "G[A,B] is undefined, and 1 more"
    assert np.isnan(found.ga[0])


def test_an_undefined_score_makes_its_entry_undefined():
    scores = make_scores()
    scores["B", "A"][0] = float("nan")
    assert matrices(scores).reasons["G[B,A]"] == "the score is undefined for split 0"


def test_without_its_diagonal_a_source_has_no_gn():
    scores = make_scores()
    del scores["C", "C"]
    found = matrices(scores)
    assert found.reasons["Gn[C,A]"] == "G[C,C] is undefined"
    assert found.ga[2] == pytest.approx(0.2)


@pytest.mark.parametrize("diagonal", [0.0, -0.3, 0.00004])
def test_a_diagonal_that_is_not_positive_leaves_gn_undefined(diagonal):
    found = matrices(make_scores([[diagonal, 0.4, 0.2], MEANS[1], MEANS[2]], spread=0.0))
    assert np.isnan(found.gn[0]).all()
    assert found.reasons["Gn[A,B]"] == "G[A,A] is not positive"
    assert np.isnan(found.gna).tolist() == [True, False, False]
    assert found.ga[0] == pytest.approx(0.3)


def test_there_is_no_gn_of_an_error():
    found = matrices(make_scores(), metric="rmse")
    assert np.isnan(found.gn).all()
    assert np.isnan(found.gna).all()
    assert found.reasons["Gn[A,B]"] == "a ratio of rmse means nothing"
    assert found.ga == pytest.approx([0.3, 0.2, 0.2])


def test_one_split_has_no_spread():
    found = matrices({entry: {0: of[0]} for entry, of in make_scores().items()}, splits=(0,))
    assert found.reasons["G_std[A,A]"] == "there are fewer than 2 splits"
    assert np.isnan(found.spread).all()
    assert np.isfinite(found.g).all()


def test_one_study_has_nothing_off_its_diagonal():
    found = matrices({("A", "A"): {0: 0.5, 1: 0.7}}, order=("A",))
    assert found.reasons == {"Ga[A]": "there is no other target", "Gna[A]": "there is no other target"}


def test_the_order_is_the_one_given():
    found = matrices(make_scores(), order=("C", "A", "B"))
    assert found.order == ("C", "A", "B")
    assert found.g[0] == pytest.approx([0.9, -0.2, 0.6])
