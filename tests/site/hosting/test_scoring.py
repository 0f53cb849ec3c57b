"""Handing an evaluation to a scorer: one at a time, and again when one dies."""

import kombu.exceptions
import psycopg2
import pytest
from django.db import connection

from leaderboard.hosting import scoring
from leaderboard.locks import SCORING
from leaderboard.states import SubmissionState
from leaderboard.tasks import score
from tests.site.builders import make_evaluation, make_submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scored(monkeypatch):
    done = []
    monkeypatch.setattr("leaderboard.publishing.scoring.score", done.append)
    return done


@pytest.fixture
def evaluation():
    return make_evaluation(submission=make_submission(state=SubmissionState.SCORING))


def held_elsewhere(evaluation):
    other = psycopg2.connect(connection.connection.dsn)
    other.cursor().execute("SELECT pg_try_advisory_lock(%s, %s)", [SCORING, evaluation.pk])
    return other


def ended(other):
    """The server lets go a moment after its client has hung up."""
    pid = other.info.backend_pid
    other.close()
    with connection.cursor() as cursor:
        gone = False
        while not gone:
            cursor.execute("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = %s)", [pid])
            (gone,) = cursor.fetchone()


def test_nobody_scores_what_another_scorer_is_at_and_its_death_lets_go(scored, evaluation):
    other = held_elsewhere(evaluation)
    score(evaluation.pk)
    assert scored == []
    ended(other)
    score(evaluation.pk)
    assert scored == [evaluation.pk]


def test_a_scorer_that_fails_lets_go(monkeypatch, scored, evaluation):
    def fails(_):
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch, pytest.raises(RuntimeError):
        patch.setattr("leaderboard.publishing.scoring.score", fails)
        score(evaluation.pk)
    ended(held_elsewhere(evaluation))
    score(evaluation.pk)
    assert scored == [evaluation.pk]


def test_without_a_broker_it_is_asked_for_later(monkeypatch, evaluation, caplog):
    def away(*_, **__):
        raise kombu.exceptions.OperationalError("away")

    monkeypatch.setattr("leaderboard.hosting.scoring.current_app.send_task", away)
    scoring.hand_over()
    assert "is scored when the broker is back" in caplog.text
