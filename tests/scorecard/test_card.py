"""A card agrees with itself: its intervals are about its point scores, and what lacks a file is undefined."""

import json
import math

import numpy as np
import pytest

from evaluator.arms import Arm
from evaluator.scorecard.card import score_card
from evaluator.scorecard.design import Entry
from evaluator.scorecard.plain import plain_card
from evaluator.scorecard.sheets import card_sheets
from evaluator.scoring.metrics import Metric

REAL, PERMUTED = Arm.parse("real"), Arm.parse("intradrug")


@pytest.fixture(scope="module")
def card(design, read):
    return score_card(design, read, arms=(REAL, PERMUTED), metrics=tuple(Metric), replicates=100, exact=True)


@pytest.mark.parametrize("metric", Metric)
def test_an_interval_stands_around_the_entry_of_g_it_is_about(card, metric):
    g = card.matrices["real"][metric]
    intervals = card.uncertain.matrices["real"][metric]
    for (source, target), interval in intervals.g.items():
        place = g.order.index(source), g.order.index(target)
        assert interval.estimate.value == pytest.approx(g.g[place], abs=1e-9)
        assert interval.low.value < interval.estimate.value < interval.high.value
    for source, interval in intervals.ga.items():
        assert interval.estimate.value == pytest.approx(g.ga[g.order.index(source)], abs=1e-9)


def test_normalised_intervals_are_about_gn_and_gna(card):
    g = card.matrices["real"][Metric.R2]
    intervals = card.uncertain.matrices["real"][Metric.R2]
    for (source, target), interval in intervals.gn.items():
        assert interval.estimate.value == pytest.approx(g.gn[g.order.index(source), g.order.index(target)], abs=1e-9)
    for source, interval in intervals.gna.items():
        assert interval.estimate.value == pytest.approx(g.gna[g.order.index(source)], abs=1e-9)
    assert not card.uncertain.matrices["real"][Metric.RMSE].gn


def test_thirty_percent_of_the_way_to_the_truth_is_a_skill_of_51_percent_over_mean_effects(card):
    """The error is .7 of that of the mean effects in every row, so its square is .49."""
    for skills in card.uncertain.skills.values():
        assert skills.over["mean_effects"].estimate.value == pytest.approx(0.51, abs=1e-6)
    assert card.uncertain.primary.estimate.value == pytest.approx(0.51, abs=1e-6)


def test_the_gap_is_the_difference_of_the_two_arms(card):
    real, permuted = (card.matrices[arm][Metric.RMSE] for arm in ("real", "intradrug"))
    for (source, target), interval in card.uncertain.gap[Metric.RMSE].items():
        place = real.order.index(source), real.order.index(target)
        assert interval.estimate.value == pytest.approx(real.g[place] - permuted.g[place], abs=1e-9)


def test_a_model_without_memory_does_not_raise_the_alarm(card):
    assert not card.uncertain.alarm.raised


def test_a_model_that_has_seen_the_answers_raises_the_alarm(tiny, read):
    from evaluator.scorecard.design import whole_design

    ten = whole_design(tiny)

    def remembers(arm, entry):
        rows = ten.rows(entry)
        noise = np.random.default_rng(entry.split).normal(0, 0.1, len(rows))
        return (rows.response + noise).astype(np.float32)

    card = score_card(ten, remembers, arms=(PERMUTED,), metrics=(Metric.R2,), replicates=100)
    assert card.uncertain.alarm.raised


def test_an_entry_that_lacks_a_split_is_undefined_and_so_is_every_mean_over_it(design, read):
    def incomplete(arm, entry):
        return None if entry == Entry("SynthA", 1, "SynthB") else read(arm, entry)

    card = score_card(design, incomplete, arms=(REAL,), metrics=(Metric.R2,), replicates=100)
    g = card.matrices["real"]["r2"]
    a, b = g.order.index("SynthA"), g.order.index("SynthB")
    assert math.isnan(g.g[a, b])
    assert math.isnan(g.ga[a])
    assert g.reasons["G[SynthA,SynthB]"] == "no score for split 1"
    assert ("SynthA", "SynthB") not in card.uncertain.matrices["real"][Metric.R2].g
    assert "SynthA" not in card.uncertain.matrices["real"][Metric.R2].ga
    assert card.uncertain.primary is None
    assert card.missing == {"real": 1}


def test_a_card_is_json_without_nan_and_tables_without_nan(card):
    text = json.dumps(plain_card(card), allow_nan=False)
    assert '"undefined"' in text
    for sheet in card_sheets(card):
        assert all(len(row) == len(sheet.columns) for row in sheet.rows)
        assert not any("nan" in cell.split() for row in sheet.rows for cell in row)


def test_without_replicates_there_are_point_scores_alone(design, read):
    card = score_card(design, read, arms=(REAL,), replicates=0)
    assert card.uncertain is None
    assert not np.isnan(card.matrices["real"]["r2"].g).any()


def test_a_ceiling_is_given_where_pairs_are_repeated(card):
    assert card.ceilings["SynthB"].r2.is_defined
    assert card.ceilings["SynthA"].r2.reason == "not estimable: no pair was measured twice"
