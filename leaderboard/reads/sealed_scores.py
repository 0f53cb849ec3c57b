"""Scores on sealed studies, as the release function let them out, and nothing besides."""

from collections.abc import Sequence

from leaderboard.models import Certificate, SealedScore, SealedStudy
from leaderboard.sealed import release
from leaderboard.states import StudyState, SubmissionState

SCORED = (StudyState.LIVE, StudyState.FROZEN, StudyState.RETIRED, StudyState.RELEASED)


def scored_studies(track: str) -> list[SealedStudy]:
    """Those on which scores may have been released: live ones first, then the newest."""
    found = SealedStudy.objects.filter(track__slug=track, state__in=SCORED).order_by("-state_since", "-id")
    return sorted(found, key=lambda study: study.state != StudyState.LIVE)


def released_scores(study: SealedStudy) -> list[SealedScore]:
    """Of each model, the newest version that stands; of one whose versions the ladder all passed over, the newest."""
    stands = release.shown(study, curator=False).filter(evaluation__submission__state=SubmissionState.PUBLISHED)
    best = sorted(stands, key=lambda score: (score.is_standing, score.evaluation.submission.version))
    newest = {score.evaluation.submission.model_id: score for score in best}
    return list(newest.values())


def certified(scores: Sequence[SealedScore]) -> set[int]:
    """The evaluations of those that have a certificate."""
    signed = Certificate.objects.filter(evaluation__in=[score.evaluation_id for score in scores])
    return set(signed.values_list("evaluation", flat=True))
