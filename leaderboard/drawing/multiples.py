"""Small multiples: the same rows in panel after panel, as a model beside baselines and its permuted self by target."""

from collections.abc import Sequence

from leaderboard.drawing.axis import Axis, draw_axis, in_words, number
from leaderboard.drawing.intervals import draw_interval
from leaderboard.drawing.svg import SMALL, Drawing, Paper, fitted, text_width
from leaderboard.drawing.values import Estimate, Panel

ROW, GAP, LEAST = 19.0, 18.0, 150.0


def multiples(
    panels: Sequence[Panel],
    *,
    name: str,
    title: str,
    desc: str = "",
    axis: str = "",
    zero: bool = False,
    columns: int = 3,
    width: float = 720.0,
) -> Drawing:
    """One axis for all panels; rows are named at the left of each line of panels, and told apart by their marks."""
    paper = Paper(name, title=title, desc=_described(desc, panels), width=width)
    names = [row.label for panel in panels for row in panel.rows]
    labels = min(width * 0.3, max([40.0, *(text_width(one, SMALL) + 8 for one in names)]))
    columns = max(1, min(columns, len(panels), int((width - labels + GAP) // (LEAST + GAP))))
    wide = (width - labels - 8 - GAP * (columns - 1)) / columns
    every = Axis.of([row for panel in panels for row in panel.rows], left=0, right=wide - 8, zero=zero)
    top = 0.0
    for first in range(0, len(panels), columns):
        line = panels[first : first + columns]
        ends = []
        for k, panel in enumerate(line):
            left = labels + 8 + k * (wide + GAP)
            scale = Axis(every.low, every.high, left, left + wide - 8)
            ends.append(_panel(paper, panel, scale, top=top, labels=labels if k == 0 else 0.0, axis=axis, zero=zero))
        top = max(ends) + 12
    return paper.finish(max(top - 8, 4))


def _panel(paper: Paper, panel: Panel, scale: Axis, *, top: float, labels: float, axis: str, zero: bool) -> float:
    paper.row(panel.label)
    paper.text(scale.left, top + 9, fitted(panel.label, scale.right - scale.left), bold=True)
    bottom = top + 24 + ROW * len(panel.rows)
    end = draw_axis(paper, scale, top=top + 20, bottom=bottom, label=axis, zero=zero)
    for i, row in enumerate(panel.rows):
        paper.row(f"{panel.label}, {in_words(row)}")
        y = top + 22 + ROW * (i + 0.5)
        if labels:
            paper.text(0, y, fitted(row.label, labels, SMALL), size=SMALL)
        _row(paper, scale, row, y)
    return end


def _row(paper: Paper, scale: Axis, row: Estimate, y: float) -> None:
    if row.estimate is None:
        said = f"n/a: {row.why}" if row.why else "n/a"
        said = fitted(said, scale.right - scale.left, 9.5)
        paper.text(scale.left + 3, y, said, looks="muted", size=9.5, halo=True)
        return
    draw_interval(paper, scale, row, y)
    if not scale.holds(row.estimate):
        outside = row.estimate > scale.high
        x, anchor = (scale.right - 9, "end") if outside else (scale.left + 9, "start")
        paper.text(x, y, number(row.estimate), anchor=anchor, looks="muted", size=9.5)


def _described(desc: str, panels: Sequence[Panel]) -> str:
    said = [f"{panel.label}: {'; '.join(map(in_words, panel.rows))}." for panel in panels]
    return " ".join([desc, *said]).strip()
