"""What figures are drawn of. A number that is undefined is None, and `why` says the reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Mark(StrEnum):
    """Told apart by shape: on paper all colours are one."""

    DISC = "disc"
    RING = "ring"
    SQUARE = "square"
    DIAMOND = "diamond"
    TRIANGLE = "triangle"
    CROSS = "cross"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A row of an interval plot. Without bounds it is drawn as a point, without an estimate it is a word."""

    label: str
    estimate: float | None
    low: float | None = None
    high: float | None = None
    why: str = ""
    note: str = ""  # small, under the label
    mark: Mark = Mark.DISC

    @classmethod
    def of(cls, label: str, interval: Mapping[str, Any], *, note: str = "", mark: Mark = Mark.DISC) -> "Estimate":
        """From an interval as evaluator.scorecard.plain.plain_interval has it."""
        numbers = [interval[name] for name in ("estimate", "low", "high")]
        estimate, low, high = (float(number) if isinstance(number, int | float) else None for number in numbers)
        reasons = [str(number.get("undefined") or "undefined") for number in numbers if isinstance(number, Mapping)]
        return cls(label, estimate, low, high, why=next(iter(reasons), ""), note=note, mark=mark)

    @property
    def bounds(self) -> tuple[float, float] | None:
        return None if self.low is None or self.high is None else (self.low, self.high)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Values by row and column; `sure` are the (row, column) that get a mark, `why` the reasons of undefined ones."""

    label: str
    rows: Sequence[str]
    columns: Sequence[str]
    values: Sequence[Sequence[float | None]]
    sure: frozenset[tuple[int, int]] = frozenset()
    why: Mapping[tuple[int, int], str] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A row of a distribution: one value each for drugs, cells, splits; `n_undefined` are told beside, never drawn."""

    label: str
    values: Sequence[float]
    n_undefined: int = 0
    why: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """One of several small plots that share an axis and the order of their rows."""

    label: str
    rows: Sequence[Estimate]


@dataclass(frozen=True, slots=True)
class Placed:
    """A row of a critical-difference figure: its score or mean rank, and what stands beside it."""

    label: str
    score: float | None
    beside: str = ""  # its rank interval
    why: str = ""
    mark: Mark = Mark.DISC
