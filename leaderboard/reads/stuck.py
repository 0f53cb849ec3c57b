"""The rows that wait for an operator, each with what is known of why: a few of each kind, the oldest first."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from django.db.models import Count, F, Model, Q, QuerySet
from django.db.models.functions import Now

from leaderboard.models import Attempt, Evaluation, Host, Run, Submission, Track, Upload
from leaderboard.models.entries import UploadState
from leaderboard.publishing import boards
from leaderboard.publishing.entrants import standing
from leaderboard.reads.operating import Condition, condition
from leaderboard.states import AttemptState, RunState, SubmissionState

T = TypeVar("T", bound=Model)
MOST = 20
"""Of a kind; its list has the rest."""
LONG = timedelta(hours=1)
"""An upload that nobody went on with for so long is named."""


@dataclass(frozen=True, slots=True)
class Aged(Generic[T]):
    """A row, and how long it has been as it is, by PostgreSQL's clock."""

    row: T
    age_s: float


@dataclass(frozen=True, slots=True)
class Parked:
    """A run that failed by our fault too often, with why each of its last attempts did."""

    run: Run
    attempts: Sequence[Attempt]


@dataclass(frozen=True, slots=True)
class HostLine:
    host: Host
    condition: Condition
    age_s: float | None
    n_open: int


@dataclass(frozen=True, slots=True)
class Behind:
    track: Track
    n_boards: int


def waiting() -> list[Aged[Submission]]:
    """For us."""
    rows = Submission.objects.filter(state=SubmissionState.WAITING).select_related("model__team", "track")
    return _oldest(rows, "state_since")


def parked() -> list[Parked]:
    rows = Run.objects.filter(state=RunState.PARKED).select_related("submission__model", "team").order_by("queued_at")
    runs = list(rows[:MOST])
    tried: dict[int, list[Attempt]] = defaultdict(list)
    given_up = Attempt.objects.filter(run__in=runs, state=AttemptState.GIVEN_UP).select_related("host")
    for attempt in given_up.order_by("-ended_at"):
        tried[attempt.run_id].append(attempt)
    return [Parked(run, tried[run.pk][: max(1, run.failures_of_ours)]) for run in runs]


def hosts() -> list[HostLine]:
    """All of them: those that are fit say that too."""
    is_open = Q(attempts__state=AttemptState.OPEN)
    rows = Host.objects.annotate(age=Now() - F("reported_at"), n_open=Count("attempts", filter=is_open))
    found = [
        HostLine(
            host,
            condition(is_draining=host.is_draining, unfit=host.unfit, age=host.age),
            None if host.age is None else host.age.total_seconds(),
            host.n_open,
        )
        for host in rows.order_by("name")
    ]
    return sorted(found, key=lambda line: line.condition is Condition.FIT)


def unscored() -> list[Aged[Evaluation]]:
    """What the scorer has not done, or is asked to do again."""
    first = Q(submission__state=SubmissionState.SCORING, finished_at=None)
    again = Q(scorecard__isnull=False) & ~Q(scorecard__rescore_why="")
    rows = Evaluation.objects.filter(first | again).select_related("submission__model", "track", "scorecard")
    return _oldest(rows, "submission__state_since")


def behind() -> list[Behind]:
    """Tracks with boards that are made of something else than what stands on them now."""
    found = []
    for track in Track.objects.filter(boards__isnull=False).select_related("release").distinct():
        if number := len(boards.stale(track, standing(track))):
            found.append(Behind(track, number))
    return found


def unfinished_uploads() -> list[Aged[Upload]]:
    rows = Upload.objects.filter(state=UploadState.OPEN, touched_at__lt=Now() - LONG).select_related("team")
    return _oldest(rows, "touched_at")


def _oldest(rows: QuerySet[T], since: str) -> list[Aged[T]]:
    found = rows.annotate(age=Now() - F(since)).order_by(since)[:MOST]
    return [Aged(row, row.age.total_seconds()) for row in found]  # type: ignore[attr-defined]
