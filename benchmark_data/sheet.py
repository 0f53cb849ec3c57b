"""A table that a person reads: plain words in rows, made once here and shown by whoever shows it."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def percent(share: float) -> str:
    """100% only when it is all, 0% only when it is none, n/a for a share of nothing."""
    if math.isnan(share):
        return "n/a"
    if 0 < share < 0.001:
        return "<0.1%"
    if 0.999 < share < 1:
        return ">99.9%"
    return f"{100 * share:.1f}%" if 0 < share < 1 else f"{share:.0%}"


def count(number: int) -> str:
    return f"{number:,}"
