"""A run and what became of it, as plain values that a task queue can carry."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from benchmark_data.manifest import Scheme
from evaluator.arms import Arm
from evaluator.contract.improve import ImproveModel
from evaluator.sandbox.stages import Ending, Limits, ModelFile, model_from_json, model_to_json

SEALED = "sealed"
"""The target's name in a stage that asks about a run's sealed study."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One (source, split, arm, seed) of one image, to be trained once and asked about every target."""

    image: str  # sha256:… or reference:<name>
    release_id: str
    source: str
    scheme: Scheme
    split: int
    arm: Arm
    seed: int
    targets: tuple[str, ...]
    train: Limits
    infer: Limits
    remap_ids: bool = False
    runtime: str | None = None
    improve: ImproveModel | None = None  # three scripts of IMPROVE's, instead of our own contract
    settings: Mapping[str, Any] = field(default_factory=dict)
    study: str = ""  # the id of a sealed study that is asked about after all targets
    seal_to: str = ""  # the scorer's public key, for what the model says of it

    def __post_init__(self) -> None:
        if bool(self.study) != bool(self.seal_to):
            raise ValueError("a run on a sealed study needs the key that its predictions are encrypted to")
        if self.study and (SEALED in self.targets or not self.targets):
            raise ValueError(f"a run on a sealed study needs an open target before it, of another name than '{SEALED}'")

    @property
    def trained(self) -> Self:
        """What its training depends on: the same, whatever it is asked about afterwards."""
        return replace(self, targets=(), study="", seal_to="")

    @property
    def name(self) -> str:
        return f"{self.arm}/{self.source}/{self.split}"

    def key(self) -> str:
        """The same spec has the same key, on every machine and after every crash; it names no study, split or arm."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]

    def to_json(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        if not self.study:
            del values["study"], values["seal_to"]  # so that runs of before sealed studies keep their keys
        plain = {"arm": str(self.arm), "train": asdict(self.train), "infer": asdict(self.infer)}
        improve = self.improve and self.improve.to_json()
        return values | plain | {"improve": improve, "settings": dict(self.settings), "targets": list(self.targets)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        typed = {
            "scheme": Scheme(stored["scheme"]),
            "arm": Arm.parse(stored["arm"]),
            "train": Limits(**stored["train"]),
            "infer": Limits(**stored["infer"]),
            "targets": tuple(stored["targets"]),
            "improve": stored["improve"] and ImproveModel.from_json(stored["improve"]),
        }
        return cls(**{**stored, **typed})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """How every stage of a run ended; `infer` has the targets that were asked about, by name."""

    key: str
    train: Ending
    infer: Mapping[str, Ending] = field(default_factory=dict)
    model: ModelFile | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "train": self.train.to_json(),
            "infer": {target: ending.to_json() for target, ending in self.infer.items()},
            "model": model_to_json(self.model),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        typed = {
            "train": Ending.from_json(stored["train"]),
            "infer": {target: Ending.from_json(ending) for target, ending in stored["infer"].items()},
            "model": model_from_json(stored["model"]),
        }
        return cls(**{**stored, **typed})
