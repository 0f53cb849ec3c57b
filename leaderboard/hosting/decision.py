"""What the site wants on a host, and what follows from what the host says: one pure function of rows and a report.

A stage's report counts only with its attempt's token, from the host that holds the attempt, while that is open. What is
wanted and not on the host is ordered again under the same key: starting twice is starting once.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

from evaluator.agent.messages import Order, Phase, Report, StageKind, StageReport
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.stages import Ending
from leaderboard.hosting.view import (
    AttemptEnd,
    Changes,
    HeldAttempt,
    HeldStage,
    HostView,
    NewStage,
    Opened,
    QueuedRun,
    Room,
    StageEnd,
    envelope,
    room_of,
)
from leaderboard.states import AttemptState, Purpose, RunState

MOST_FAILURES_OF_OURS = 3
MOST_NEW = 20
"""Attempts that begin with one report; a large host fills within a few of them."""
LEAST_DISK_MB = 2048
PUT_BACK = "the host was stopped by its operator"
SLACK_S = 3600.0
"""For fetching an image, staging and delivering, beside a stage's own wall time."""


@dataclass(frozen=True, slots=True)
class Decision:
    changes: Changes
    orders: tuple[Order, ...]


def decide(host: HostView, report: Report) -> Decision:
    """Everything that changes by this report, and the complete list of what is wanted on the host from now on."""
    said = {stage.key: stage for stage in report.stages}
    judged = [_judge(attempt, said, host.id) for attempt in host.held]
    going = [one for one in judged if one.end is None]
    full = Room.of(report.capacity)
    room = full
    for one in going:
        room = room.less(one.room)
    placed, room = _place_waiting(going, room)
    opened = list(_open(host, report, room, full)) if takes_work(host, report) else []
    first = [_first_stage(run) for run in opened]
    changes = Changes(
        stage_ends=tuple(chain.from_iterable(one.ended for one in judged)),
        phases=tuple(chain.from_iterable(one.phases for one in judged)),
        wanted=tuple(key for one in going for key in placed[one.attempt.id] if key not in one.fresh),
        new_stages=(
            *(replace(s, is_wanted=s.key in placed[s.attempt]) for one in going for s in one.fresh.values()),
            *first,
        ),
        attempt_ends=tuple(one.end for one in judged if one.end is not None),
        opened=tuple(Opened(run.attempt, run.id, run.token) for run in opened),
    )
    orders = [_order(one.attempt, stage) for one in going for stage in one.wanted(placed[one.attempt.id])]
    orders += [_order(_as_held(run), stage) for run, stage in zip(opened, first, strict=True)]
    return Decision(changes, tuple(orders))


def give_up(attempt: HeldAttempt, host: int, reason: str) -> AttemptEnd:
    """By our fault. The third such failure, or one on a second host, parks the run for the operator."""
    failures = attempt.failures_of_ours + 1
    parked = failures >= MOST_FAILURES_OF_OURS or bool(attempt.failed_on - {host})
    run_state = RunState.PARKED if parked else RunState.QUEUED
    return _end(attempt, AttemptState.GIVEN_UP, run_state, failures=failures, reason=reason)


def put_back(attempt: HeldAttempt) -> AttemptEnd:
    """To the queue, and it counts as no failure: an operator stopped the host."""
    return _end(attempt, AttemptState.GIVEN_UP, RunState.QUEUED, reason=PUT_BACK)


def takes_work(host: HostView, report: Report) -> bool:
    return not (host.is_draining or report.unfit or report.free_disk_mb < LEAST_DISK_MB)


# What became of the attempts that are open here.


