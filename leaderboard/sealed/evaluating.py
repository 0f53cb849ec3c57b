"""Which models are scored on a sealed study, at what cost, and what becomes of that. Runs are the hosts' business.

Every model is trained again from the record: the same image, seeds and settings. Nobody who brought the study in is
scored on it, nor their team; a team whose looks are used up is not scored again while the study is live.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from evaluator.contract.errors import ContractError
from leaderboard.hosting import forecast, work
from leaderboard.models import Evaluation, ModelKind, Run, SealedStudy, Submission, Team
from leaderboard.models.entries import Contract, ImageOrigin
from leaderboard.sealed import ladder
from leaderboard.sealed.allowed import ALLOWS, Can
from leaderboard.sealed.curators import curators_of, teams_of_curators
from leaderboard.states import RunState, StudyState, SubmissionState

OURS = (ModelKind.REFERENCE, ModelKind.CONTROL)
SCORED_IN = [state for state, allowed in ALLOWS.items() if allowed & {Can.TRY_OUT, Can.SCORE}]
PARKED_FOR = timedelta(days=1)
"""What failed by our fault too often is tried again after so long, and an operator is told."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cost:
    """Of scoring these models: None while nothing is known of how long such runs take."""

    models: int
    runs: int
    cpu_s: float | None
    wall_s: float | None


def cost(study: SealedStudy, submissions: Iterable[Submission]) -> Cost:
    definition = study.track.definition
    models = len(list(submissions))
    runs = models * len(definition["sources"]) * len(definition["splits"])
    spent = forecast.spent(study.track, runs=runs, infers=2 * runs)
    return Cost(models, runs, *(spent or (None, None)))


# Who is scored.


def due(study: SealedStudy, *, when: StudyState | None = None) -> QuerySet[Submission]:
    """Models whose newest published version could be scored now, or in another state, and has not been; in the order
    that they were sent."""
    allowed = ALLOWS[when or StudyState(study.state)]
    newest = Submission.objects.filter(
        model=OuterRef("model"), track=study.track_id, state=SubmissionState.PUBLISHED
    ).order_by("-version")
    there = Submission.objects.filter(track=study.track_id, state=SubmissionState.PUBLISHED, deleted_at=None)
    rows = (
        there.filter(pk=Subquery(newest.values("pk")[:1]), contract=Contract.HOLDOUT)
        .exclude(image_origin=ImageOrigin.ARCHIVE, upload=None)
        .exclude(Exists(Evaluation.objects.filter(submission=OuterRef("pk"), study=study)))
        .select_related("model__team", "track__release", "upload")
        .order_by("created_at", "pk")
    )
    if Can.TRY_OUT in allowed:
        before = Evaluation.objects.filter(submission=OuterRef("pk"), study=study.corrects_id)
        rows = rows.filter(Q(model__kind__in=OURS) | Exists(before) if study.corrects_id else Q(model__kind__in=OURS))
    elif Can.SCORE not in allowed or is_corrected(study):
        return rows.none()
    return rows.exclude(_kept_out(study) & ~Q(model__kind__in=OURS))


def _kept_out(study: SealedStudy) -> Q:
    """Teams with one of its curators, now or since it was brought here, those that its curators say share somebody with
    the producer, and what a curator sent in person."""
    teams = teams_of_curators(study) | set(study.teams_kept_out.values_list("pk", flat=True))
    return Q(model__team__in=teams) | Q(person__in=curators_of(study))


def is_corrected(study: SealedStudy) -> bool:
    """A newer version of it took its place."""
    return study.corrected_by.exclude(state__in=(StudyState.DRAFT, StudyState.SEALED)).exists()


# What is done.


def begin(study: SealedStudy, submissions: Iterable[Submission]) -> list[Evaluation]:
    """Evaluations that are new, with their runs queued; a look of the team each, where a look is one.

    ContractError where a model cannot be asked about the study.
    """
    begun = []
    for submission in submissions:
        with transaction.atomic():
            team = Team.objects.select_for_update().get(pk=submission.model.team_id)  # looks are counted under it
            if not _has_look(study, submission, team):
                continue
            made, is_new = Evaluation.objects.get_or_create(submission=submission, track=study.track, study=study)
            if is_new:
                work.begin_sealed(made)
                begun.append(made)
    return begun


def _has_look(study: SealedStudy, submission: Submission, team: Team) -> bool:
    since = ladder.live_since(study)
    return not ladder.climbs(submission, since) or ladder.looks_left(study, team) > 0


def unfinished(study: SealedStudy) -> QuerySet[Evaluation]:
    return Evaluation.objects.filter(study=study, finished_at=None)


def stop(study: SealedStudy) -> None:
    """Nothing more is scored on it: what is under way ends without a score."""
    for evaluation in unfinished(study):
        work.stop_evaluation(evaluation)


def advance() -> None:
    """For the tick: begins what is due on live studies, and settles what has ended. May be repeated at any time."""
    for study in SealedStudy.objects.filter(state=StudyState.LIVE).select_related("track__release"):
        for submission in due(study):
            try:
                begin(study, [submission])
            except ContractError as error:  # the others go on
                log.warning("%s is not scored on %s: %s", submission, study, error)
    under_way = Evaluation.objects.filter(study__isnull=False, finished_at=None)
    over = Run.objects.filter(evaluation=OuterRef("pk"), state__in=(RunState.FAILED, RunState.STOPPED))
    # One may have been begun at the moment in which its study was frozen.
    for evaluation in under_way.filter(Exists(over) | ~Q(study__state__in=SCORED_IN)):
        work.stop_evaluation(evaluation)
    parked = Run.objects.filter(state=RunState.PARKED, evaluation__in=under_way)
    for run in parked.annotate(last=Max("attempts__ended_at")).filter(last__lt=Now() - PARKED_FOR):
        log.error("%s failed by our fault again and again: it is tried once more", run)
        work.release_parked(run)
