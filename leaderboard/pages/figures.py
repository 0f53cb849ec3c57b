"""Numbers as they are shown, and interval marks. Made once, in Python: templates only place them.

A number is a float, or {"undefined": reason}, or None where nothing was computed; an interval is
evaluator.scorecard.plain.plain_interval. Both as they stand in stored JSON.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

METRICS = {  # in the order in which they are offered
    "primary": "Skill over mean effects",
    "skill_drug_mean": "Skill over the drug average",
    "skill_cell_mean": "Skill over the cell average",
    "skill_global_mean": "Skill over the global mean",
    "r2": "R²",
    "pearson": "Pearson correlation",
    "spearman": "Spearman correlation",
    "rmse": "RMSE",
    "mae": "MAE",
    "gap": "Gap to its permuted self",
    "mse": "MSE",
    "pcc": "Pearson correlation",
    "scc": "Spearman correlation",
}
LOWER_IS_BETTER = frozenset({"rmse", "mae", "mse"})
MINUS = "\N{MINUS SIGN}"
MARK_WIDTH, MARK_EDGE = 120.0, 4.0
NARROW = SafeString('<sup class="caveat">*<span class="visually-hidden"> interval too narrow</span></sup>')
NARROW_NOTE = SafeString(
    '<p class="small muted">* interval too narrow: fewer than 60 drugs. '
    '<a href="/how/#intervals">What intervals say</a></p>'
)
WHY = re.compile('<span class="why">([^<]*)</span>')
NOTE_MARKS = "†‡§¶#"
BEYOND_LOW, BEYOND_HIGH = SafeString('<path d="M7 4 3 8 7 12"/>'), SafeString('<path d="M113 4 117 8 113 12"/>')


def metric_name(metric: str) -> str:
    return METRICS.get(metric, metric)


def value(number: Any) -> float | None:
    return float(number) if isinstance(number, int | float) and math.isfinite(number) else None


def reason(number: Any) -> str:
    return str(number["undefined"] or "undefined") if isinstance(number, Mapping) else "not computed"


def text(number: Any, *, digits: int = 3) -> str:
    """With a real minus sign, and none before a zero."""
    shown = value(number)
    if shown is None:
        return "n/a"
    made = f"{shown:.{digits}f}"
    return made.removeprefix("-") if not float(made) else made.replace("-", MINUS)


@dataclass(frozen=True, slots=True)
class Figure:
    """What a cell says: `text`, and `range` where there is an interval; else `reason` says why there is no number.

    In a template it is its own HTML.
    """

    text: str
    range: str = ""
    reason: str = ""
    note: str = ""
    is_narrow: bool = False

    def __str__(self) -> SafeString:
        if self.reason:
            return format_html('<span class="undefined">n/a</span><span class="why">{}</span>', self.reason)
        made = escape(self.text)
        if self.range:
            made += format_html(' <span class="range">{}{}</span>', self.range, NARROW if self.is_narrow else "")
        if self.note:
            made += format_html('<span class="why">{}</span>', self.note)
        return made


def figure(number: Any, *, digits: int = 3) -> Figure:
    """Of a number alone, or of an interval. A number whose interval is undefined keeps the reason as its note."""
    if not (isinstance(number, Mapping) and "estimate" in number):
        return Figure(text(number, digits=digits), reason="" if value(number) is not None else reason(number))
    if value(number["estimate"]) is None:
        return Figure("n/a", reason=reason(number["estimate"]))
    shown = text(number["estimate"], digits=digits)
    if value(number["low"]) is None or value(number["high"]) is None:
        return Figure(shown, note=f"no interval: {reason(number['low'])}")
    low, high = (text(number[end], digits=digits) for end in ("low", "high"))
    return Figure(shown, range=f"{low} to {high}", is_narrow=bool(number.get("too_narrow")))


def noted(made: str, *, gathers: bool = False) -> SafeString:
    """HTML with what its marks say beneath it, once; without marks as it is. Where it `gathers`, a reason that stands
    in several cells is a mark in each of them."""
    told, notes = _gathered(made) if gathers else (made, [])
    return format_html("{}{}{}", mark_safe(told), mark_safe("".join(notes)), NARROW_NOTE if NARROW in made else "")


def _gathered(made: str) -> tuple[str, list[str]]:
    """Reasons are HTML already: they come from cells, and go back."""
    often = [why for why, times in Counter(WHY.findall(made)).items() if times > 1]
    marks = {why: NOTE_MARKS[i % len(NOTE_MARKS)] * (1 + i // len(NOTE_MARKS)) for i, why in enumerate(often)}

    def cell(found: re.Match[str]) -> str:
        why = found[1]
        if why not in marks:
            return found[0]
        return f'<sup class="caveat">{marks[why]}<span class="visually-hidden"> {why}</span></sup>'

    return WHY.sub(cell, made), [f'<p class="small muted">{marks[why]} {why}</p>' for why in often]


def heat(number: Any, *, low: float, high: float) -> str:
    """The class of a value between two ends; `high` may be the smaller one, where less is better."""
    shown = value(number)
    if shown is None:
        return "undefined"
    share = (shown - low) / (high - low) if high != low else 0.0
    return "heat-below" if share < 0 else f"heat-{min(9, int(share * 10))}"


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the marks of a column lie. A model far outside of the others does not squeeze them: its mark is cut off."""

    low: float
    high: float

    @classmethod
    def of(cls, intervals: Sequence[Any]) -> "Scale | None":
        found = [found for interval in intervals if (found := _ends(interval)) is not None]
        if not found:
            return None
        estimates = sorted(estimate for estimate, _, _ in found)
        lower, upper = estimates[len(estimates) // 4], estimates[(3 * len(estimates)) // 4]
        widths = sorted(high - low for _, low, high in found)
        reach = 2.5 * max(upper - lower, widths[len(widths) // 2])
        low = max(min(low for _, low, _ in found), lower - reach)
        high = min(max(high for _, _, high in found), upper + reach)
        return cls(low, high) if high > low else None

    def at(self, position: float) -> float:
        share = (position - self.low) / (self.high - self.low)
        return MARK_EDGE + min(1.0, max(0.0, share)) * (MARK_WIDTH - 2 * MARK_EDGE)


def mark(interval: Any, scale: Scale | None) -> SafeString:
    """A dot with its interval, for the eye alone: the figures stand beside it."""
    ends = _ends(interval)
    if ends is None or scale is None:
        return SafeString("")
    estimate, low, high = ends
    zero = format_html('<line class="zero" x1="{0}" x2="{0}" y1="0" y2="16"/>', _place(scale, 0.0))
    dot = format_html('<circle cx="{}" cy="8" r="3"/>', _place(scale, estimate))
    beyond = BEYOND_LOW if estimate < scale.low else BEYOND_HIGH
    return format_html(
        '<svg class="mark" viewBox="0 0 120 16" aria-hidden="true">{}<line x1="{}" x2="{}" y1="8" y2="8"/>{}</svg>',
        zero if scale.low < 0 < scale.high else "",
        _place(scale, low),
        _place(scale, high),
        dot if scale.low <= estimate <= scale.high else beyond,
    )


def _place(scale: Scale, position: float) -> str:
    return f"{scale.at(position):.1f}"


def _ends(interval: Any) -> tuple[float, float, float] | None:
    if not isinstance(interval, Mapping):
        return None
    estimate, low, high = (value(interval.get(name)) for name in ("estimate", "low", "high"))
    return None if estimate is None or low is None or high is None else (estimate, low, high)
