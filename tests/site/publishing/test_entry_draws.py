"""Draws of single entries of G: kept small, read as they were, and consistent with those of the boards."""

import json

import numpy as np
import pytest

from evaluator.agent.uploads import Storage
from evaluator.scorecard.draws import Weights
from evaluator.scorecard.uncertain import REAL, Drawn
from evaluator.scoring.metrics import Metric
from leaderboard.models import Scorecard
from leaderboard.publishing.entry_draws import EntryDraws, entries_path, keep_entries, read_entries
from leaderboard.publishing.measures import Measure, View
from leaderboard.publishing.scoring import score
from leaderboard.publishing.stored_draws import StaleDrawsError, read_draws
from tests.site.publishing.conftest import REPLICATES, Maker

KEYS, UNITS = [("a", "b"), ("b", "a")], [(40, 20), (30, 3)]


@pytest.fixture
def kept(tmp_path):
    def keep(draws, why=("", "")):
        storage = Storage(str(tmp_path / "kept"))
        keep_entries(storage, "scores/1/draws.npy", "r2", EntryDraws(KEYS, UNITS, np.array(draws), why))
        return read_entries(storage, "scores/1/draws.npy", "r2")

    return keep


def test_they_are_read_as_they_were_to_nine_digits_of_their_spread(kept):
    draws = 0.7 + 0.01 * np.random.default_rng(0).normal(size=(2, 1001))
    found = kept(draws)
    assert (found.keys, found.units, found.why) == (KEYS, UNITS, ["", ""])
    np.testing.assert_array_equal(found.draws[:, 0], draws[:, 0])
    np.testing.assert_allclose(found.draws, draws, atol=1e-11, rtol=0)


def test_what_is_undefined_stays_it_with_its_reason(kept):
    whole = np.linspace(0, 1, 101)
    some = np.where(np.arange(101) % 9 == 4, np.nan, whole)
    found = kept([np.full(101, np.nan), some], why=("the answers are constant", ""))
    assert np.isnan(found.draws[0]).all()
    np.testing.assert_array_equal(np.isnan(found.draws[1]), np.isnan(some))
    assert found.why == ["the answers are constant", ""]


def test_absurd_scores_and_constant_ones_are_kept_too(kept):
    found = kept([np.linspace(-1e77, 1e78, 101), np.full(101, 0.25)])
    np.testing.assert_allclose(found.draws[0], np.linspace(-1e77, 1e78, 101), atol=1e69)
    np.testing.assert_array_equal(found.draws[1], 0.25)


def test_what_is_missing_or_damaged_is_said_to_be_so(tmp_path):
    storage = Storage(str(tmp_path / "kept"))
    with pytest.raises(StaleDrawsError, match="missing"):
        read_entries(storage, "scores/1/draws.npy", "r2")
    for content in (b"", b"nothing of the kind", b"PK\x03\x04 cut off"):
        storage.write(entries_path("scores/1/draws.npy", "r2"), content)
        with pytest.raises(StaleDrawsError, match="damaged"):
            read_entries(storage, "scores/1/draws.npy", "r2")


@pytest.mark.django_db
def test_scoring_keeps_every_measure_and_the_boards_are_means_of_them(deliver, plan, storage):
    evaluation = deliver()
    score(evaluation.pk)
    card = Scorecard.objects.get(evaluation=evaluation)
    views = dict(zip(card.summary["views"], read_draws(storage, card.draws), strict=True))
    for measure in Measure:
        found = read_entries(storage, card.draws, measure)
        assert len(found.keys) == len(plan.design.sources) * len(plan.design.targets)
        for target in ("", *plan.design.targets):
            of_target = [i for i, key in enumerate(found.keys) if target in ("", key[1])]
            np.testing.assert_allclose(found.draws[of_target].mean(axis=0), views[View(measure, target).key], atol=1e-9)


@pytest.mark.django_db
def test_an_entry_has_the_draws_that_the_library_makes(deliver, plan, storage):
    evaluation = deliver(Maker(plan, 0.4))
    score(evaluation.pk)
    drawn = Drawn(Weights(plan.design, plan.seed, REPLICATES), (REAL,), (Metric.RMSE,))
    source, target = plan.design.sources[0], plan.design.targets[1]
    drawn.add(source, target, Maker(plan, 0.4))
    found = read_entries(storage, Scorecard.objects.get(evaluation=evaluation).draws, "rmse")
    ours = found.draws[list(found.keys).index((source, target))]
    np.testing.assert_allclose(ours, drawn.g["real", Metric.RMSE, (source, target)], atol=1e-9)
    assert found.units[list(found.keys).index((source, target))] == drawn.units[source, target]


@pytest.mark.django_db
def test_an_undefined_entry_says_why(deliver, plan, storage):
    evaluation = deliver(lambda _arm, entry: np.zeros(len(plan.design.rows(entry)), np.float32))
    score(evaluation.pk)
    card = Scorecard.objects.get(evaluation=evaluation)
    found = read_entries(storage, card.draws, "pearson")
    assert np.isnan(found.draws[:, 0]).all()
    assert all("the predictions are constant" in reason for reason in found.why)
    assert json.dumps(found.why)