@dataclass(frozen=True, slots=True)
class _Judged:
    """An attempt after this report: ended, or with the stages that are left of it."""

    attempt: HeldAttempt
    ended: tuple[StageEnd, ...]
    phases: tuple[tuple[str, Phase], ...]
    end: AttemptEnd | None
    left: tuple[HeldStage, ...]
    fresh: Mapping[str, NewStage]  # by key: stages that follow from a finished training

    @property
    def waiting(self) -> tuple[HeldStage | NewStage, ...]:
        return (*(stage for stage in self.left if stage.wanted_s is None), *self.fresh.values())

    @property
    def room(self) -> Room:
        """One stage is in the envelope; each further one takes its own."""
        room = envelope(self.attempt.purpose, self.attempt.spec)
        more = sum(stage.wanted_s is not None for stage in self.left) - 1
        one = room_of(self.attempt.spec.infer)
        if more < 1:
            return room
        return Room(
            room.cpus + more * one.cpus,
            room.memory_mb + more * one.memory_mb,
            room.gpus + more * one.gpus,
            room.slots + more,
        )

    def wanted(self, placed: set[str]) -> Iterator[HeldStage | NewStage]:
        yield from (stage for stage in self.left if stage.wanted_s is not None or stage.key in placed)
        yield from (stage for stage in self.fresh.values() if stage.key in placed)


def _judge(attempt: HeldAttempt, said: Mapping[str, StageReport], host: int) -> _Judged:
    ended, phases, left, overdue = [], [], [], ""
    for stage in attempt.stages:
        report = _counted(attempt, stage, said)
        if report is not None and report.phase is Phase.ENDED:
            ended.append(_stage_end(stage, report))
            continue
        left.append(stage)
        if report is not None and report.phase != stage.phase:
            phases.append((stage.key, report.phase))
        if stage.wanted_s is not None and stage.wanted_s > longest_s(attempt, stage):
            overdue = f"the host did not end {stage.kind} {stage.target}".strip() + " in its time"
    fresh = _following(attempt, ended)
    done = not (left or fresh)
    end = _attempt_end(attempt, ended, overdue, host, done=done)
    return _Judged(attempt, tuple(ended), tuple(phases), end, tuple(left), fresh)


def _counted(attempt: HeldAttempt, stage: HeldStage, said: Mapping[str, StageReport]) -> StageReport | None:
    report = said.get(stage.key)
    if report is None or stage.wanted_s is None:
        return None
    return report if (report.attempt, report.token) == (attempt.id.hex, attempt.token) else None


def longest_s(attempt: HeldAttempt, stage: HeldStage) -> float:
    limits = {StageKind.TRAIN: attempt.spec.train.wall_s, StageKind.INFER: attempt.spec.infer.wall_s}
    return limits.get(stage.kind, 0) + SLACK_S


def _stage_end(stage: HeldStage, report: StageReport) -> StageEnd:
    """A host that says less than it owes has failed, not the model."""
    ending, owes = report.ending, ""
    if ending is None:
        ending = Ending(outcome=Outcome.FINISHED, exit_code=None, oom_killed=False, wall_s=0.0)
        owes = "an ending"
    elif ending.outcome is Outcome.FINISHED and stage.kind is StageKind.INFER and not _is_name(report.manifest, 64):
        owes = "a manifest"
    elif ending.outcome is Outcome.FINISHED and stage.kind is StageKind.IMAGE and not _is_name(report.image, 100):
        owes = "the image's identity"
    if owes:
        ending = replace(ending, outcome=Outcome.SANDBOX_LOST, reason=f"the host reported an end without {owes}")
    if ending.outcome is not Outcome.FINISHED:
        return StageEnd(stage.key, ending)
    manifest = report.manifest if stage.kind is StageKind.INFER else None
    image = report.image if stage.kind is StageKind.IMAGE else None
    return StageEnd(stage.key, ending, manifest or "", image or "")


def _is_name(said: str | None, most: int) -> bool:
    return said is not None and 0 < len(said) <= most and said.isascii() and said.isprintable()


def _following(attempt: HeldAttempt, ended: list[StageEnd]) -> dict[str, NewStage]:
    """The targets, once the training is finished."""
    kinds = {stage.key: stage.kind for stage in attempt.stages}
    if not any(kinds[one.key] is StageKind.TRAIN and one.ending.outcome is Outcome.FINISHED for one in ended):
        return {}
    stages = [
        NewStage(attempt=attempt.id, key=f"{attempt.id.hex}-{number}", kind=StageKind.INFER, target=target)
        for number, target in enumerate(attempt.spec.targets, 1)
    ]
    return {stage.key: stage for stage in stages}


