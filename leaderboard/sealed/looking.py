"""What the scorer does: it looks into the database for what waits. A message can make it look, and say nothing else."""

import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from django.db.models import Q
from django.db.models.functions import Now

from leaderboard.locks import PUBLISHING_SEALED, SCORING, alone
from leaderboard.models import Evaluation, SealedStudy
from leaderboard.sealed import certificates, outlet, reporting, scoring
from leaderboard.sealed.vault import Vault
from leaderboard.states import StudyState

log = logging.getLogger(__name__)
AGAIN_AFTER = timedelta(minutes=5)
"""What could not be scored is tried again after so long: an error must not open a study every few seconds."""


def look() -> None:
    """Safe to do twice at once, and again after it died anywhere."""
    for evaluation in _to_score():
        _alone(f"score evaluation {evaluation}", SCORING, evaluation, partial(_score, evaluation))
    for study in SealedStudy.objects.filter(scores__isnull=False).distinct().order_by("pk"):
        _alone(f"tell of {study}", PUBLISHING_SEALED, study.pk, partial(outlet.publish, study))
    for study in SealedStudy.objects.filter(state=StudyState.DRAFT, report__isnull=True).order_by("pk"):
        _alone(f"report on {study}", PUBLISHING_SEALED, study.pk, partial(reporting.first_report, study))
    for study in SealedStudy.objects.filter(state=StudyState.RELEASED).order_by("pk"):
        if not reporting.is_published(study):
            _alone(f"publish {study}", PUBLISHING_SEALED, study.pk, partial(reporting.publish_answers, study))
    _certify()


def _to_score() -> list[int]:
    asked_lately = Q(scoring_asked_at__gt=Now() - AGAIN_AFTER)
    return list(scoring.waiting().exclude(asked_lately).values_list("pk", flat=True))


def _score(evaluation: int) -> None:
    Evaluation.objects.filter(pk=evaluation).update(scoring_asked_at=Now())
    scoring.score(evaluation)


def _certify() -> None:
    vault, rows = Vault.ours(), certificates.lacking()
    for card in rows.select_related("evaluation__track__release", "evaluation__submission__model__team"):
        try:
            certificates.certify_open(card, vault)
        except Exception:
            log.exception("%s has no certificate yet", card)  # one card's trouble must not keep the others from theirs


def _alone(what: str, kind: int, row: int, step: Callable[[], object]) -> None:
    try:
        with alone(kind, row) as is_ours:
            if is_ours:
                step()
    except Exception:
        # The outermost door of each step: ours, and tried again; one study's trouble must not stop the others.
        log.exception("%s: this step failed", what)
