"""When a submission may begin and end, its place in the queue, and what it costs: from what stages took until now."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from evaluator.agent.messages import StageKind
from evaluator.engine.evaluation import typed_track
from evaluator.engine.track import Track as EngineTrack
from evaluator.sandbox.outcomes import Outcome
from leaderboard.hosting.refunds import cpu_s
from leaderboard.models import Host, Refund, Run, Stage, Submission, Track
from leaderboard.states import AttemptState, Purpose, RunState, SubmissionState

S = SubmissionState
WAITS = (S.RECEIVED, S.CHECKING, S.SMOKE, S.QUEUED)
FEWEST, MOST = 3, 400
"""Stages of a kind that durations are taken from."""
Z90 = 1.645
UNFINISHED = (RunState.QUEUED, RunState.RUNNING, RunState.PARKED)
WALL_S = F("wall_s")
CPU_S = cpu_s()


@dataclass(frozen=True, slots=True)
class Estimate:
    """With the interval that it lies in nine times of ten, if things go on as they went."""

    expected: datetime
    earliest: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Cost:
    """So far, without what was refunded; `expected_cpu_s` is of the whole path, None while nothing is known."""

    cpu_s: float
    wall_s: float
    refunded_cpu_s: float
    expected_cpu_s: float | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """`place` is 1 for who comes next, None when nothing of it waits. No estimate is made from nothing."""

    place: int | None
    start: Estimate | None
    end: Estimate | None
    cost: Cost


@dataclass(frozen=True, slots=True)
class Seconds:
    """A sum of durations that lie ahead, with its standard deviation."""

    mean: float = 0.0
    deviation: float = 0.0

    def __add__(self, other: "Seconds") -> "Seconds":
        return Seconds(self.mean + other.mean, math.hypot(self.deviation, other.deviation))

    def over(self, lanes: float) -> "Seconds":
        return Seconds(self.mean / lanes, self.deviation / lanes)

    def after(self, now: datetime) -> Estimate:
        def at(seconds: float) -> datetime:
            return now + timedelta(seconds=max(0.0, seconds))

        spread = Z90 * self.deviation
        return Estimate(at(self.mean), at(self.mean - spread), at(self.mean + spread))


def summed(observed: Sequence[float], n: int) -> Seconds:
    """Of n more like those observed: they scatter, and their mean is known only so well."""
    deviation = statistics.stdev(observed)
    return Seconds(n * statistics.fmean(observed), deviation * math.sqrt(n + n * n / len(observed)))


@dataclass(frozen=True, slots=True)
class Durations:
    train: Sequence[float]
    infer: Sequence[float]

    def of(self, runs: int, targets: int) -> Seconds:
        return summed(self.train, runs) + summed(self.infer, runs * targets)


def forecast(submission: Submission) -> Forecast:
    track = typed_track(submission.track.definition)
    total = len(track.sources) * len(track.splits) * len(track.arms)
    walls = _durations(submission, WALL_S)
    start = end = None
    if walls is not None and submission.state in (*WAITS, S.RUNNING):
        start, end = _times(submission, track, total, walls)
    return Forecast(_place(submission), start, end, _cost(submission, track, total))


def _times(
    submission: Submission, track: EngineTrack, total: int, walls: Durations
) -> tuple[Estimate | None, Estimate | None]:
    """Teams share what there is: one team's runs wait for its own earlier submissions, and for their turn."""
    lanes, now = _lanes(track), timezone.now()
    if not lanes:
        return None, None
    active = Submission.objects.filter(state__in=(*WAITS, S.RUNNING))
    team = submission.model.team_id
    teams = active.exclude(model__team=team).values("model__team").distinct().count() + 1
    before = active.filter(model__team=team, created_at__lt=submission.created_at)
    earlier = list(before.values_list("pk", flat=True))
    left = _left([submission.pk, *earlier])
    n_targets = len(track.targets)
    ahead = sum((walls.of(left.get(pk, total), n_targets) for pk in earlier), Seconds())
    share = max(lanes / teams, 1e-9)
    turn = summed(walls.train, 1).over(lanes)
    begins = ahead.over(share) + turn
    runs = left.get(submission.pk, total)
    own = walls.of(runs, n_targets).over(min(share, max(1, runs)))
    if submission.state == S.RUNNING:
        return None, own.after(now)
    return begins.after(now), (begins + own).after(now)


