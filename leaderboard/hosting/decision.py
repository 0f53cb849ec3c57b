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
from evaluator.engine.runs import SEALED
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.stages import Ending
from evaluator.sandbox.told import bare
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
    alone = _alone(host, report, going)
    placed, room = _place_waiting(going, room, alone)
    opened = list(_open(host, report, room, full, alone.closed)) if takes_work(host, report) else []
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
    orders = [_order(one.attempt, stage) for one in going for stage in one.ordered(placed[one.attempt.id])]
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

    @property
    def sealed(self) -> HeldStage | NewStage | None:
        """The stage on sealed data, once everything before it has worked."""
        left: Iterator[HeldStage | NewStage] = chain(self.left, self.fresh.values())
        return next((stage for stage in left if _is_sealed(self.attempt, stage)), None)

    def ordered(self, placed: set[str]) -> Iterator[HeldStage | NewStage]:
        """What is wanted; of an attempt that waits with its sealed stage the stage before it, or its model would go."""
        yield from (stage for stage in self.left if stage.wanted_s is not None or stage.key in placed)
        yield from (stage for stage in self.fresh.values() if stage.key in placed)
        if self.waits_alone and self.sealed is not None and self.sealed.key not in placed:
            targets = self.attempt.spec.targets
            key = f"{self.attempt.id.hex}-{len(targets)}"
            yield HeldStage(key=key, kind=StageKind.INFER, target=targets[-1])

    @property
    def waits_alone(self) -> bool:
        """Nothing of it runs, and it is not for want of room: its sealed stage waits for the rest of its team."""
        return self.sealed is not None and all(stage.wanted_s is None for stage in self.left)


def _judge(attempt: HeldAttempt, said: Mapping[str, StageReport], host: int) -> _Judged:
    ended, phases, left, overdue = [], [], [], ""
    for stage in attempt.stages:
        report = _counted(attempt, stage, said)
        if report is not None and report.phase is Phase.ENDED:
            ended.append(_stage_end(attempt, stage, report))
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


def _stage_end(attempt: HeldAttempt, stage: HeldStage, report: StageReport) -> StageEnd:
    """A host that says less than it owes has failed, not the model. Of a sealed stage it says too much, if anything."""
    ending, owes = report.ending, ""
    if ending is not None and _is_sealed(attempt, stage):
        ending = bare(ending)
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
    """The targets, once the training is finished, and the sealed study, once all of them have worked."""
    stages = {stage.key: stage for stage in attempt.stages}
    finished = [stages[one.key] for one in ended if one.ending.outcome is Outcome.FINISHED]
    targets = attempt.spec.targets
    following: list[tuple[int, str]] = []
    if any(stage.kind is StageKind.TRAIN for stage in finished):
        following = list(enumerate(targets, 1))
    elif (
        finished and finished == list(stages.values()) and attempt.spec.study and not _is_sealed(attempt, finished[-1])
    ):
        following = [(len(targets) + 1, SEALED)]
    new = [
        NewStage(attempt=attempt.id, key=f"{attempt.id.hex}-{number}", kind=StageKind.INFER, target=target)
        for number, target in following
    ]
    return {stage.key: stage for stage in new}


def _is_sealed(attempt: HeldAttempt, stage: HeldStage | NewStage) -> bool:
    return bool(attempt.spec.study) and stage.target == SEALED


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


@dataclass(frozen=True, slots=True)
class _Alone:
    """While a sealed stage runs, nothing else of its team runs on the host: together they could tell what it reads."""

    may_begin: frozenset[UUID]  # attempts whose sealed stage has the host to itself, as far as its team goes
    closed: frozenset[int]  # teams that nothing begins of here: a sealed stage waits, runs, or is being removed


def _alone(host: HostView, report: Report, going: list[_Judged]) -> _Alone:
    teams = {attempt.id.hex: attempt.team for attempt in host.held} | dict(host.lingering)
    here = {one.attempt.id.hex for one in going}
    still = [stage.attempt for stage in report.stages if stage.phase is not Phase.ENDED]
    # What is over for the site may be here for a moment; what nobody knows the team of is everybody's.
    busy = {teams.get(attempt) for attempt in still} | {one.attempt.team for one in going if not one.waits_alone}
    first = {one.attempt.team: one.attempt.id for one in reversed(going) if one.waits_alone}
    going_away = {teams[attempt] for attempt in still if attempt in teams.keys() - here}
    return _Alone(
        may_begin=frozenset(pk for team, pk in first.items() if not busy & {team, None}),
        closed=frozenset({one.attempt.team for one in going if one.sealed is not None} | going_away),
    )


def _place_waiting(going: list[_Judged], room: Room, alone: _Alone) -> tuple[dict[UUID, set[str]], Room]:
    """An attempt always has one stage wanted, or the host would forget its model; more of them as room allows. A
    sealed stage begins alone."""
    placed: dict[UUID, set[str]] = {}
    for one in going:
        has_one = any(stage.wanted_s is not None for stage in one.left)
        may = not one.waits_alone or one.attempt.id in alone.may_begin
        placed[one.attempt.id] = {stage.key for stage in one.waiting[:1]} if may and not has_one else set()
    for one in going:
        needs = room_of(one.attempt.spec.infer)
        for stage in () if one.waits_alone else one.waiting:
            if stage.key not in placed[one.attempt.id] and room.holds(needs):
                placed[one.attempt.id].add(stage.key)
                room = room.less(needs)
    return placed, room


def _open(host: HostView, report: Report, room: Room, full: Room, closed: frozenset[int]) -> Iterator[QueuedRun]:
    """Checks, which need no slot; the team with the fewest running; of it smoke runs first, then what waited longest.

    A run that would fit an emptier host ends the round, so that no stream of small ones keeps a large one out.
    """
    running = Counter(host.running)
    waiting = [run for run in host.queue if _could_run(run, report, full, closed)]
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
    return run.purpose is not Purpose.CHECK, running, run.purpose in (Purpose.TRACK, Purpose.SEALED)


def _could_run(run: QueuedRun, report: Report, full: Room, closed: frozenset[int]) -> bool:
    """A check runs nothing of its image."""
    if run.purpose is Purpose.CHECK:
        return True
    return (
        run.spec.release_id in report.releases
        and run.team not in closed
        and full.holds(envelope(run.purpose, run.spec))
    )


def _first_stage(run: QueuedRun) -> NewStage:
    kind = StageKind.IMAGE if run.purpose is Purpose.CHECK else StageKind.TRAIN
    return NewStage(attempt=run.attempt, key=f"{run.attempt.hex}-0", kind=kind, is_wanted=True)


def _as_held(run: QueuedRun) -> HeldAttempt:
    return HeldAttempt(
        id=run.attempt,
        token=run.token,
        run=run.id,
        team=run.team,
        purpose=run.purpose,
        spec=run.spec,
        image=run.image,
        trace=run.trace,
        stages=(),
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
        trace=attempt.trace,
    )
