"""Distributions of many values a row: a mirrored histogram, the middle half as a bar, the median as a line.

Few values are drawn as strokes, one each: a histogram of a dozen drugs would say more than they do.
"""

import math
from collections.abc import Sequence

from leaderboard.drawing.axis import Axis, draw_axis, number
from leaderboard.drawing.svg import SMALL, Drawing, Paper, fitted, place, text_width
from leaderboard.drawing.values import Sample

ROW, BINS, FEW = 44.0, 48, 40
_REACH = 6.0


def distributions(
    samples: Sequence[Sample],
    *,
    name: str,
    title: str,
    desc: str = "",
    axis: str = "",
    zero: bool = False,
    width: float = 720.0,
) -> Drawing:
    """All rows on one axis. Values far outside of most are counted beside the row, with an arrow where they lie."""
    made = [sorted(value for value in sample.values if math.isfinite(value)) for sample in samples]
    paper = Paper(name, title=title, desc=_described(desc, samples, made), width=width)
    labels = min(width * 0.3, max([60.0, *(text_width(sample.label) + 8 for sample in samples)]))
    ends = [end for values in made if values for end in _ends(values)] + ([0.0] if zero else [])
    scale = Axis.around(ends, left=labels + 10, right=width - 130)
    bottom = ROW * len(samples) + 6
    end = draw_axis(paper, scale, top=4, bottom=bottom, label=axis, zero=zero)
    for i, (sample, values) in enumerate(zip(samples, made, strict=True)):
        _draw(paper, scale, sample, values, y=6 + ROW * (i + 0.5), labels=labels)
    return paper.finish(end + 2)


def quantile(values: Sequence[float], share: float) -> float:
    """Of sorted values, between neighbours in proportion."""
    at = share * (len(values) - 1)
    below = math.floor(at)
    above = min(below + 1, len(values) - 1)
    return values[below] + (at - below) * (values[above] - values[below])


def _draw(paper: Paper, scale: Axis, sample: Sample, values: Sequence[float], *, y: float, labels: float) -> None:
    paper.row(_in_words(sample, values))
    paper.text(0, y - (6 if sample.note else 0), fitted(sample.label, labels))
    if sample.note:
        paper.text(0, y + 9, fitted(sample.note, labels, SMALL), looks="muted", size=SMALL)
    if sample.n_undefined and values:
        paper.text(paper.width, y + 9, f"{sample.n_undefined} n/a", anchor="end", looks="muted", size=SMALL)
    if not values:
        said = f"n/a: {sample.why}" if sample.why else "n/a: no values"
        said = fitted(said, paper.width - scale.left - 4, SMALL)
        paper.text(scale.left + 4, y, said, looks="muted", size=SMALL, halo=True)
        return
    inside = [value for value in values if scale.holds(value)]
    if len(values) > FEW:
        paper.path(_outline(scale, inside, y), looks="wash")
    else:
        for value in inside:
            paper.line(scale.at(value), y - 9, scale.at(value), y + 9, looks="accent")
    for upwards in (False, True):
        if any(value > scale.high if upwards else value < scale.low for value in values):
            paper.beyond(scale.right if upwards else scale.left, y, upwards=upwards)
    lower, median, upper = (quantile(values, share) for share in (0.25, 0.5, 0.75))
    paper.line(scale.at(lower), y, scale.at(upper), y, looks="ink", width=3)
    paper.line(scale.at(median), y - 13, scale.at(median), y + 13, looks="ink", width=2)
    paper.text(paper.width, y - 5, f"{number(median)}, n = {len(values)}", anchor="end", size=SMALL)


def _outline(scale: Axis, values: Sequence[float], y: float) -> str:
    wide = (scale.right - scale.left) / BINS
    counts = [0] * BINS
    for value in values:
        counts[min(BINS - 1, int((scale.at(value) - scale.left) / wide))] += 1
    most = max([1, *counts])
    filled = [i for i, count in enumerate(counts) if count]
    if not filled:
        return ""
    above, below = [], []
    for i in range(filled[0], filled[-1] + 1):
        half = (ROW / 2 - 4) * counts[i] / most
        for x in (scale.left + wide * i, scale.left + wide * (i + 1)):
            above.append(f"{place(x)} {place(y - half)}")
            below.append(f"{place(x)} {place(y + half)}")
    return "M" + " L".join(above + below[::-1]) + " Z"


def _ends(values: Sequence[float]) -> tuple[float, float]:
    lower, upper = quantile(values, 0.25), quantile(values, 0.75)
    reach = _REACH * (upper - lower)
    return (max(values[0], lower - reach), min(values[-1], upper + reach)) if reach else (values[0], values[-1])


def _described(desc: str, samples: Sequence[Sample], made: Sequence[Sequence[float]]) -> str:
    said = [_in_words(sample, values) for sample, values in zip(samples, made, strict=True)]
    return f"{desc} {'; '.join(said)}.".strip()


def _in_words(sample: Sample, values: Sequence[float]) -> str:
    if not values:
        return f"{sample.label}: n/a ({sample.why or 'no values'})"
    lower, median, upper = (number(quantile(values, share)) for share in (0.25, 0.5, 0.75))
    said = f"{sample.label}: median {median}, half lie between {lower} and {upper}, {len(values)} values"
    return f"{said}, {sample.n_undefined} undefined" if sample.n_undefined else said
