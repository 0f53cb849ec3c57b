"""Critical-difference figures: models on a score or rank axis, and bars that join what cannot be told apart.

Turned by a quarter from the usual form, so that long names and many models have room. Here two models have a bar in
common exactly where they cannot be told apart, also where their neighbours can.
"""

from collections.abc import Sequence

from leaderboard.drawing.axis import Axis, draw_axis, number
from leaderboard.drawing.svg import SMALL, Drawing, Paper, fitted, text_width
from leaderboard.drawing.values import Placed

ROW, BAR = 22.0, 13.0
SAID = 60


def critical_difference(
    models: Sequence[Placed],
    told_apart: Sequence[Sequence[bool]],
    *,
    name: str,
    title: str,
    desc: str = "",
    axis: str = "",
    width: float = 720.0,
) -> Drawing:
    """`models` best first, the undefined last; `told_apart[i][j]`, which is symmetric, says whether a difference of the
    two was found. The undefined get no bar."""
    known = [i for i, model in enumerate(models) if model.score is not None]
    bars = joined(known, told_apart)
    paper = Paper(name, title=title, desc=_described(desc, models, bars), width=width)
    labels = min(width * 0.34, max([60.0, *(text_width(model.label) + 8 for model in models)]))
    beside = max([0.0, *(text_width(model.beside, SMALL) + 12 for model in models)])
    right = max(labels + 130.0, width - beside - 66 - BAR * len(bars))
    paper.width = max(width, right + 66 + beside + BAR * len(bars))
    scores = [model.score for model in models if model.score is not None]
    scale = Axis.around(scores, left=labels + 10, right=right)
    bottom = ROW * len(models) + 6
    end = draw_axis(paper, scale, top=4, bottom=bottom, label=axis)
    for i, model in enumerate(models):
        _row(paper, scale, model, y=_middle(i), labels=labels, beside=right + 66)
    for k, members in enumerate(bars):
        x = right + 66 + beside + BAR * (k + 0.5)
        paper.row("cannot be told apart: " + ", ".join(models[i].label for i in members))
        paper.line(x, _middle(members[0]), x, _middle(members[-1]), looks="ink", width=2)
        for i in members:
            paper.dot(x, _middle(i), looks="ink", fill="currentColor", r=3.5)
    return paper.finish(end + 2)


def joined(models: Sequence[int], told_apart: Sequence[Sequence[bool]]) -> list[list[int]]:
    """Sets of models within which none can be told apart, the fewest that a greedy search finds for all such pairs."""
    left = {(i, j) for a, i in enumerate(models) for j in models[a + 1 :] if not told_apart[i][j]}
    found: list[list[int]] = []
    for i in models:
        while partners := [j for j in models if (i, j) in left]:
            members = [i, partners[-1]]
            # Those between first, so that a bar is a run of neighbours wherever it can be one.
            for k in sorted(models, key=lambda k: (not i < k < partners[-1], k)):
                if k not in members and not any(told_apart[k][m] for m in members):
                    members.append(k)
            members.sort()
            left -= {(a, b) for n, a in enumerate(members) for b in members[n + 1 :]}
            found.append(members)
    return found


def _row(paper: Paper, scale: Axis, model: Placed, *, y: float, labels: float, beside: float) -> None:
    paper.row(_in_words(model))
    paper.text(0, y, fitted(model.label, labels))
    if model.score is None:
        said = f"n/a: {model.why}" if model.why else "n/a"
        said = fitted(said, paper.width - scale.left - 4, SMALL)
        paper.text(scale.left + 4, y, said, looks="muted", size=SMALL, halo=True)
        return
    paper.mark(scale.at(model.score), y, model.mark)
    paper.text(scale.right + 60, y, number(model.score), anchor="end", size=SMALL)
    if model.beside:
        paper.text(beside + 4, y, model.beside, looks="muted", size=SMALL)


def _middle(row: int) -> float:
    return 6 + ROW * (row + 0.5)


def _described(desc: str, models: Sequence[Placed], bars: Sequence[Sequence[int]]) -> str:
    rows = "; ".join(_in_words(model) for model in models[:SAID])
    groups = "; ".join(", ".join(models[i].label for i in members) for members in bars[:SAID])
    together = f"Cannot be told apart: {groups}." if groups else "All can be told apart."
    return f"{desc} {rows}. {together}".strip()


def _in_words(model: Placed) -> str:
    if model.score is None:
        return f"{model.label}: n/a ({model.why or 'undefined'})"
    return f"{model.label}: {number(model.score)}" + (f", {model.beside}" if model.beside else "")
