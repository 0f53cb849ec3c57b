"""Which answers are IMPROVE's AUC: doses from 10⁻¹⁰ to 10⁻⁴ M and fits with R² of at least .3."""

import pytest

from evaluator.scoring.metrics import Metric
from leaderboard.sealed.comparable import differences, ranking

AUC = {
    "response": {"column": "auc"},
    "dose_low_m": 1e-10,
    "dose_high_m": 1e-4,
    "curve_fit": "four-parameter Hill",
    "quality_filter": "R2 >= 0.3",
}


def test_improves_auc_is_ranked_by_the_tracks_own_metric():
    found = ranking(AUC, Metric.RMSE)
    assert (found.name, found.higher_is_better, found.why) == ("rmse", False, "")


@pytest.mark.parametrize("text", ["R2 >= 0.3", "fit R² ≥ .3", "r2 of at least 0.35", "R^2>=0.30"])
def test_a_filter_of_fits_is_found_in_what_the_curator_wrote(text):
    assert differences(AUC | {"quality_filter": text}) == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"response": {"column": "ic50"}}, "the response is no AUC"),
        ({"dose_low_m": 1e-9}, "the doses go from 1e-09 to 0.0001 M, not from 1e-10 to 0.0001 M"),
        ({"dose_high_m": None}, "the dose window is not stated"),
        ({"curve_fit": ""}, "the curve fit is not stated"),
        ({"quality_filter": ""}, "fits are not filtered by an R² of at least .3"),
        ({"quality_filter": "R2 >= 0.2"}, "fits are not filtered by an R² of at least .3"),
    ],
)
def test_other_answers_are_ranked_within_drug_and_it_says_why(said, sentence):
    found = ranking(AUC | said, Metric.RMSE)
    assert (found.name, found.higher_is_better) == ("within drug pearson", True)
    assert sentence in found.why
