"""The one way out. What the scorer writes for pages, API, certificates and webhooks is made by `released`, and read by
`shown` and `told`; nothing else of a score on a sealed study leaves.

While a study is live, that is the track's primary metric for each source, with its interval, rounded to its standard
error, and the rank made of them; or the rank alone. Everything else follows when it is frozen.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from evaluator.sandbox.told import FAILED_ON_SEALED, SCORED
from leaderboard.models import Evaluation, SealedScore, SealedStudy
from leaderboard.states import RunState, StudyState


class Field(StrEnum):
    RANK = "rank"
    ROUNDED = "rounded"  # each source's metric and interval, to its standard error
    EXACT = "exact"  # the same as they are, and their mean
    CARD = "card"  # strata, drugs, mechanisms, every other metric


WHILE_LIVE = frozenset({Field.RANK, Field.ROUNDED})
AFTERWARDS = frozenset({Field.RANK, Field.EXACT, Field.CARD})
LEAVES: Mapping[StudyState, frozenset[Field]] = {
    StudyState.DRAFT: frozenset(),
    StudyState.SEALED: WHILE_LIVE,  # of the dry run, for curators alone
    StudyState.LIVE: WHILE_LIVE,
    StudyState.FROZEN: AFTERWARDS,
    StudyState.RETIRED: AFTERWARDS,
    StudyState.RELEASED: AFTERWARDS,
}
CURATORS_ALONE = frozenset({StudyState.DRAFT, StudyState.SEALED})
UNDEFINED = {"undefined": "not defined on this study"}
"""The reason would tell of the answers: which it is follows when the study is frozen."""
NOT_AHEAD = "not better than the team's best by more than noise"
FINEST = Decimal("0.001")
NUMBERS = ("estimate", "low", "high")


def fields(state: StudyState, *, is_rank_only: bool) -> frozenset[Field]:
    leaves = LEAVES[state]
    return leaves - {Field.ROUNDED} if is_rank_only else leaves


def released(
    whole: Mapping[str, Any],
    *,
    state: StudyState,
    is_rank_only: bool,
    is_standing: bool,
    rank: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What may be told of measuring's JSON in this state; a score that the ladder passed over has no number yet."""
    leaves = fields(state, is_rank_only=is_rank_only)
    out: dict[str, Any] = {"metric": whole["metric"], "higher_is_better": whole["higher_is_better"]} if leaves else {}
    if not is_standing and Field.EXACT not in leaves:
        return out | ({"ladder": NOT_AHEAD} if leaves else {})
    if Field.RANK in leaves:
        out["rank"] = None if rank is None else dict(rank)
    if Field.ROUNDED in leaves:
        out["sources"] = {source: rounded(interval) for source, interval in whole["sources"].items()}
    if Field.EXACT in leaves:
        out |= {"sources": dict(whole["sources"]), "mean": whole["mean"]}
    if Field.CARD in leaves:
        out["card"] = whole["card"]
    return out


def rounded(interval: Mapping[str, Any]) -> dict[str, Any]:
    """To multiples of the next of 1, 2, 5, 10 … that its standard error does not exceed, in thousandths at the finest.
    Finer ones would tell single answers to whoever changes one prediction at a time. Without an error, no number."""
    error = interval["standard_error"]
    if any(not isinstance(interval[name], float) for name in NUMBERS) or not isinstance(error, float):
        return dict.fromkeys(NUMBERS, UNDEFINED) | {"too_narrow": interval["too_narrow"]}
    step = _step(max(Decimal(error), FINEST))
    return {name: float(round(Decimal(interval[name]) / step) * step) for name in NUMBERS} | {
        "too_narrow": interval["too_narrow"]
    }


def _step(least: Decimal) -> Decimal:
    power = Decimal(1).scaleb(least.adjusted())
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least)


def next_release(after: datetime) -> datetime:
    """The first fixed time after a moment: hours counted from midnight UTC. With none set, that moment itself."""
    every = timedelta(hours=settings.SEALED_RELEASE_EVERY_H)
    if not every:
        return after
    midnight = datetime(after.year, after.month, after.day, tzinfo=UTC)
    return midnight + ((after - midnight) // every + 1) * every


def shown(study: SealedStudy, *, curator: bool) -> QuerySet[SealedScore]:
    """The scores whose time of release has come. Those of a dry run are for curators alone."""
    scores = SealedScore.objects.filter(study=study, shown_from__lte=timezone.now())
    if StudyState(study.state) in CURATORS_ALONE and not curator:
        scores = scores.none()
    return scores.select_related("evaluation__submission__model__team").order_by("evaluation")


def told(evaluation: Evaluation) -> str:
    """All that its team learns of a look besides a score: one word at a fixed time; empty before it."""
    now = timezone.now()
    if SealedScore.objects.filter(evaluation=evaluation, shown_from__lte=now).exists():
        return SCORED
    failures = evaluation.runs.filter(state=RunState.FAILED).order_by("ended_at")
    failed = failures.values_list("ended_at", flat=True).first()
    return FAILED_ON_SEALED if failed is not None and next_release(failed) <= now else ""
