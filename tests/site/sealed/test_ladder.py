"""The Ladder on draws whose paired noise is known, and how looks are counted."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from leaderboard.sealed.ladder import climbs, improves, live_since, looks_left
from leaderboard.states import StudyState
from tests.site.builders import make_evaluation, make_model, make_submission, make_team

NOISE = np.random.default_rng(1).normal(size=1000)
NOISE = (NOISE - NOISE.mean()) / NOISE.std(ddof=1)


def draws(estimate, *, shared=1.0, own=0.0):
    """Draws around an estimate: `shared` is the luck of the sample, which every model has; `own` the model's alone."""
    return np.concatenate([[estimate], estimate + shared * np.roll(NOISE, 7) + own * NOISE])


@pytest.mark.parametrize(("ahead", "moves"), [(0.101, True), (0.099, False), (0.0, False), (-0.5, False)])
def test_the_best_moves_by_more_than_one_standard_error_of_the_paired_difference(ahead, moves):
    assert improves(draws(0.5), draws(0.5 + ahead, own=0.1), higher_is_better=True) is moves
    assert improves(draws(0.5), draws(0.5 - ahead, own=0.1), higher_is_better=False) is moves


def test_a_first_score_counts_whatever_it_is():
    assert improves(None, np.full(1001, np.nan), higher_is_better=True)


def test_an_undefined_score_beats_none():
    assert not improves(draws(0.5), np.full(1001, np.nan), higher_is_better=True)


def test_a_score_with_too_few_replicates_beats_none():
    few = draws(9.0)
    few[100:] = np.nan
    assert not improves(draws(0.5), few, higher_is_better=True)


def test_hundreds_of_random_tries_gain_little_through_the_ladder():
    """Blum and Hardt's attack on a board: keep what scores better. Without the ladder, the best of 500 tries of no
    skill lies near 3 standard errors above it; with it, the best that is told has moved a few times by noise."""
    rng = np.random.default_rng(2)
    best, told = None, 0
    estimates = rng.normal(0, 0.1, 500)
    for one in estimates:
        tried = np.concatenate([[one], one + rng.normal(0, 0.1, 200)])
        if improves(best, tried, higher_is_better=True):
            best, told = tried, told + 1
    assert told <= 5
    assert best[0] <= estimates.max()


@pytest.mark.django_db
def test_every_evaluation_of_what_was_sent_since_the_study_is_live_is_a_look(bring):
    study, team = bring(looks=3), make_team()
    since = live_since(study)
    for created_at in (since - timedelta(days=1), since + timedelta(hours=1), timezone.now()):
        submission = make_submission(model=make_model(team=team), created_at=created_at)
        make_evaluation(submission=submission, study=study)
    assert looks_left(study, team) == 1
    assert looks_left(study, make_team()) == 3


@pytest.mark.django_db
def test_looks_never_become_fewer_than_none(bring):
    study, team = bring(looks=1), make_team()
    for _ in range(3):
        make_evaluation(submission=make_submission(model=make_model(team=team)), study=study)
    assert looks_left(study, team) == 0


@pytest.mark.django_db
def test_a_study_that_was_never_live_has_all_its_looks(bring):
    study = bring(state=StudyState.SEALED, looks=4)
    make_evaluation(submission=make_submission(), study=study)
    assert looks_left(study, make_team()) == 4


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "days", "does"),
    [("participant", 1, True), ("participant", -1, False), ("reference", 1, False), ("control", 1, False)],
)
def test_what_the_studys_feedback_cannot_have_shaped_climbs_no_ladder(kind, days, does):
    since = timezone.now()
    submission = make_submission(model=make_model(kind=kind), created_at=since + timedelta(days=days))
    assert climbs(submission, since) is does
    assert climbs(submission, None) is False
