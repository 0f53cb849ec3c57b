"""How the board itself stands: hosts, queue, scoring, boards.

For everybody, so nobody's names are in it, and no run on a sealed study is counted: a team that watched these numbers
would learn how long its container took over hidden data, which is a way for it to tell what it saw there.
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db.models import Avg, Count, F, Min, Q
from django.db.models.functions import Now
from django.utils import timezone

from leaderboard.models import Attempt, Board, Host, Run, Submission
from leaderboard.states import ACTIVE, AttemptState, Purpose, RunState, SubmissionState

S = SubmissionState
LATELY = 100
"""Submissions and runs that waits and durations are taken from."""
SELF_TEST = "the sandbox's self test"
UNDER_WAY = f"{SELF_TEST} is under way"

ON_HOSTS = (S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING)
WHY = {
    S.RECEIVED: "They are looked at within seconds.",
    S.CHECKING: "Their images are fetched and looked into.",
    S.SMOKE: "They are trained and asked once, on the small release.",
    S.QUEUED: "They begin as soon as a host has the room that their track asks for.",
    S.RUNNING: "They run; each stage ends at the latest with its track's limit.",
    S.SCORING: "All has run; scores are computed one submission after another.",
    S.WAITING: "Something of ours has to be looked at by an operator. They keep their place and lose nothing.",
}


class HostStanding(StrEnum):
    TAKES_WORK = "takes work"
    DRAINING = "draining"
    TESTING = "tests itself"
    UNFIT = "takes no work"
    SILENT = "silent"
    NEVER_HEARD = "never heard of"


class SelfTest(StrEnum):
    """What the last report of a host says; a host that passed says nothing of it."""

    PASSED = "passed"
    UNDER_WAY = "under way"
    NOT_PASSED = "not passed"
    NONE = "runs only our own models"
    UNKNOWN = "not known"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostLine:
    """For operators alone are `reason`, the host's own sentence, which can name what does not hold there, and its disk,
    which fills with what a container writes over hidden data too."""

    name: str
    standing: HostStanding
    self_test: SelfTest
    reason: str
    heard_s: float | None
    slots: int
    taken: int
    cpus: float
    memory_mb: int
    gpus: int
    free_disk_mb: int

    @property
    def takes_work(self) -> bool:
        return self.standing is HostStanding.TAKES_WORK


@dataclass(frozen=True, slots=True)
class StateLine:
    """`why` says in a sentence what those in this state wait for."""

    state: SubmissionState
    n: int
    oldest_s: float
    why: str


@dataclass(frozen=True, slots=True)
class Waits:
    """Of the submissions sent last. None where there were too few."""

    n: int
    begin_s: float | None
    longest_begin_s: float | None


@dataclass(frozen=True, slots=True)
class BoardsLine:
    title: str
    slug: str
    n: int
    behind: int
    computed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    at: datetime
    hosts: tuple[HostLine, ...]
    states: tuple[StateLine, ...]
    runs_queued: int
    runs_running: int
    runs_parked: int
    ahead_s: float | None
    """How long the hosts have work for, by what runs took lately; None where that is not known."""
    waits: Waits
    boards: tuple[BoardsLine, ...]


def standing() -> Standing:
    hosts = host_lines()
    runs = dict(
        Run.objects.exclude(purpose=Purpose.SEALED)
        .filter(state__in=(RunState.QUEUED, RunState.RUNNING, RunState.PARKED))
        .values_list("state")
        .annotate(n=Count("id"))
    )
    queued, running, parked = (runs.get(state, 0) for state in (RunState.QUEUED, RunState.RUNNING, RunState.PARKED))
    return Standing(
        at=timezone.now(),
        hosts=hosts,
        states=_states(hosts),
        runs_queued=queued,
        runs_running=running,
        runs_parked=parked,
        ahead_s=_ahead_s(hosts, queued + running),
        waits=_waits(),
        boards=_boards(),
    )


def host_lines() -> tuple[HostLine, ...]:
    told = Q(attempts__state=AttemptState.OPEN) & ~Q(attempts__run__purpose=Purpose.SEALED)
    rows = Host.objects.annotate(age=Now() - F("reported_at"), taken=Count("attempts", told))
    return tuple(_host_line(host) for host in rows.order_by("name"))


def _host_line(host: Host) -> HostLine:
    age: timedelta | None = host.age  # type: ignore[attr-defined]
    room = host.capacity
    return HostLine(
        name=host.name,
        standing=_host_standing(host, age),
        self_test=_self_test(host),
        reason=host.unfit,
        heard_s=None if age is None else age.total_seconds(),
        slots=room.get("slots", 0),
        taken=host.taken,  # type: ignore[attr-defined]
        cpus=room.get("cpus", 0.0),
        memory_mb=room.get("memory_mb", 0),
        gpus=room.get("gpus", 0),
        free_disk_mb=host.free_disk_mb,
    )


def _host_standing(host: Host, age: timedelta | None) -> HostStanding:
    if age is None:
        return HostStanding.NEVER_HEARD
    if age.total_seconds() > settings.LEASE_S:
        return HostStanding.SILENT
    if host.is_draining:
        return HostStanding.DRAINING
    if host.unfit:
        return HostStanding.TESTING if host.unfit.startswith(UNDER_WAY) else HostStanding.UNFIT
    return HostStanding.TAKES_WORK


def _self_test(host: Host) -> SelfTest:
    if host.reported_at is None:
        return SelfTest.UNKNOWN
    if host.unfit.startswith(UNDER_WAY):
        return SelfTest.UNDER_WAY
    if host.unfit.startswith(SELF_TEST):
        return SelfTest.NOT_PASSED
    return SelfTest.NONE if host.record.get("sandbox") == "process" else SelfTest.PASSED


def _states(hosts: Sequence[HostLine]) -> tuple[StateLine, ...]:
    now = timezone.now()
    rows = {
        state: (n, max(0.0, (now - oldest).total_seconds()))
        for state, n, oldest in Submission.objects.filter(state__in=ACTIVE)
        .values_list("state")
        .annotate(n=Count("id"), oldest=Min("state_since"))
    }
    return tuple(
        StateLine(state, *rows[state], _why(state, rows[state][1], hosts)) for state in SubmissionState if state in rows
    )


def _why(state: SubmissionState, oldest_s: float, hosts: Sequence[HostLine]) -> str:
    working = [host for host in hosts if host.takes_work]
    if state is S.RECEIVED and oldest_s > settings.LEASE_S:
        return "The site's own worker does not come to them: it is down, or far behind."
    if state in ON_HOSTS and not working:
        return "No host takes work now; they go on when one does."
    if state is S.QUEUED and sum(host.taken for host in working) >= sum(host.slots for host in working):
        return "All places on hosts are taken; teams take turns."
    return WHY[state]


def _ahead_s(hosts: Sequence[HostLine], n_runs: int) -> float | None:
    slots = sum(host.slots for host in hosts if host.takes_work)
    if not n_runs:
        return 0.0
    last = Run.objects.filter(state=RunState.DONE, purpose=Purpose.TRACK).order_by("-id").values("pk")[:LATELY]
    took: timedelta | None = Attempt.objects.filter(run__in=last, state=AttemptState.DONE).aggregate(
        mean=Avg(F("ended_at") - F("started_at"))
    )["mean"]
    return took.total_seconds() * n_runs / slots if took is not None and slots else None


def _waits() -> Waits:
    """From being sent until its track's first run began."""
    last = Submission.objects.order_by("-created_at").values("pk")[:LATELY]
    begun = (
        Attempt.objects.filter(run__submission__in=last, run__purpose=Purpose.TRACK)
        .values_list("run__submission", "run__submission__created_at")
        .annotate(first=Min("started_at"))
    )
    waits = [max(0.0, (first - created).total_seconds()) for _, created, first in begun]
    return Waits(len(waits), statistics.median(waits) if waits else None, max(waits, default=None))


def _boards() -> tuple[BoardsLine, ...]:
    """Those that are made of other rows than the one that was written last are behind it."""
    tracks: dict[tuple[str, str], list[tuple[datetime, str]]] = {}
    rows = Board.objects.values_list("track__title", "track__slug", "computed_at", "made_of")
    for title, slug, computed_at, made_of in rows.order_by("track__title", "track_id"):
        tracks.setdefault((title, slug), []).append((computed_at, made_of))
    lines = []
    for (title, slug), boards in tracks.items():
        computed_at, newest = max(boards)
        behind = sum(made_of != newest for _, made_of in boards)
        lines.append(BoardsLine(title, slug, len(boards), behind, computed_at))
    return tuple(lines)
