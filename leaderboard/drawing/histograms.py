"""A histogram of counts that stand ready: one value is never seen, and a million rows cost what forty bins cost."""

from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.drawing.axis import Axis, draw_axis, number
from leaderboard.drawing.svg import SMALL, Drawing, Paper, place

TALL, ABOVE = 150.0, 18.0


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts in bins of one width from `low` to `high`; the quartiles are of the values themselves."""

    low: float
    high: float
    counts: Sequence[int]
    quartiles: tuple[float, float, float]


def histogram(
    bins: Bins, *, name: str, title: str, desc: str = "", axis: str = "", what: str = "row", width: float = 720.0
) -> Drawing:
    """The middle half stands above as a bar, the median as a line through it and the counts."""
    paper = Paper(name, title=title, desc=f"{desc} {_in_words(bins, what)}".strip(), width=width)
    scale = Axis(bins.low, bins.high, 52.0, width - 12)
    bottom, most = ABOVE + TALL, max([1, *bins.counts])
    end = draw_axis(paper, scale, top=ABOVE, bottom=bottom, label=axis)
    for share in (0.0, 0.5, 1.0):
        paper.text(44, bottom - share * TALL, f"{share * most:,.0f}", anchor="end", looks="muted", size=SMALL)
    paper.text(0, 6, f"{what}s", looks="muted", size=SMALL)
    wide = (scale.right - scale.left) / len(bins.counts)
    step = (bins.high - bins.low) / len(bins.counts)
    for i, count in enumerate(bins.counts):
        if count:
            begins, ends = (number(bins.low + k * step) for k in (i, i + 1))
            paper.row(f"{begins} to {ends}: {_n(count, what)}")
            left, right = scale.left + wide * i, scale.left + wide * (i + 1) - 1
            top = bottom - TALL * count / most
            corners = ((left, bottom), (left, top), (right, top), (right, bottom))
            paper.path("M" + " L".join(f"{place(x)} {place(y)}" for x, y in corners) + " Z")
    lower, median, upper = bins.quartiles
    paper.row(_in_words(bins, what))
    paper.line(scale.at(lower), 8, scale.at(upper), 8, looks="ink", width=4)
    paper.line(scale.at(median), 1, scale.at(median), bottom, looks="ink", width=1.5, dash="4 3")
    return paper.finish(end + 2)


def _in_words(bins: Bins, what: str) -> str:
    lower, median, upper = map(number, bins.quartiles)
    return f"{_n(sum(bins.counts), what)}: median {median}, half lie between {lower} and {upper}."


def _n(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
