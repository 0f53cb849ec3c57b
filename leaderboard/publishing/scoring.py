"""Scores an evaluation whose runs are all done, and publishes it. May be repeated, and done twice at once."""

from dataclasses import asdict, dataclass

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from evaluator.agent.uploads import Storage, Store
from evaluator.scorecard.card import Card, score_card
from evaluator.scorecard.plain import plain_card
from evaluator.scorecard.uncertain import Drawn
from evaluator.scoring.metrics import Metric
from leaderboard.models import Evaluation, Scorecard, Submission
from leaderboard.publishing.baselines import baselines
from leaderboard.publishing.boards import lock, refresh_soon, write_default
from leaderboard.publishing.cards import brief, keep_drug_list, keep_parts, keep_whole
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.measures import Measured, keep_every_entry, measured
from leaderboard.publishing.predictions import Predictions
from leaderboard.publishing.stored_draws import keep_draws
from leaderboard.reads.sheets import record_of
from leaderboard.states import SubmissionState


@dataclass(frozen=True, slots=True)
class Scored:
    card: Card
    measured: Measured


def score(evaluation_id: int) -> None:
    """SCORING → PUBLISHED, and the default board with it; nothing for one that is in another state, or gone."""
    waiting = Evaluation.objects.filter(pk=evaluation_id, submission__state=SubmissionState.SCORING)
    evaluation = waiting.select_related("submission", "track__release").first()
    if evaluation is None:
        return
    storage = Storage(settings.STORAGE)
    plan = Plan(evaluation.track)
    if not Scorecard.objects.filter(evaluation=evaluation).exists():
        keep(evaluation, scored(evaluation, plan, storage), storage)
        keep_drug_list(evaluation.track.release, plan.design.release)
    baselines(plan, storage)  # computed before the lock, where they are not there yet
    publish(evaluation)


def scored(evaluation: Evaluation, plan: Plan, storage: Store) -> Scored:
    predictions = Predictions.of(evaluation, plan.design, storage)
    predictions.require(plan.arms)
    kept: list[Drawn] = []
    card = score_card(
        plan.design,
        predictions,
        arms=plan.arms,
        metrics=tuple(Metric),
        seed=plan.seed,
        replicates=plan.replicates,
        keep=kept.append,
    )
    return Scored(card, measured(kept[0], plan.views, card, gap_metric=plan.metric))


def keep(evaluation: Evaluation, found: Scored, storage: Store) -> None:
    """The files before the row that they belong to. Whoever comes second writes the same."""
    path = f"scores/{evaluation.pk}/draws.npy"
    keep_draws(storage, path, found.measured.draws)
    keep_every_entry(storage, path, found.measured)
    card = plain_card(found.card)
    keep_whole(storage, evaluation.pk, card)
    values = {"card": brief(card), "summary": found.measured.summary.to_json(), "draws": path}
    with transaction.atomic():
        first = values | {"record": asdict(record_of(evaluation.pk))}
        row, _ = Scorecard.objects.update_or_create(evaluation=evaluation, defaults=values, create_defaults=first)
        keep_parts(row, card)


def publish(evaluation: Evaluation) -> None:
    """State and default board in one transaction: a published score is never without its place.

    The other boards of its track follow with `boards.refresh`, which is asked for as soon as this is committed.
    """
    with transaction.atomic():
        track = lock(evaluation.track)
        moved = Submission.objects.filter(pk=evaluation.submission_id, state=SubmissionState.SCORING).update(
            state=SubmissionState.PUBLISHED, state_since=Now(), published_at=Now()
        )
        if moved:
            Evaluation.objects.filter(pk=evaluation.pk, finished_at=None).update(finished_at=Now())
            write_default(track)
            refresh_soon()
