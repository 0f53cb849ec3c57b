"""Hands evaluations to a scorer, again and again until one has scored it.

A scorer holds a lock of its database session: it vanishes with the process, so what a killed one left is begun again.
"""

import logging
from datetime import timedelta

import kombu.exceptions
from celery import current_app
from django.db.models import Q
from django.db.models.functions import Now

from evaluator import logs
from leaderboard.locks import SCORING, alone
from leaderboard.models import Evaluation
from leaderboard.states import SubmissionState

AGAIN_AFTER = timedelta(seconds=10)
"""A scorer that was told to begin is told again after so long; one that is at it holds its lock and says no."""
log = logging.getLogger(__name__)


def hand_over() -> None:
    asked_lately = Q(scoring_asked_at__gt=Now() - AGAIN_AFTER)
    unscored = Q(submission__state=SubmissionState.SCORING, finished_at=None)
    again = Q(scorecard__isnull=False) & ~Q(scorecard__rescore_why="")
    waiting = Evaluation.objects.filter(unscored | again)
    found = waiting.exclude(asked_lately).order_by("pk").values_list("pk", "submission__request_id")
    for pk, trace in found:
        if not Evaluation.objects.filter(~asked_lately, pk=pk).update(scoring_asked_at=Now()):
            continue  # another tick was faster
        try:
            with logs.tracing(trace):
                current_app.send_task("leaderboard.score", args=[pk], retry=False, expires=AGAIN_AFTER.total_seconds())
        except kombu.exceptions.OperationalError as away:
            log.warning("evaluation %s is scored when the broker is back: %s", pk, away)


def score(evaluation: int) -> None:
    """For the task: nothing while another scorer is at it."""
    from leaderboard.publishing import rescoring, scoring

    with alone(SCORING, evaluation) as is_ours:
        if is_ours:
            scoring.score(evaluation)
            rescoring.answer(evaluation)
