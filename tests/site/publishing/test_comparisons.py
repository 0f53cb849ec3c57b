"""Differences of models: as the library and as plain loops over rows make them, and never more than can be told."""

import csv
import io
import json
import zlib
from itertools import combinations

import numpy as np
import pytest

from evaluator.scorecard.compare import compare
from evaluator.scorecard.draws import Weights
from evaluator.scoring.intervals import t_quantile
from evaluator.scoring.metrics import Metric
from evaluator.scoring.ranking import standings
from evaluator.scoring.weights import Kind, poisson_weights
from leaderboard.publishing import boards
from leaderboard.publishing.comparison_files import comparison_csv, plain_comparison
from leaderboard.publishing.comparisons import Scores, Verdict, _places, compared, differences
from leaderboard.publishing.measures import Measure, View
from leaderboard.publishing.placing import Place, better_than
from leaderboard.publishing.predictions import Predictions
from leaderboard.publishing.scoring import score
from leaderboard.reads import comparing
from tests.site.publishing.conftest import REPLICATES, Maker

SHARES = {"good": 0.3, "better": 0.5, "poor": 0.1}


class Noisy(Maker):
    """With errors of its own, so that it does not differ from others by a constant share."""

    def __call__(self, arm, entry):
        found = super().__call__(arm, entry)
        seed = zlib.crc32(f"{self.share} {entry}".encode())
        return (found + 0.05 * np.random.default_rng(seed).normal(size=found.size)).astype(np.float32)


@pytest.fixture
def scored(deliver, plan, storage):
    """Evaluations by name, of models that were delivered and scored."""

    def of(**makers):
        found = {}
        for name, maker in makers.items():
            found[name] = deliver(maker, name=name)
            score(found[name].pk)
        return found

    return of


@pytest.fixture
def made(plan, track, storage):
    def of(*tokens, measure=Measure.PRIMARY, target=""):
        view = View(measure, target)
        these = comparing.chosen(comparing.options(track), tokens)
        who, entries = comparing.stored(plan, these, storage, view)
        return who, compared(plan, who, entries, view)

    return of


def numbers(interval):
    return [interval.estimate.value, interval.low.value, interval.high.value, interval.standard_error.value]


@pytest.mark.django_db
def test_two_models_differ_as_the_command_says_they_do(scored, made, plan):
    makers = {name: Noisy(plan, SHARES[name]) for name in ("good", "better")}
    scored(**makers)
    for metric in (Metric.R2, Metric.RMSE):
        theirs = compare(Weights(plan.design, plan.seed, REPLICATES), makers, metric=metric)
        _, ours = made("good", "better", measure=Measure(metric))
        primary = ours.views[View(Measure.PRIMARY)][0].interval
        assert numbers(primary) == pytest.approx(numbers(theirs.primary["good", "better"]), abs=1e-12)
        assert primary.df == theirs.primary["good", "better"].df
        assert set(ours.entries) == set(theirs.entries["good", "better"])
        for key, interval in theirs.entries["good", "better"].items():
            assert numbers(ours.entries[key][0].interval) == pytest.approx(numbers(interval), abs=1e-9)
            assert ours.entries[key][0].interval.too_narrow == interval.too_narrow


@pytest.mark.django_db
def test_a_difference_is_that_of_a_loop_over_weighted_rows(scored, made, plan, storage):
    """Straight from the stored predictions: a weight of each row is that of its cell times that of its drug."""
    evaluations = scored(**{name: Noisy(plan, SHARES[name]) for name in ("good", "better")})
    source, target = plan.design.sources[0], plan.design.targets[1]
    entry = next(e for e in plan.design.entries() if (e.source, e.target) == (source, target))
    rows, release = plan.design.rows(entry), plan.design.release
    words = {"seed": plan.seed, "replicates": REPLICATES}
    weight = poisson_weights(Kind.CELL, release.cells, **words)[:, rows.cell]
    weight = weight * poisson_weights(Kind.DRUG, release.drugs, **words)[:, rows.drug]
    rmse = {}
    for name, evaluation in evaluations.items():
        predicted = Predictions.of(evaluation, plan.design, storage)(plan.arms[0], entry).astype(float)
        rmse[name] = np.sqrt((weight * (predicted - rows.response) ** 2).sum(axis=1) / weight.sum(axis=1))
    draws = rmse["good"] - rmse["better"]
    units = min(len(set(rows.cell)), len(set(rows.drug)))
    error = draws[1:].std(ddof=1)
    margin = t_quantile(0.95, df=units - 1) * error
    _, ours = made("good", "better", measure=Measure.RMSE)
    found = ours.entries[source, target][0]
    expected = [draws[0], draws[0] - margin, draws[0] + margin, error]
    assert numbers(found.interval) == pytest.approx(expected, abs=1e-9)
    assert found.at_least.value == pytest.approx(margin, abs=1e-9)
    assert found.verdict is (Verdict.WORSE if draws[0] > margin else Verdict.CANNOT_TELL)


