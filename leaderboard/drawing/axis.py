"""Where values lie on a line of pixels, and the numbers beside it."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from leaderboard.drawing.svg import SMALL, Paper
from leaderboard.drawing.values import Estimate

MINUS = "\N{MINUS SIGN}"
# How far an axis reaches from the middle half of its estimates, in widths of that half or of the usual interval.
_REACH = 4.0


@dataclass(frozen=True, slots=True)
class Axis:
    """From `left` to `right`. What lies outside of `low` to `high` is put to its end, and gets an arrow there."""

    low: float
    high: float
    left: float
    right: float

    @classmethod
    def of(cls, rows: Sequence[Estimate], *, left: float, right: float, zero: bool = False) -> "Axis":
        """One value far outside of the others does not squeeze them into a point."""
        estimates = sorted(row.estimate for row in rows if row.estimate is not None)
        ends = [row.bounds or (row.estimate, row.estimate) for row in rows if row.estimate is not None]
        if not estimates:
            return cls(-1.0 if zero else 0.0, 1.0, left, right)
        lower, upper = estimates[len(estimates) // 4], estimates[(3 * len(estimates)) // 4]
        widths = sorted(high - low for low, high in ends)
        reach = _REACH * max(upper - lower, widths[len(widths) // 2]) or max(map(abs, estimates)) or 1.0
        low = max(min(low for low, _ in ends), lower - reach)
        high = min(max(high for _, high in ends), upper + reach)
        if zero:
            low, high = min(low, 0.0), max(high, 0.0)
        return cls.around([low, high], left=left, right=right)

    @classmethod
    def around(cls, values: Iterable[float], *, left: float, right: float) -> "Axis":
        """From the smallest to the largest, and a little more."""
        known = list(values)
        low, high = (min(known), max(known)) if known else (0.0, 1.0)
        room = 0.04 * (high - low) or 0.1 * abs(high) or 0.5
        return cls(low - room, high + room, left, right)

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.left + min(1.0, max(0.0, share)) * (self.right - self.left)

    def holds(self, value: float) -> bool:
        return self.low <= value <= self.high

    def ticks(self) -> list[float]:
        """Round numbers, about one each 60 pixels, and two at least."""
        most = max(2.0, (self.right - self.left) / 60)
        raw = (self.high - self.low) / most
        if not (math.isfinite(raw) and raw > 0):
            return []
        power = 10.0 ** math.floor(math.log10(raw))
        steps = [factor * power for factor in (0.1, 0.2, 0.5, 1, 2, 5, 10)]
        place = next(i for i, step in enumerate(steps) if step >= raw * 0.999)
        found = self._multiples(steps[place])
        return found if len(found) > 1 or not place else self._multiples(steps[place - 1])

    def _multiples(self, step: float) -> list[float]:
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        return [step * i for i in range(first, min(last, first + 50) + 1)]


def draw_axis(paper: Paper, axis: Axis, *, top: float, bottom: float, label: str = "", zero: bool = False) -> float:
    """Ticks, their numbers, and what they measure; gives where it ends."""
    paper.row()
    ticks = axis.ticks()
    for tick in ticks:
        paper.line(axis.at(tick), top, axis.at(tick), bottom, looks="line")
        paper.text(axis.at(tick), bottom + 10, number(tick, step=ticks), anchor="middle", looks="muted", size=SMALL)
    if zero and axis.holds(0.0):
        paper.line(axis.at(0.0), top, axis.at(0.0), bottom, width=1.5)
    paper.line(axis.left, bottom, axis.right, bottom)
    if not label:
        return bottom + 20
    paper.text((axis.left + axis.right) / 2, bottom + 26, label, anchor="middle", looks="muted", size=SMALL)
    return bottom + 36


def number(value: float | None, *, digits: int = 3, sign: bool = False, step: Sequence[float] = ()) -> str:
    """With a real minus sign; as few digits as tell the values of `step` apart, if those are given."""
    if value is None:
        return "n/a"
    if len(step) > 1:
        digits = max(0, -math.floor(math.log10(abs(step[1] - step[0])) + 1e-9))
    made = f"{value:.3g}" if abs(value) >= 10_000 or digits > 6 else f"{value:.{digits}f}"
    made = made.removeprefix("-") if not float(made) else made.replace("-", MINUS)
    return f"+{made}" if sign and float(made.replace(MINUS, "-")) > 0 else made


def in_words(row: Estimate, *, sign: bool = False) -> str:
    """A row as it is read aloud, and as its tip says it."""
    if row.estimate is None:
        return f"{row.label}: n/a ({row.why or 'undefined'})"
    said = f"{row.label}: {number(row.estimate, sign=sign)}"
    if row.bounds is None:
        return f"{said}, no interval ({row.why})" if row.why else said
    low, high = (number(end, sign=sign) for end in row.bounds)
    return f"{said}, interval {low} to {high}"
