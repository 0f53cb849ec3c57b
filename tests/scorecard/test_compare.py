"""Models are compared on the same weights: equal ones tie, a better one is called better, a partial one comes last."""

import numpy as np
import pytest

from evaluator.scorecard.compare import compare
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.plain import plain_comparison
from evaluator.scorecard.sheets import comparison_sheets
from evaluator.scoring.metrics import Metric


@pytest.fixture(scope="module")
def comparison(design, read):
    def better(arm, entry):
        answers = design.rows(entry).response
        return (read(arm, entry) + 0.5 * (answers - read(arm, entry))).astype(np.float32)

    def partial(arm, entry):
        return None if entry.target == "SynthB" else read(arm, entry)

    models = {"one": read, "twin": read, "better": better, "partial": partial}
    return compare(Weights(design, 1, 200), models, metric=Metric.RMSE)


def test_the_better_one_is_first_alone_and_twins_share_their_ranks(comparison):
    ranks = {one.model: (one.first, one.last, one.tie_group) for one in comparison.standings}
    assert ranks["better"] == (1, 1, 1)
    assert ranks["one"] == ranks["twin"] == (2, 3, 2)


def test_a_model_that_lacks_a_target_comes_last_without_a_score(comparison):
    last = comparison.standings[-1]
    assert (last.model, last.first, last.tie_group) == ("partial", 4, None)
    assert not last.estimate.is_defined
    assert not comparison.primary["one", "partial"].estimate.is_defined
    assert {target for _, target in comparison.entries["one", "partial"]} == {"SynthA", "SynthC"}


def test_twins_differ_by_nothing_in_every_entry(comparison):
    for interval in comparison.entries["one", "twin"].values():
        assert interval.estimate.value == interval.low.value == interval.high.value == 0


def test_a_lower_error_is_said_to_be_the_better_one(comparison):
    sheets = comparison_sheets(comparison, metric=Metric.RMSE)
    verdicts = {row[-1] for sheet in sheets if sheet.title.startswith("one minus better") for row in sheet.rows}
    assert verdicts == {"better"}
    twins = {row[-1] for sheet in sheets if sheet.title.startswith("one minus twin") for row in sheet.rows}
    assert twins == {"cannot tell"}


def test_a_comparison_is_plain_json(comparison):
    plain = plain_comparison(comparison)
    assert plain["standings"][0]["model"] == "better"
    assert len(plain["differences"]) == 6
