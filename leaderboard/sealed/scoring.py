"""Scores an evaluation on a sealed study, in the scorer's process alone. May be repeated, and done twice at once.

What is computed stays in the scorer's folder; what leaves it, and when, is the outlet's business.
"""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from evaluator.agent.uploads import Storage, Store
from evaluator.scoring.metrics import Metric
from leaderboard.models import Evaluation, Membership, Run, SealedScore, SealedStudy
from leaderboard.sealed import opening
from leaderboard.sealed.comparable import ranking
from leaderboard.sealed.curators import curators_of
from leaderboard.sealed.design import sealed_design
from leaderboard.sealed.measuring import measured
from leaderboard.sealed.predictions import sealed_predictions
from leaderboard.sealed.prospective import Fixed, Judged, judged
from leaderboard.sealed.vault import Found, Vault
from leaderboard.states import RunState, StudyState

IS_SCORED = (StudyState.SEALED, StudyState.LIVE)
"""Sealed: the dry run. What a frozen study has not scored by then, it never does."""


def waiting() -> QuerySet[Evaluation]:
    """Evaluations on sealed studies whose runs are all done, and that have no score yet."""
    runs = Run.objects.filter(evaluation=OuterRef("pk"))
    whole = Evaluation.objects.filter(Exists(runs), study__state__in=IS_SCORED, sealed_score=None)
    return whole.exclude(Exists(runs.exclude(state=RunState.DONE))).order_by("pk")


def score(evaluation_id: int) -> None:
    """Nothing for one that is not waiting: scored already, gone, or still under way."""
    rows = waiting().select_related("study", "track__release", "submission__model__team")
    evaluation = rows.filter(pk=evaluation_id).first()
    if evaluation is None or evaluation.study is None:
        return
    vault, study = Vault.ours(), evaluation.study
    if vault.kept(study.study_id, evaluation.pk, with_card=False) is None:
        found = scored(evaluation, study, vault=vault, storage=Storage(settings.STORAGE))
        vault.keep(study.study_id, evaluation.pk, found)
    standing = _judged(evaluation, study)
    with transaction.atomic():
        SealedScore.objects.get_or_create(
            evaluation=evaluation,
            defaults={"study": study, "is_prospective": standing.is_prospective, "is_blind": standing.is_blind},
        )
        Evaluation.objects.filter(pk=evaluation.pk, finished_at=None).update(finished_at=Now())


def scored(evaluation: Evaluation, study: SealedStudy, *, vault: Vault, storage: Store) -> Found:
    """Everything that can be wrong is looked at before the answers are opened, which is the last step but one."""
    asked = opening.asked(study, storage)
    predictions = sealed_predictions(evaluation, asked.facts.rows, storage=storage, vault=vault)
    signed = opening.Signed(opening.scorer_name(), f"score {evaluation.submission}", evaluation)
    opened = opening.answers(study, asked.facts, signed, vault=vault, storage=storage)
    design = sealed_design(evaluation.track, asked, opened)
    by = ranking(asked.facts, Metric(evaluation.track.definition["metric"]))
    return measured(design, predictions, by, seed=vault.seed(study.study_id))


def _judged(evaluation: Evaluation, study: SealedStudy) -> Judged:
    submission, track = evaluation.submission, evaluation.track
    fixed = Fixed(
        image=submission.created_at,
        data=track.release.loaded_at,
        seeds=max(submission.created_at, track.created_at),
        track=track.created_at,
        pretraining=submission.pretraining,
        pretrained_until=submission.pretrained_until,
        shared_people=shared_people(study, submission.model.team_id),
    )
    days = (datetime.fromisoformat(study.summary[name]).date() for name in ("measured_at", "readable_at"))
    measured_at, readable_at = days
    return judged(fixed, measured_at=measured_at, readable_at=readable_at)


def shared_people(study: SealedStudy, team: int) -> list[str]:
    """Who brought the study in, or moved it, and is in the team."""
    members = Membership.objects.filter(team=team, person__in=curators_of(study))
    return [f"person {pk}" for pk in members.order_by("person").values_list("person", flat=True)]