@pytest.mark.django_db
def test_of_many_ranks_and_verdicts_are_those_of_their_board(scored, made, plan):
    scored(**{name: Noisy(plan, share) for name, share in SHARES.items()})
    boards.refresh()
    who, ours = made(*SHARES)
    board = {
        row["model"]: row for row in json.loads(bytes(plan.track.boards.get(metric="primary", target="").json))["rows"]
    }
    for one, place in zip(who, ours.places, strict=True):
        assert board[one.model]["rank"] == [place.first, place.last]
        assert board[one.model]["tie_group"] == place.tie_group


@pytest.mark.django_db
def test_two_versions_and_a_baseline_are_compared_like_any_other(scored, deliver, made, plan):
    first = scored(good=Maker(plan, 0.3))["good"]
    score(deliver(Maker(plan, 0.7), model=first.submission.model).pk)
    who, ours = made("good", "good@1", "~mean_effects")
    assert [one.version for one in who] == [2, 1, None]
    assert [one.verdict for one in ours.views[View(Measure.PRIMARY)]] == [Verdict.BETTER, Verdict.BETTER]
    assert len(ours.entries) == len(plan.design.sources) * len(plan.design.targets)


@pytest.mark.django_db
def test_json_and_csv_say_the_same_of_every_difference(scored, made, plan):
    scored(
        good=Noisy(plan, 0.3),
        poor=Noisy(plan, 0.1),
        **{"=1+1": lambda _, e: np.zeros(len(plan.design.rows(e)), np.float32)},
    )
    who, ours = made("good", "poor", "11", measure=Measure.PEARSON)
    plain = json.loads(json.dumps(plain_comparison(plan, who, ours), allow_nan=False))
    lines = list(csv.DictReader(io.StringIO(comparison_csv(plain).decode())))
    every = [(part, one) for part in ("pairs", "measures", "entries") for one in plain[part]]
    assert len(lines) == len(every) == 3 + 2 * len(plan.views) + 2 * len(ours.entries)
    for line, (part, one) in zip(lines, every, strict=True):
        assert (line["part"], line["metric"], line["verdict"]) == (part, one["metric"], one["verdict"])
        low = one["difference"]["low"]
        assert (
            float(line["low"]) == low if isinstance(low, float) else line["undefined"].lstrip("'") in low["undefined"]
        )
    assert {line["second_model"] for line in lines} == {"poor", "'=1+1"}
    assert plain["pairs"][1]["verdict"] == "undefined"
    assert "the predictions are constant" in plain["pairs"][1]["difference"]["low"]["undefined"]


def made_scores(n, *, ahead=0.0, replicates=400, higher_is_better=True, **values):
    """Models whose first is ahead of all others."""
    rng = np.random.default_rng(7)
    levels = np.array([[0.5 + ahead], *[[0.5]] * (n - 1)])
    luck = 0.02 * rng.normal(size=replicates) + 0.01 * rng.normal(size=(n, replicates))
    draws = np.hstack([levels, levels + luck])
    usual = {"why": [""] * n, "units": 30, "too_narrow": False, "higher_is_better": higher_is_better}
    return Scores(draws, **usual | values)


def test_of_many_a_difference_counts_exactly_where_the_board_says_it_does():
    for ahead in np.linspace(0.0, 0.08, 33):
        scores = made_scores(5, ahead=ahead)
        better = better_than(scores.draws, units=30)
        for (a, b), found in differences(scores, [(0, i) for i in range(1, 5)]).items():
            assert (found.verdict is Verdict.BETTER) == better[a, b]
            assert found.interval.excludes_zero == (better[a, b] or better[b, a])


