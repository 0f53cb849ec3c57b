"""What a submission that declares `contract = "improve"` says of itself: a model's name, and the tree that it reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmark_data.csa_export import Layout
from evaluator.contract.errors import ContractError, shown

TRAIN_OPTIONS = {"epochs": int, "learning_rate": float, "batch_size": int}
"""Settings that are passed to the training script; one that is not set has its value from the model's own INI file."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class ImproveModel:
    """`name` is what the three scripts begin with: graphdrp of graphdrp_preprocess_improve.py."""

    name: str
    layout: Layout = Layout.MANY_HEADERS

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            reason = f"{shown(self.name)} is no name of a model: give graphdrp for graphdrp_train_improve.py, say"
            raise ContractError("the submission", column="model", reason=reason)

    def to_json(self) -> dict[str, str]:
        return {"name": self.name, "layout": str(self.layout)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ImproveModel":
        return cls(stored["name"], Layout(stored["layout"]))


def train_arguments(settings: Mapping[str, Any]) -> tuple[str, ...]:
    """The settings as arguments; ContractError for any other, because a script ends at one that it does not know."""
    arguments: list[str] = []
    for name, value in settings.items():
        if name not in TRAIN_OPTIONS:
            reason = f"an IMPROVE model is passed {', '.join(TRAIN_OPTIONS)} and nothing else"
            raise ContractError("settings", column=name, reason=reason)
        whole = TRAIN_OPTIONS[name] is int
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not value > 0:
            reason = f"{shown(str(value))} is no {'whole ' if whole else ''}number above zero"
            raise ContractError("settings", column=name, reason=reason)
        arguments += [f"--{name}", str(value)]
    return tuple(arguments)