def _place(submission: Submission) -> int | None:
    """Teams take turns: first everybody's oldest, then everybody's second."""
    if submission.state not in WAITS:
        return None
    waiting = Submission.objects.filter(state__in=WAITS).order_by("created_at", "pk").values_list("pk", "model__team")
    turns: dict[int, int] = {}
    order = []
    for number, (pk, team) in enumerate(waiting):
        turns[team] = turns.get(team, 0) + 1
        order.append((turns[team], number, pk))
    return next((place for place, (*_, pk) in enumerate(sorted(order), 1) if pk == submission.pk), None)


def _left(submissions: Sequence[UUID]) -> dict[UUID, int]:
    """Runs of the track that have not ended, of the submissions that have any."""
    rows = Run.objects.filter(submission__in=submissions, purpose=Purpose.TRACK).values_list("submission")
    return dict(rows.annotate(n=Count("id", filter=Q(state__in=UNFINISHED))))


def _lanes(track: EngineTrack) -> int:
    """How many trainings of this track run side by side on the hosts that take work now."""
    lease = timedelta(seconds=settings.LEASE_S)
    alive = Host.objects.filter(is_draining=False, unfit="", reported_at__gt=Now() - lease)
    needs = track.train
    return sum(
        min(room["slots"], int(room["cpus"] / needs.cpus), room["memory_mb"] // needs.memory_mb)
        for room in alive.values_list("capacity", flat=True)
        if room
    )


def _durations(submission: Submission, measure: Coalesce | F) -> Durations | None:
    """Of its own stages once there are some of each kind, else of all that went through the same track."""
    own = _finished().filter(attempt__run__submission=submission)
    alike = _finished().filter(attempt__run__submission__track=submission.track_id)
    return _observed(own, measure) or _observed(alike, measure)


def _finished() -> QuerySet[Stage]:
    return Stage.objects.filter(attempt__run__purpose=Purpose.TRACK, outcome=Outcome.FINISHED)


def _observed(stages: QuerySet[Stage], measure: Coalesce | F) -> Durations | None:
    seconds = {
        kind: list(stages.filter(kind=kind).order_by("-id").values_list(measure, flat=True)[:MOST])
        for kind in (StageKind.TRAIN, StageKind.INFER)
    }
    if min(map(len, seconds.values())) < FEWEST:
        return None
    return Durations(seconds[StageKind.TRAIN], seconds[StageKind.INFER])


def spent(track: Track, *, runs: int, infers: int) -> tuple[float, float] | None:
    """Processor and wall seconds that so many trainings and predictions on a track may take, if any are known."""
    alike = _finished().filter(attempt__run__submission__track=track)
    cpus, walls = _observed(alike, CPU_S), _observed(alike, WALL_S)
    if cpus is None or walls is None:
        return None
    cpu_s, wall_s = (summed(one.train, runs) + summed(one.infer, infers) for one in (cpus, walls))
    return cpu_s.mean, wall_s.mean


def _cost(submission: Submission, track: EngineTrack, total: int) -> Cost:
    # Not what it is asked about sealed data afterwards: the site asks for that, and its cost would tell of the data.
    stages = Stage.objects.filter(attempt__run__submission=submission).exclude(attempt__run__purpose=Purpose.SEALED)
    used = stages.aggregate(cpu=Sum(CPU_S), wall=Sum(WALL_S, filter=~Q(attempt__state=AttemptState.GIVEN_UP)))
    refunds = Refund.objects.filter(attempt__in=stages.values("attempt"))
    refunded = refunds.aggregate(cpu_s=Sum("cpu_s"))["cpu_s"] or 0.0
    cpus = _durations(submission, CPU_S)
    expected = None if cpus is None else cpus.of(total, len(track.targets)).mean
    return Cost((used["cpu"] or 0.0) - refunded, used["wall"] or 0.0, refunded, expected)