def test_ranks_of_many_are_those_of_the_library():
    scores = made_scores(6, ahead=0.05)
    library = standings({str(i): draws for i, draws in enumerate(scores.draws)}, units=30)
    found = differences(scores, [(0, i) for i in range(1, 6)])
    beaten = sum(one.verdict is Verdict.BETTER for one in found.values())
    assert next(one for one in library if one.model == "0").last == 6 - beaten


def test_among_more_models_a_difference_has_to_be_larger():
    of_two = differences(made_scores(2, ahead=0.03), [(0, 1)])[0, 1]
    of_ten = differences(made_scores(10, ahead=0.03), [(0, 1)])[0, 1]
    assert of_ten.at_least.value > 1.2 * of_two.at_least.value


def test_a_difference_turned_round_is_the_other_ones_verdict():
    found = differences(made_scores(2, ahead=0.1), [(0, 1)])[0, 1]
    turned = found.turned()
    assert (found.verdict, turned.verdict) == (Verdict.BETTER, Verdict.WORSE)
    assert numbers(turned.interval)[:3] == [-n for n in (numbers(found.interval)[i] for i in (0, 2, 1))]
    assert turned.at_least.value == pytest.approx(found.at_least.value)
    assert turned.turned() == found


def test_a_smaller_error_is_the_better_one():
    assert differences(made_scores(2, ahead=0.1, higher_is_better=False), [(0, 1)])[0, 1].verdict is Verdict.WORSE
    assert differences(made_scores(3, ahead=0.1, higher_is_better=False), [(0, 1)])[0, 1].verdict is Verdict.WORSE


@pytest.mark.parametrize("n", [2, 4])
def test_twins_differ_by_nothing_that_can_be_told(n):
    scores = made_scores(n)
    twins = Scores(np.repeat(scores.draws[:1], n, axis=0), scores.why, 30, False, True)
    found = differences(twins, [(0, 1)])[0, 1]
    assert (numbers(found.interval)[:3], found.verdict) == ([0.0, 0.0, 0.0], Verdict.CANNOT_TELL)


@pytest.mark.parametrize("n", [2, 4])
def test_what_rounding_leaves_of_no_difference_is_none(n):
    scores = made_scores(n)
    draws = np.repeat(scores.draws[:1], n, axis=0)
    draws[0] += 1e-15
    found = differences(Scores(draws, scores.why, 30, False, True), [(0, 1)])[0, 1]
    assert found.verdict is Verdict.CANNOT_TELL


@pytest.mark.parametrize("n", [2, 4])
def test_a_model_without_an_interval_is_compared_with_nobody_and_stops_nobody(n):
    scores = made_scores(n + 1, ahead=0.1)
    draws = scores.draws.copy()
    draws[1] = np.nan
    lacking = Scores(draws, ["", "no rows", *[""] * (n - 1)], 30, False, True)
    found = differences(lacking, [(0, i) for i in range(1, n + 1)])
    assert found[0, 1].verdict is Verdict.UNDEFINED
    assert found[0, 1].interval.estimate.reason == found[0, 1].at_least.reason == "no rows"
    assert found[0, 2].verdict is Verdict.BETTER


def test_a_score_that_is_known_without_its_interval_keeps_its_difference():
    scores = made_scores(2, ahead=0.1, why=["", "an interval needs at least 3 cells and 3 drugs"])
    found = differences(scores, [(0, 1)])[0, 1]
    assert found.interval.estimate.value == pytest.approx(0.1)
    assert found.verdict is Verdict.UNDEFINED


def test_one_that_leaves_no_common_replicates_has_no_rank_and_the_others_do():
    scores = made_scores(4, ahead=0.1, replicates=150)
    scores.draws[1, 1:120] = np.nan
    found = _places(scores, differences(scores, list(combinations(range(4), 2))))
    assert [place.tie_group for place in found] == [1, None, 2, 2]
    assert found[1] == Place(4, 4, None)


def test_models_that_leave_no_common_replicates_are_said_to_do_so():
    scores = made_scores(3, replicates=150)
    draws = scores.draws.copy()
    draws[1, 1:120], draws[2, 40:] = np.nan, np.nan
    found = differences(Scores(draws, scores.why, 30, False, True), [(0, 1), (0, 2), (1, 2)])
    assert found[1, 2].interval.low.reason == "too few replicates are defined for all that are compared"
