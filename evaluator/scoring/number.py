"""A number that is right or visibly undefined: there is no third kind."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Number:
    """A finite value, or NaN with the reason why there is none."""

    value: float
    reason: str | None = None

    def __post_init__(self) -> None:
        if math.isinf(self.value) or math.isnan(self.value) == (self.reason is None):
            raise ValueError(f"a number is finite, or NaN with a reason: {self.value}, {self.reason}")

    @classmethod
    def undefined(cls, reason: str) -> "Number":
        return cls(math.nan, reason)

    @property
    def is_defined(self) -> bool:
        return self.reason is None
