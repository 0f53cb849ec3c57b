"""Interval plots: rows of an estimate with its bounds, their numbers beside them."""

from collections.abc import Sequence

from leaderboard.drawing.axis import Axis, draw_axis, in_words, number
from leaderboard.drawing.svg import SMALL, Drawing, Paper, fitted, text_width
from leaderboard.drawing.values import Estimate

ROW, ROW_WITH_NOTE = 24.0, 36.0
SAID = 60
"""At most so many rows are read aloud in the description; all stand in the table beside the figure."""


def intervals(
    rows: Sequence[Estimate],
    *,
    name: str,
    title: str,
    desc: str = "",
    axis: str = "",
    zero: bool = True,
    sign: bool = False,
    width: float = 720.0,
) -> Drawing:
    """`axis` says what is measured and which side is better; `zero` draws a line there; `sign` writes + too."""
    paper = Paper(name, title=title, desc=described(desc, rows, sign=sign), width=width)
    labels = min(width * 0.3, max([60.0, *(text_width(row.label) + 8 for row in rows)]))
    numbers = max(
        [20.0, *(text_width(_figures(row, sign=sign), SMALL) + 8 for row in rows if row.estimate is not None)]
    )
    scale = Axis.of(rows, left=labels + 10, right=width - numbers - 12, zero=zero)
    height = sum(map(_tall, rows)) + 8
    end = draw_axis(paper, scale, top=4, bottom=height, label=axis, zero=zero)
    top = 6.0
    for row in rows:
        _draw(paper, scale, row, top=top, labels=labels, sign=sign)
        top += _tall(row)
    return paper.finish(end + 2)


def described(desc: str, rows: Sequence[Estimate], *, sign: bool = False) -> str:
    said = [in_words(row, sign=sign) for row in rows[:SAID]]
    if len(rows) > SAID:
        said.append(f"and {len(rows) - SAID} more")
    return f"{desc} {'; '.join(said)}.".strip()


def draw_interval(paper: Paper, scale: Axis, row: Estimate, y: float) -> None:
    """The bounds as a line with ends, the estimate as a mark; what lies outside of the axis as an arrow at its end."""
    if row.estimate is None:
        return
    if row.bounds:
        low, high = row.bounds
        paper.line(scale.at(low), y, scale.at(high), y, looks="accent", width=2)
        for end in row.bounds:
            if scale.holds(end):
                paper.line(scale.at(end), y - 4, scale.at(end), y + 4, looks="accent", width=1.5)
            elif scale.holds(row.estimate):
                paper.beyond(scale.at(end), y, upwards=end > scale.high)
    if scale.holds(row.estimate):
        paper.mark(scale.at(row.estimate), y, row.mark)
    else:
        paper.beyond(scale.at(row.estimate), y, upwards=row.estimate > scale.high)


def _draw(paper: Paper, scale: Axis, row: Estimate, *, top: float, labels: float, sign: bool) -> None:
    paper.row(in_words(row, sign=sign))
    y = top + ROW / 2
    paper.text(0, y, fitted(row.label, labels))
    if row.note:
        paper.text(0, y + 14, fitted(row.note, labels, SMALL), looks="muted", size=SMALL)
    if row.estimate is None:
        said = f"n/a: {row.why}" if row.why else "n/a"
        said = fitted(said, paper.width - scale.left - 4, SMALL)
        paper.text(scale.left + 4, y, said, looks="muted", size=SMALL, halo=True)
        return
    draw_interval(paper, scale, row, y)
    paper.text(paper.width, y, _figures(row, sign=sign), anchor="end", size=SMALL)
    if row.bounds is None and row.why:
        said = fitted(f"no interval: {row.why}", paper.width - scale.left, SMALL)
        paper.text(paper.width, y + 14, said, anchor="end", looks="muted", size=SMALL, halo=True)


def _tall(row: Estimate) -> float:
    """A row with a second line needs more room."""
    return ROW_WITH_NOTE if row.note or (row.estimate is not None and row.bounds is None and row.why) else ROW


def _figures(row: Estimate, *, sign: bool) -> str:
    said = number(row.estimate, sign=sign)
    if row.bounds is None:
        return said
    low, high = (number(end, sign=sign) for end in row.bounds)
    return f"{said} ({low} to {high})"
