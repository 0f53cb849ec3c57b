"""Small heat matrices side by side, on one scale. Each cell says its number: colour is for the first look alone."""

from collections.abc import Sequence

from leaderboard.drawing.axis import number
from leaderboard.drawing.svg import SMALL, Drawing, Paper, fitted, text_width
from leaderboard.drawing.values import Matrix

CELL, TALL, GAP = 46.0, 22.0, 22.0
RISE = ("#f3f7f8", "#e0ecf0", "#c9dfe7", "#aed0dc", "#90bfcf", "#6fabc0", "#2f7591", "#1c6483", "#0f5c79", "#08465e")
FALL = ("#fbf3ef", "#f6ddd3", "#ecc0ae", "#e09f85", "#b4512a", "#8a3212")
STRONG_RISE, STRONG_FALL = 6, 4
"""From these steps on, text is light."""


def matrices(
    panels: Sequence[Matrix],
    *,
    name: str,
    title: str,
    desc: str = "",
    low: float | None = None,
    high: float | None = None,
    diverging: bool = False,
    digits: int = 2,
    width: float = 720.0,
) -> Drawing:
    """Colours run from `low` to `high`, by default those of the values; `diverging`: away from zero, to both sides.

    `high` may be the smaller one, or below zero, where less is better. The cells of `sure` have an outline.
    """
    known = [value for panel in panels for row in panel.values for value in row if value is not None]
    if diverging:
        high = max([abs(value) for value in known], default=1.0) if high is None else high
        low = 0.0
    else:
        low = min(known, default=0.0) if low is None else low
        high = max(known, default=1.0) if high is None else high
    paper = Paper(name, title=title, desc=_described(desc, panels, digits=digits, sign=diverging), width=width)
    left, top, tallest = 0.0, 0.0, 0.0
    for panel in panels:
        labels = min(90.0, max([24.0, *(text_width(row, SMALL) + 10 for row in panel.rows)]))
        wide, tall = labels + CELL * len(panel.columns), 40 + TALL * len(panel.rows)
        if left and left + wide > width:
            left, top, tallest = 0.0, top + tallest + GAP, 0.0
        paper.width = max(paper.width, wide)
        _panel(paper, panel, left, top, labels, (low, high), diverging=diverging, digits=digits)
        left, tallest = left + wide + GAP, max(tallest, tall)
    return paper.finish(top + tallest + 4)


def shade(value: float, *, low: float, high: float, diverging: bool = False) -> tuple[str, str, bool]:
    """The class of a value, its colour on white, and whether text on it has to be light."""
    span = high - low
    share = (value - low) / span if span else 0.0
    if diverging and share < 0:
        step = min(len(FALL) - 1, int(-share * len(FALL)))
        return f"fall-{step}", FALL[step], step >= STRONG_FALL
    if share < 0:
        return "fall-1", FALL[1], False
    step = min(len(RISE) - 1, int(share * len(RISE)))
    return f"rise-{step}", RISE[step], step >= STRONG_RISE


def _panel(
    paper: Paper,
    panel: Matrix,
    left: float,
    top: float,
    labels: float,
    ends: tuple[float, float],
    *,
    diverging: bool,
    digits: int,
) -> None:
    paper.row(panel.label)
    paper.text(left, top + 8, fitted(panel.label, labels + CELL * len(panel.columns)), bold=True)
    for j, column in enumerate(panel.columns):
        x = left + labels + CELL * (j + 0.5)
        paper.row(column)
        paper.text(x, top + 27, fitted(column, CELL - 2, 9.5), anchor="middle", looks="muted", size=9.5)
    for i, row in enumerate(panel.rows):
        y = top + 36 + TALL * i
        paper.row(row)
        paper.text(left, y + TALL / 2, fitted(row, labels - 6, SMALL), looks="muted", size=SMALL)
        for j, value in enumerate(panel.values[i]):
            paper.row(_cell_in_words(panel, i, j, digits=digits, sign=diverging))
            _cell(paper, panel, (i, j), left + labels + CELL * j, y, value, ends, diverging=diverging, digits=digits)


def _cell(
    paper: Paper,
    panel: Matrix,
    where: tuple[int, int],
    x: float,
    y: float,
    value: float | None,
    ends: tuple[float, float],
    *,
    diverging: bool,
    digits: int,
) -> None:
    wide, tall = CELL - 2, TALL - 2
    if value is None:
        paper.hatched(x, y, wide, tall)
        paper.text(x + wide / 2, y + tall / 2, "n/a", anchor="middle", looks="muted", size=SMALL)
        return
    looks, fill, is_strong = shade(value, low=ends[0], high=ends[1], diverging=diverging)
    outline = "currentColor" if where in panel.sure else ""
    paper.rect(x, y, wide, tall, looks=looks, fill=fill, stroke=outline)
    ink = ("on-strong", "#ffffff") if is_strong else ("on-light", "#14242b")
    said = fitted(number(value, digits=digits, sign=diverging), CELL, 9.5)
    paper.text(x + wide / 2, y + tall / 2, said, anchor="middle", looks=ink[0], fill=ink[1], size=9.5)


def _described(desc: str, panels: Sequence[Matrix], *, digits: int, sign: bool) -> str:
    said = []
    for panel in panels:
        cells = [
            _cell_in_words(panel, i, j, digits=digits, sign=sign)
            for i in range(len(panel.rows))
            for j in range(len(panel.columns))
        ]
        said.append(f"{panel.label}: {'; '.join(cells)}.")
    return " ".join([desc, *said]).strip()


def _cell_in_words(panel: Matrix, i: int, j: int, *, digits: int, sign: bool) -> str:
    value = panel.values[i][j]
    said = f"{panel.rows[i]} to {panel.columns[j]} {number(value, digits=digits, sign=sign)}"
    if value is None:
        return f"{said} ({(panel.why or {}).get((i, j)) or 'undefined'})"
    return f"{said}, marked" if (i, j) in panel.sure else said