def _attempt_end(
    attempt: HeldAttempt, ended: list[StageEnd], overdue: str, host: int, *, done: bool
) -> AttemptEnd | None:
    """Theirs before ours: what a model did by itself is so on every host."""
    faults = {one.ending.outcome.fault: one.ending for one in ended}
    if theirs := faults.get(Fault.THEIRS):
        return _end(attempt, AttemptState.FAILED, RunState.FAILED, reason=theirs.reason or theirs.outcome.sentence)
    if ours := faults.get(Fault.OURS):
        return give_up(attempt, host, ours.reason or ours.outcome.sentence)
    if overdue:
        return give_up(attempt, host, overdue)
    return _end(attempt, AttemptState.DONE, RunState.DONE) if done else None


def _end(
    attempt: HeldAttempt, state: AttemptState, run_state: RunState, *, failures: int | None = None, reason: str = ""
) -> AttemptEnd:
    failures = attempt.failures_of_ours if failures is None else failures
    return AttemptEnd(
        attempt=attempt.id, run=attempt.run, state=state, run_state=run_state, failures_of_ours=failures, reason=reason
    )


# What begins here.


def _place_waiting(going: list[_Judged], room: Room) -> tuple[dict[UUID, set[str]], Room]:
    """An attempt always has one stage wanted, or the host would forget its model; more of them as room allows."""
    placed: dict[UUID, set[str]] = {}
    for one in going:
        has_one = any(stage.wanted_s is not None for stage in one.left)
        placed[one.attempt.id] = set() if has_one else {stage.key for stage in one.waiting[:1]}
    for one in going:
        needs = room_of(one.attempt.spec.infer)
        for stage in one.waiting:
            if stage.key not in placed[one.attempt.id] and room.holds(needs):
                placed[one.attempt.id].add(stage.key)
                room = room.less(needs)
    return placed, room


def _open(host: HostView, report: Report, room: Room, full: Room) -> Iterator[QueuedRun]:
    """Checks, which need no slot; the team with the fewest running; of it smoke runs first, then what waited longest.

    A run that would fit an emptier host ends the round, so that no stream of small ones keeps a large one out.
    """
    running = Counter(host.running)
    waiting = [run for run in host.queue if _could_run(run, report, full)]
    for _ in range(MOST_NEW):
        if not waiting:
            return
        run = min(waiting, key=lambda run: (*_turn(run, running[run.team]), run.queued_at, run.id))
        needs = envelope(run.purpose, run.spec)
        if not room.holds(needs):
            return
        waiting.remove(run)
        room = room.less(needs)
        running[run.team] += 1
        yield run


def _turn(run: QueuedRun, running: int) -> tuple[bool, int, bool]:
    return run.purpose is not Purpose.CHECK, running, run.purpose is Purpose.TRACK


def _could_run(run: QueuedRun, report: Report, full: Room) -> bool:
    is_here = run.purpose is Purpose.CHECK or run.spec.release_id in report.releases
    return is_here and full.holds(envelope(run.purpose, run.spec))


def _first_stage(run: QueuedRun) -> NewStage:
    kind = StageKind.IMAGE if run.purpose is Purpose.CHECK else StageKind.TRAIN
    return NewStage(attempt=run.attempt, key=f"{run.attempt.hex}-0", kind=kind, is_wanted=True)


def _as_held(run: QueuedRun) -> HeldAttempt:
    return HeldAttempt(
        id=run.attempt, token=run.token, run=run.id, purpose=run.purpose, spec=run.spec, image=run.image, stages=()
    )


def _order(attempt: HeldAttempt, stage: HeldStage | NewStage) -> Order:
    return Order(
        key=stage.key,
        attempt=attempt.id.hex,
        token=attempt.token,
        kind=stage.kind,
        spec=attempt.spec,
        image=attempt.image,
        target=stage.target or None,
    )
