"""The values that cross the sandbox's border: what to run within which walls, and how it ended."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from evaluator.sandbox.outcomes import Outcome

FIRST_UID = 10001
NOBODY_UID = 65534  # may use a disk's reserved blocks on some hosts
KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")


class Command(StrEnum):
    TRAIN = "train"
    INFER = "infer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The walls of a stage. Bounded disks bound the number of files on them too."""

    cpus: float = 1.0
    memory_mb: int = 4096  # memory and swap together; /tmp and /dev/shm count
    pids: int = 512
    model_mb: int = 2048
    out_mb: int = 256
    shm_mb: int = 64
    wall_s: int = 3600
    log_kb: int = 256  # kept of the head, and again of the tail
    gpus: int = 0

    def __post_init__(self) -> None:
        wrong = [name for name, value in asdict(self).items() if value < (0 if name == "gpus" else 0.01)]
        if wrong:
            raise ValueError(f"limits must be positive: {', '.join(wrong)}")

    def capped(self, host: "Limits") -> "Limits":
        """Each limit at most the host's; a stage never gets fewer GPUs than it asked for, it is refused instead."""
        mine, theirs = asdict(self), asdict(host)
        return Limits(**{name: min(mine[name], theirs[name]) for name in mine} | {"gpus": self.gpus})


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or directory of the host, read-only inside. `source` can be read in the container's /proc/self/mountinfo:
    it must name no study, split or arm."""

    source: Path
    target: str


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A trained model as one file. What is in it is looked at inside walls only."""

    path: Path
    size_bytes: int  # on disk; holes do not count
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec:
    """One container to be: `key` is its name, so that starting twice is starting once.

    `image` is the id of an image that this host has (`sha256:…`), or `reference:<name>` for the process sandbox.
    `infer` needs `model`. `uid` must be the same for the two stages of a run: a model's files may be private to it.
    `entrypoint` is run in place of the image's own, from the image's working directory.
    """

    key: str
    image: str
    command: Command
    limits: Limits
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    model: ModelFile | None = None
    uid: int = FIRST_UID
    runtime: str | None = None
    entrypoint: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not KEY.fullmatch(self.key):
            raise ValueError(
                f"stage key {self.key!r}: use 1 to 100 of a-z, 0-9, '_', '.', '-', and start with a letter or digit"
            )
        if self.uid < FIRST_UID or self.uid == NOBODY_UID:
            raise ValueError(f"uid {self.uid}: use {FIRST_UID} and up, never {NOBODY_UID}")
        if (self.command is Command.INFER) != (self.model is not None):
            raise ValueError(f"stage {self.key}: infer needs a model and train has none yet")

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("key", "image", "uid", "runtime")},
            "command": str(self.command),
            "limits": asdict(self.limits),
            "entrypoint": list(self.entrypoint),
            "mounts": [[str(mount.source), mount.target] for mount in self.mounts],
            "environment": dict(self.environment),
            "labels": dict(self.labels),
            "model": model_to_json(self.model),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            **{name: stored[name] for name in ("key", "image", "uid", "runtime", "environment", "labels")},
            command=Command(stored["command"]),
            limits=Limits(**stored["limits"]),
            entrypoint=tuple(stored["entrypoint"]),
            mounts=tuple(Mount(Path(source), target) for source, target in stored["mounts"]),
            model=model_from_json(stored["model"]),
        )


def model_to_json(model: ModelFile | None) -> dict[str, Any] | None:
    return None if model is None else {"path": str(model.path), "size_bytes": model.size_bytes, "sha256": model.sha256}


def model_from_json(stored: Mapping[str, Any] | None) -> ModelFile | None:
    return None if stored is None else ModelFile(Path(stored["path"]), stored["size_bytes"], stored["sha256"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """What a stage used, measured outside of it; None where this host cannot measure it."""

    memory_mb: float | None = None
    cpu_s: float | None = None
    gpu_s: float = 0.0  # GPUs held times wall time: they are exclusive, so held is used up
    written_bytes: int | None = None  # to the output and model disks


@dataclass(frozen=True, slots=True)
class Log:
    """Head and tail of stdout and stderr as the container left them: it may have invented all of it."""

    head: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    outcome: Outcome
    exit_code: int | None
    oom_killed: bool
    wall_s: float
    peaks: Peaks = Peaks()
    log: Log = Log()
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        values = dict(stored)
        return cls(
            **values
            | {"outcome": Outcome(values["outcome"]), "peaks": Peaks(**values["peaks"]), "log": Log(**values["log"])}
        )


@dataclass(frozen=True, slots=True)
class Running:
    wall_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    ending: Ending


@dataclass(frozen=True, slots=True)
class Gone:
    """No such stage here: never started, or discarded."""


State = Running | Ended | Gone


@dataclass(frozen=True, slots=True)
class OutputFile:
    """A plain file of at most `limits.out_mb`, copied out of the walls under a name of ours. Its content is unread."""

    name: str  # one of PREDICTION_NAMES
    path: Path
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """`ending.outcome` is FINISHED if and only if what the command owes is here."""

    ending: Ending
    predictions: OutputFile | None = None
    model: ModelFile | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A stage on this host, whoever started it."""

    key: str
    labels: Mapping[str, str]
    running: bool


PREDICTION_NAMES = ("predictions.csv", "predictions.parquet", "predictions.npy")
