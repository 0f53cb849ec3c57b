"""What repeated submissions may learn of a sealed study: so many looks, and each tells only what exceeds noise.

Blum and Hardt's Ladder (ICML 2015), parameter-free: a team's best score moves when a new one is better by more than the
standard error of their paired difference. What does not move it is told as that, and without a number.
"""

from datetime import datetime

import numpy as np

from evaluator.scoring.pair_sums import Floats
from leaderboard.models import Evaluation, ModelKind, SealedStudy, StudyStep, Submission, Team
from leaderboard.states import StudyState

_LEAST_REPLICATES = 100


def improves(best: Floats | None, new: Floats, *, higher_is_better: bool) -> bool:
    """Draws (1 + replicates,) on the same weights. A first score always counts, an undefined one beats none."""
    if best is None:
        return True
    ahead = new - best if higher_is_better else best - new
    used = ahead[1:][np.isfinite(ahead[1:])]
    if not np.isfinite(ahead[0]) or len(used) < _LEAST_REPLICATES:
        return False
    return bool(ahead[0] > used.std(ddof=1))


def looks_left(study: SealedStudy, team: Team) -> int:
    """Whatever becomes of a look, it was one: a failure is feedback too."""
    since = live_since(study)
    if since is None:
        return study.looks
    taken = Evaluation.objects.filter(
        study=study,
        submission__model__team=team,
        submission__model__kind=ModelKind.PARTICIPANT,
        submission__created_at__gt=since,
    )
    return max(study.looks - taken.count(), 0)


def climbs(submission: Submission, since: datetime | None) -> bool:
    """Whether the study's feedback could have shaped it: reference models of ours, and what was sent before the study
    was live, are no answer to it."""
    is_theirs = submission.model.kind == ModelKind.PARTICIPANT
    return is_theirs and since is not None and submission.created_at > since


def live_since(study: SealedStudy) -> datetime | None:
    steps = StudyStep.objects.filter(study=study, to=StudyState.LIVE, is_confirmed=True)
    return steps.order_by("answered_at").values_list("answered_at", flat=True).first()
