"""What was sent: an image by its identity, what is to be passed on to it, and which contract it speaks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluator.contract.improve import ImproveModel


@dataclass(frozen=True, slots=True)
class Submission:
    """`improve` is None for our own contract."""

    image: str  # sha256:… or reference:<name>
    settings: Mapping[str, Any] = field(default_factory=dict)
    improve: ImproveModel | None = None

    def to_json(self) -> dict[str, Any]:
        improve = None if self.improve is None else self.improve.to_json()
        return {"image": self.image, "settings": dict(self.settings), "improve": improve}
