"""What a host and the site say to each other: reports go up every few seconds, the complete list of what is wanted
comes back. Both are plain JSON; a lost, late, repeated or reordered one does no harm."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from evaluator.engine.runs import SEALED, RunSpec
from evaluator.sandbox.stages import KEY, Ending


class StageKind(StrEnum):
    IMAGE = "image"  # judged, and made available on the host; runs nothing of it
    TRAIN = "train"
    INFER = "infer"


class ImageOrigin(StrEnum):
    ARCHIVE = "archive"  # a file of the site's storage
    REGISTRY = "registry"  # name@sha256:… at a registry that the host allows
    REFERENCE = "reference"  # reference:<name>, ours, for the process sandbox alone


@dataclass(frozen=True, slots=True)
class Image:
    """Where a submission's image comes from. `sha256` is that of the archive's file; empty for the others."""

    origin: ImageOrigin
    name: str  # a path in storage, name@sha256:…, or reference:<name>
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One stage that the site wants on this host. `key` names the container: starting twice is starting once."""

    key: str
    attempt: str
    token: str  # a report of this stage counts with it alone
    kind: StageKind
    spec: RunSpec  # its `image` is what an image stage found; empty until then
    image: Image
    target: str | None = None  # of infer
    trace: str = ""  # the id of the request that brought its submission: log lines and the container carry it

    def __post_init__(self) -> None:
        for name in (self.key, self.attempt):  # both name files and folders of the host
            if not KEY.fullmatch(name):
                raise ValueError(f"{name!r} names no stage and no attempt: use 1 to 100 of a-z, 0-9, '_', '.', '-'")

    @property
    def is_sealed(self) -> bool:
        """It asks about the run's sealed study: nothing is told of it but that it worked or failed."""
        return bool(self.spec.study) and self.target == SEALED

    @property
    def uploads(self) -> str:
        """The folder in storage that takes what this stage owes; of infer alone."""
        return f"attempts/{self.attempt}/{self.kind}-{self.target}" if self.target else f"attempts/{self.attempt}"

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {"spec": self.spec.to_json(), "image": asdict(self.image)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        image = Image(**stored["image"] | {"origin": ImageOrigin(stored["image"]["origin"])})
        typed = {"kind": StageKind(stored["kind"]), "spec": RunSpec.from_json(stored["spec"]), "image": image}
        return cls(**{**stored, **typed})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """All that the site wants on a host, in answer to the report of this number. What is not in it has to go.

    A trained model stays on its host for as long as an order of its attempt is in the list, ended or not. More orders
    than slots do no harm: the host begins them in the list's order. `lease_s` counts from the moment that report was
    sent; at three quarters of it the host kills what runs. A host whose number was too low gets no orders and has
    nothing to do but go on from `sequence`: `orders` is None then.
    """

    host: str
    boot_id: str
    sequence: int
    lease_s: float
    orders: tuple[Order, ...] | None

    def to_json(self) -> dict[str, Any]:
        orders = None if self.orders is None else [order.to_json() for order in self.orders]
        return {name: getattr(self, name) for name in self.__dataclass_fields__} | {"orders": orders}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        orders = stored["orders"]
        typed = None if orders is None else tuple(Order.from_json(order) for order in orders)
        return cls(**{**stored, "orders": typed})


class Phase(StrEnum):
    PREPARING = "preparing"  # the image is fetched, files are staged
    RUNNING = "running"
    DELIVERING = "delivering"  # ended; what it left is read and uploaded
    ENDED = "ended"  # with an ending, and with everything uploaded that it owes


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """Where a stage stands on a host. `manifest` is the sha256 of the uploaded manifest of an ended infer stage;
    `image` is the identity that an image stage found."""

    key: str
    attempt: str
    token: str
    phase: Phase
    wall_s: float = 0.0
    ending: Ending | None = None
    manifest: str | None = None
    image: str | None = None

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return values | {"ending": None if self.ending is None else self.ending.to_json()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        ending = None if stored["ending"] is None else Ending.from_json(stored["ending"])
        return cls(**{**stored, "phase": Phase(stored["phase"]), "ending": ending})


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What stages may use of this host, all together; nothing is subtracted for what runs."""

    cpus: float
    memory_mb: int
    gpus: int
    slots: int

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`sequence` rises with every report of a host, over restarts too. `unfit` says why it takes no new work."""

    host: str
    boot_id: str
    sequence: int
    stages: tuple[StageReport, ...]
    capacity: Capacity
    free_disk_mb: int
    unfit: str = ""
    releases: tuple[str, ...] = ()  # ids of those that lie on this host
    record: Mapping[str, Any] = field(default_factory=dict)  # versions, kernel, engine, sandbox

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        stages = [stage.to_json() for stage in self.stages]
        capacity, releases = self.capacity.to_json(), list(self.releases)
        return values | {"stages": stages, "capacity": capacity, "releases": releases, "record": dict(self.record)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        stages = tuple(StageReport.from_json(stage) for stage in stored["stages"])
        typed = {"stages": stages, "capacity": Capacity(**stored["capacity"]), "releases": tuple(stored["releases"])}
        return cls(**{**stored, **typed})
