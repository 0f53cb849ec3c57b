"""What a decision is made of: values read once, under the lock of the host's row. Nothing here reads or writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID

from evaluator.agent.messages import Capacity, Image, Phase, StageKind
from evaluator.engine.runs import RunSpec
from evaluator.sandbox.stages import Ending, Limits
from leaderboard.states import AttemptState, Purpose, RunState


@dataclass(frozen=True, slots=True)
class Room:
    """What stages take of a host, or what is left of it."""

    cpus: float = 0.0
    memory_mb: int = 0
    gpus: int = 0
    slots: int = 0

    @classmethod
    def of(cls, capacity: Capacity) -> Self:
        return cls(capacity.cpus, capacity.memory_mb, capacity.gpus, capacity.slots)

    def holds(self, other: "Room") -> bool:
        """A hair's breadth more processors than there are is rounding."""
        return (
            other.cpus <= self.cpus + 1e-9
            and other.memory_mb <= self.memory_mb
            and other.gpus <= self.gpus
            and other.slots <= self.slots
        )

    def less(self, other: "Room") -> "Room":
        return Room(
            self.cpus - other.cpus, self.memory_mb - other.memory_mb, self.gpus - other.gpus, self.slots - other.slots
        )


def room_of(limits: Limits) -> Room:
    return Room(limits.cpus, limits.memory_mb, limits.gpus, 1)


def envelope(purpose: Purpose, spec: RunSpec) -> Room:
    """What an attempt has of its host as long as it is open: its training, and after that one target at a time.

    Judging an image takes a host's network and disk and no slot of it.
    """
    if purpose is Purpose.CHECK:
        return Room()
    one, other = spec.train, spec.infer
    return Room(max(one.cpus, other.cpus), max(one.memory_mb, other.memory_mb), max(one.gpus, other.gpus), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldStage:
    """One that has not ended. `wanted_s` is how long ago it was first wanted, None for one that waits for room."""

    key: str
    kind: StageKind
    target: str = ""
    phase: str = ""
    wanted_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAttempt:
    """Open, on this host. `failed_on` are the hosts that the same run failed on by our fault before."""

    id: UUID
    token: str
    run: int
    team: int
    purpose: Purpose
    spec: RunSpec
    image: Image
    stages: tuple[HeldStage, ...]
    trace: str = ""
    failures_of_ours: int = 0
    failed_on: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedRun:
    """With the identity and the token that an attempt at it would get now."""

    id: int
    team: int
    purpose: Purpose
    spec: RunSpec
    image: Image
    queued_at: datetime
    attempt: UUID
    token: str
    trace: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostView:
    """`running` counts the open attempts of each team, on all hosts. `lingering` has the teams of attempts that are no
    longer open, of which the host still has something, by the attempt's id."""

    id: int
    held: tuple[HeldAttempt, ...] = ()
    is_draining: bool = False
    queue: tuple[QueuedRun, ...] = ()
    running: Mapping[int, int] = field(default_factory=dict)
    lingering: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStage:
    attempt: UUID
    key: str
    kind: StageKind
    target: str = ""
    is_wanted: bool = False


@dataclass(frozen=True, slots=True)
class StageEnd:
    key: str
    ending: Ending
    manifest: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptEnd:
    """What becomes of an attempt and of its run."""

    attempt: UUID
    run: int
    state: AttemptState
    run_state: RunState
    failures_of_ours: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    attempt: UUID
    run: int
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """Rows to be changed. A stage is named by its key, which is its container's name."""

    stage_ends: tuple[StageEnd, ...] = ()
    phases: tuple[tuple[str, Phase], ...] = ()
    wanted: tuple[str, ...] = ()  # these waited
    new_stages: tuple[NewStage, ...] = ()
    attempt_ends: tuple[AttemptEnd, ...] = ()
    opened: tuple[Opened, ...] = ()
