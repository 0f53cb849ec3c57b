"""The certificates of a version's score, where the score itself may be seen by everybody."""

from django.db.models import QuerySet
from django.utils import timezone

from leaderboard.models import Certificate
from leaderboard.sealed.release import CURATORS_ALONE
from leaderboard.states import SubmissionState


def certificates_of(slug: str, version: int, *, study: str = "") -> QuerySet[Certificate]:
    """In the order in which they were signed: on open studies, or on the sealed one of this id."""
    submission = "evaluation__submission"
    published = Certificate.objects.filter(
        **{
            f"{submission}__model__slug": slug,
            f"{submission}__version": version,
            f"{submission}__state": SubmissionState.PUBLISHED,
        }
    ).order_by("pk")
    if not study:
        return published.filter(evaluation__study=None)
    return published.filter(
        evaluation__study__study_id=study, evaluation__sealed_score__shown_from__lte=timezone.now()
    ).exclude(evaluation__study__state__in=CURATORS_ALONE)
