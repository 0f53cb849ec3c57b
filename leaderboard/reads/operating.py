"""What operators look at: how much is in which state and for how long, and the rows that need somebody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Count, F, Min
from django.db.models.functions import Now

from evaluator.sandbox.outcomes import Outcome
from leaderboard.hosting.moves import LONGEST_S
from leaderboard.models import Evaluation, Host, Run, Stage, Submission, Upload
from leaderboard.models.entries import UploadState
from leaderboard.states import RunState, StageState, SubmissionState

HOUR = timedelta(hours=1)
UNFINISHED = (RunState.QUEUED, RunState.RUNNING, RunState.PARKED)


class Condition(StrEnum):
    FIT = "fit"
    UNFIT = "unfit"  # it says so itself
    SILENT = "silent"  # its lease is over, or it never reported
    DRAINING = "draining"


@dataclass(frozen=True, slots=True)
class InState:
    """`longest_s` is the age after which an operator is told; None for a state that is an end."""

    state: str
    count: int
    oldest_s: float
    longest_s: float | None

    @property
    def is_late(self) -> bool:
        return self.longest_s is not None and self.oldest_s > self.longest_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    submissions: tuple[InState, ...]
    runs: Mapping[str, int]
    waited_s: float
    hosts: Mapping[str, int]
    stages: Mapping[tuple[str, str], int]
    scoring: int
    uploads: int


def figures() -> Figures:
    """Seven queries, however many rows there are."""
    runs = {str(state): 0 for state in UNFINISHED}
    waited_s = 0.0
    rows = Run.objects.filter(state__in=UNFINISHED).values_list("state")
    for state, number, age in rows.annotate(n=Count("pk"), age=Now() - Min("queued_at")):
        runs[state] = number
        if state == RunState.QUEUED:
            waited_s = age.total_seconds()
    return Figures(
        submissions=in_states(),
        runs=runs,
        waited_s=waited_s,
        hosts=conditions(),
        stages=_ended_lately(),
        scoring=scoring_backlog(),
        uploads=Upload.objects.filter(state=UploadState.OPEN).count(),
    )


def in_states() -> tuple[InState, ...]:
    """Every state, also those that nothing is in."""
    rows = Submission.objects.values_list("state").annotate(n=Count("pk"), age=Now() - Min("state_since"))
    found = {state: (number, age.total_seconds()) for state, number, age in rows}
    return tuple(InState(str(state), *found.get(state, (0, 0.0)), LONGEST_S.get(state)) for state in SubmissionState)


def scoring_backlog() -> int:
    return Evaluation.objects.filter(submission__state=SubmissionState.SCORING, finished_at=None).count()


def conditions() -> dict[str, int]:
    found = {str(one): 0 for one in Condition}
    rows = Host.objects.annotate(age=Now() - F("reported_at")).values_list("is_draining", "unfit", "age")
    for draining, unfit, age in rows:
        found[condition(is_draining=draining, unfit=unfit, age=age)] += 1
    return found


def condition(*, is_draining: bool, unfit: str, age: timedelta | None) -> Condition:
    """Silence before all else: what a host last said of itself is old then."""
    if age is None or age.total_seconds() > settings.LEASE_S:
        return Condition.SILENT
    if unfit:
        return Condition.UNFIT
    return Condition.DRAINING if is_draining else Condition.FIT


def _ended_lately() -> dict[tuple[str, str], int]:
    lately = Stage.objects.filter(state=StageState.ENDED, ended_at__gt=Now() - HOUR)
    counted = dict(lately.values_list("outcome").annotate(n=Count("pk")))
    return {(str(one), str(one.fault)): counted.get(str(one), 0) for one in Outcome}
