"""Where a submission stands: its steps, its runs and their stages, in a number of queries that no run adds to."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from evaluator.agent.messages import StageKind
from evaluator.sandbox.outcomes import Fault, Outcome
from leaderboard.models import Stage, Submission
from leaderboard.states import AttemptState, Purpose, RunState, StageState, SubmissionState
from leaderboard.vocabulary import arm_words

S = SubmissionState
PATH = (S.RECEIVED, S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING, S.SCORING, S.PUBLISHED)


class Standing(StrEnum):
    DONE = "done"
    NOW = "now"
    HELD = "waits for us"
    STOPPED = "stopped here"
    AHEAD = "ahead"


_HERE = {
    S.PUBLISHED: Standing.DONE,
    S.WAITING: Standing.HELD,
    **dict.fromkeys((S.REJECTED, S.FAILED, S.WITHDRAWN), Standing.STOPPED),
}


@dataclass(frozen=True, slots=True)
class Step:
    state: SubmissionState
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLine:
    """`outcome` is None until the stage has ended. A wall time or peak that is not known is None."""

    key: str
    kind: StageKind
    target: str
    state: StageState
    phase: str
    wanted_at: datetime | None
    outcome: Outcome | None
    wall_s: float | None
    memory_mb: float | None
    reason: str

    @property
    def name(self) -> str:
        return f"{self.kind} {self.target}".strip()

    @property
    def is_theirs(self) -> bool:
        return self.outcome is not None and self.outcome.fault is Fault.THEIRS


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLine:
    """The stages are those of the latest attempt; `n_lost` attempts before it were lost by our fault."""

    id: int
    purpose: Purpose
    state: RunState
    source: str
    split: int
    arm: str
    n_stages: int
    n_lost: int
    stages: tuple[StageLine, ...]

    @property
    def name(self) -> str:
        if self.purpose is Purpose.CHECK:
            return "image"
        return f"{self.source}, split {self.split}, {arm_words(self.arm)}"

    @property
    def n_done(self) -> int:
        return sum(stage.outcome is Outcome.FINISHED for stage in self.stages)

    @property
    def wall_s(self) -> float:
        return sum(stage.wall_s or 0.0 for stage in self.stages)

    @property
    def memory_mb(self) -> float | None:
        return max((stage.memory_mb for stage in self.stages if stage.memory_mb is not None), default=None)


def runs_of(submission: Submission) -> tuple[RunLine, ...]:
    """Every run with the stages of its latest attempt, check and smoke first: two queries. Nothing of those on sealed
    data: `leaderboard.sealed.release` says what is told of them."""
    attempts: dict[int, dict[Any, list[StageLine]]] = defaultdict(dict)
    lost: dict[int, set[Any]] = defaultdict(set)
    for row in _stage_rows(submission):
        run, attempt = row.pop("attempt__run_id"), row.pop("attempt_id")
        if row.pop("attempt__state") == AttemptState.GIVEN_UP:
            lost[run].add(attempt)
        attempts[run].setdefault(attempt, []).append(_stage_line(row))
    rows = (
        submission.runs.exclude(purpose=Purpose.SEALED)
        .order_by("id")
        .values_list("id", "purpose", "state", "spec__source", "spec__split", "spec__arm", "spec__targets")
    )
    return tuple(
        RunLine(
            id=pk,
            purpose=Purpose(purpose),
            state=RunState(state),
            source=source,
            split=split,
            arm=arm,
            n_stages=1 if purpose == Purpose.CHECK else 1 + len(targets),
            n_lost=len(lost[pk]),
            stages=tuple(list(attempts[pk].values())[-1]) if attempts[pk] else (),
        )
        for pk, purpose, state, source, split, arm, targets in rows
    )


def _stage_rows(submission: Submission) -> list[dict[str, Any]]:
    """Without their logs, which are most of a row."""
    return [
        dict(row)
        for row in Stage.objects.filter(attempt__run__submission=submission)
        .exclude(attempt__run__purpose=Purpose.SEALED)
        .order_by("attempt__started_at", "attempt_id", "id")
        .values(
            "attempt__run_id",
            "attempt_id",
            "attempt__state",
            "key",
            "kind",
            "target",
            "state",
            "phase",
            "wanted_at",
            "outcome",
            "wall_s",
            "memory_mb",
            "reason",
        )
    ]


def _stage_line(row: dict[str, Any]) -> StageLine:
    outcome = None if row["outcome"] is None else Outcome(row["outcome"])
    typed = {"kind": StageKind(row["kind"]), "state": StageState(row["state"]), "outcome": outcome}
    return StageLine(**{**row, **typed, "reason": row["reason"] or ""})


def steps(submission: Submission, runs: Sequence[RunLine]) -> tuple[Step, ...]:
    """The whole path, with what is behind it, where it is or where it ended, and what lies ahead."""
    state = SubmissionState(submission.state)
    here = reached(submission, runs)
    at = PATH.index(here)
    standing = _HERE.get(state, Standing.NOW)
    return tuple(
        Step(one, Standing.DONE if index < at else Standing.AHEAD if index > at else standing)
        for index, one in enumerate(PATH)
    )


def reached(submission: Submission, runs: Sequence[RunLine]) -> SubmissionState:
    """How far along the path it is, or was when it left it."""
    if (state := SubmissionState(submission.state)) in PATH:
        return state
    if submission.published_at:
        return S.PUBLISHED
    track = [run for run in runs if run.purpose is Purpose.TRACK]
    if track:
        if all(run.state is RunState.DONE for run in track):
            return S.SCORING
        return S.RUNNING if any(run.stages for run in track) else S.QUEUED
    purposes = {run.purpose for run in runs}
    return S.SMOKE if Purpose.SMOKE in purposes else S.CHECKING if Purpose.CHECK in purposes else S.RECEIVED


@dataclass(frozen=True, slots=True)
class Done:
    """Stages done of all that a submission to its track goes through."""

    done: int
    total: int


def done(submission: Submission, runs: Sequence[RunLine]) -> Done:
    """What has no runs yet is counted from the track's definition."""
    definition = submission.track.definition
    n_runs = math.prod(len(definition[name]) for name in ("sources", "splits", "arms"))
    n_a_run = 1 + len(definition["targets"])
    expected = {Purpose.CHECK: 1, Purpose.SMOKE: n_a_run, Purpose.TRACK: n_runs * n_a_run}
    for run in runs:
        expected[run.purpose] = 0
    return Done(sum(run.n_done for run in runs), sum(expected.values()) + sum(run.n_stages for run in runs))


def failed_stage(runs: Sequence[RunLine]) -> tuple[RunLine, StageLine] | None:
    """The first that failed by its own fault."""
    return next(((run, stage) for run in runs for stage in run.stages if stage.is_theirs), None)


def logs(*, run_id: int, key: str | None = None) -> dict[str, dict[str, str]]:
    """Head and tail of each ended stage of a run, or of one of them, by the stage's key: what the container said."""
    stages = Stage.objects.filter(attempt__run_id=run_id, ending__isnull=False)
    return dict((stages.filter(key=key) if key else stages).values_list("key", "ending__log"))
