"""A comparison as tables and figures: what a template places."""

from collections.abc import Sequence
from dataclasses import dataclass

from evaluator.scoring.number import Number
from leaderboard import drawing
from leaderboard.drawing import Drawing, Estimate, Mark, Matrix, Panel, Placed
from leaderboard.drawing.axis import number
from leaderboard.pages.board_lines import rank_text
from leaderboard.pages.compare_words import digits_for
from leaderboard.pages.figures import Figure, figure, metric_name
from leaderboard.publishing.comparisons import MOST_IN_DETAIL, Compared, Difference, Verdict
from leaderboard.publishing.entrants import Entrant
from leaderboard.publishing.measures import Measure, View
from leaderboard.reads.comparing import Option

ALL = "all targets"
WORDS = {Verdict.BETTER: "yes", Verdict.WORSE: "no", Verdict.CANNOT_TELL: "unsure", Verdict.UNDEFINED: ""}
WASHES = {Verdict.BETTER: "heat-3", Verdict.WORSE: "heat-below"}


@dataclass(frozen=True, slots=True)
class Cell:
    """A difference, and the verdict as a word; the colour says no more than the word."""

    figure: Figure
    word: str = ""
    looks: str = ""
    wash: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    cells: tuple[Cell | None, ...]
    note: str = ""
    also: str = ""  # a second heading: the target beside a source


@dataclass(frozen=True, slots=True)
class Contender:
    rank: str
    tie_group: str
    label: str
    slug: str
    about: str
    score: Figure


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    has_targets: bool = False  # rows have a second heading


def cell(difference: Difference) -> Cell:
    shown = difference_figure(difference)
    word = "" if difference.verdict is Verdict.UNDEFINED else str(difference.verdict)
    return Cell(shown, word, WORDS[difference.verdict], WASHES.get(difference.verdict, ""))


def difference_figure(difference: Difference) -> Figure:
    interval, digits = difference.interval, digits_for(difference)
    if not interval.estimate.is_defined:
        return Figure("n/a", reason=interval.estimate.reason or "undefined")
    shown = number(interval.estimate.value, digits=digits, sign=True)
    if not interval.low.is_defined:
        return Figure(shown, note=f"no interval: {interval.low.reason}")
    low, high = (number(end.value, digits=digits, sign=True) for end in (interval.low, interval.high))
    return Figure(shown, range=f"{low} to {high}", is_narrow=interval.too_narrow)


def contenders(
    labels: Sequence[str], these: Sequence[Option], who: Sequence[Entrant], found: Compared
) -> list[Contender]:
    """Best first."""
    return [
        Contender(
            rank=rank_text([found.places[i].first, found.places[i].last]) if found.places[i].tie_group else "n/a",
            tie_group=str(found.places[i].tie_group or ""),
            label=labels[i],
            slug=these[i].slug or "",
            about=" · ".join(filter(None, (these[i].kind, these[i].team))),
            score=figure(who[i].intervals[found.view.key]),
        )
        for i in best_first(who, found)
    ]


def best_first(who: Sequence[Entrant], found: Compared) -> list[int]:
    sign = -1 if found.view.measure.higher_is_better else 1
    known = [found.places[i].tie_group is not None for i in range(len(who))]
    return sorted(
        range(len(who)), key=lambda i: (not known[i], sign * who[i].draws[found.view.key][0] if known[i] else 0)
    )


def measures(labels: Sequence[str], found: Compared) -> Table:
    """Of two: every measure on every target. Of more: every measure on the target looked at, the first less each."""
    targets = list(dict.fromkeys(view.target for view in found.views))
    names = list(dict.fromkeys(view.measure for view in found.views))
    if len(labels) == 2:
        columns = tuple(target or ALL for target in targets)
        cells = {one: tuple(cell(found.views[View(one, target)][0]) for target in targets) for one in names}
    else:
        columns = tuple(labels[1:])
        cells = {one: tuple(map(cell, found.views[View(one, found.view.target)])) for one in names}
    return Table(columns, tuple(Row(metric_name(str(one)), cells[one], note=_lower(one)) for one in names))


def entries(labels: Sequence[str], found: Compared) -> Table:
    """Of two: G, sources by targets. Of more: a row for each entry, the first less each."""
    sources = list(dict.fromkeys(source for source, _ in found.entries))
    targets = list(dict.fromkeys(target for _, target in found.entries))
    if len(labels) > 2:
        rows = tuple(
            Row(source, tuple(map(cell, of_entry)), also=target) for (source, target), of_entry in found.entries.items()
        )
        return Table(tuple(labels[1:]), rows, has_targets=True)
    grid = tuple(Row(s, tuple(cell(found.entries[s, t][0]) for t in targets)) for s in sources)
    return Table(tuple(targets), grid)


def pairs(labels: Sequence[str], found: Compared) -> Table:
    """Each row less each column, for all but itself."""
    n = range(len(labels))
    rows = (Row(labels[i], tuple(None if i == j else _either(found, i, j) for j in n)) for i in n)
    return Table(tuple(labels), tuple(rows))


def figures(labels: Sequence[str], who: Sequence[Entrant], found: Compared) -> dict[str, Drawing]:
    """By the part of the page that they belong to."""
    made = {}
    if len(labels) > 2:
        made["critical"] = _critical(labels, who, found)
    if len(labels) <= MOST_IN_DETAIL:
        made["targets"] = _by_target(labels, found)
    if found.entries:
        made["entries"] = _by_entry(labels, found)
    return made


def captions(labels: Sequence[str], found: Compared) -> dict[str, str]:
    """What the tables of differences are, by their part of the page."""
    by_luck = "Each interval stands for itself: of twenty differences that are none, one is told by luck."
    if len(labels) == 2:
        of, word = f"{labels[0]} less {labels[1]}, with 95% intervals", f"the word is of {labels[0]}"
        return {
            "measures": f"{of}; {word}. On one target it is the mean over sources. {by_luck}",
            "entries": f"{of}, {_measure(found)}; {word}. Rows are sources, columns targets. {by_luck}",
        }
    where = f"on {found.view.target}" if found.view.target else "mean over targets"
    of = f"{labels[0]} less the model of each column, with intervals of all pairs at once"
    return {
        "measures": f"{of}, {where}; the word is of {labels[0]}.",
        "entries": f"{of}, {_measure(found)}; the word is of {labels[0]}.",
    }


def _measure(found: Compared) -> str:
    better = "" if found.view.measure.higher_is_better else " (lower is better)"
    return f"by {metric_name(str(found.view.measure))}{better}"


def _either(found: Compared, i: int, j: int) -> Cell:
    if i < j:
        return cell(found.pairs[i, j])
    return cell(found.pairs[j, i].turned())


def _lower(measure: Measure) -> str:
    return "" if measure.higher_is_better else "lower is better"


def _estimate(label: str, difference: Difference) -> Estimate:
    """A ring where zero is within the interval: a disc is a difference that was told."""
    numbers = (difference.interval.estimate, difference.interval.low, difference.interval.high)
    known = [_known(one) for one in numbers]
    told = difference.verdict in {Verdict.BETTER, Verdict.WORSE}
    why = next((one.reason for one in numbers if one.reason), "")
    return Estimate(label, known[0], known[1], known[2], why=why, mark=Mark.DISC if told else Mark.RING)


def _known(number: Number) -> float | None:
    return number.value if number.is_defined else None


def _axis(found: Compared, first: str, other: str) -> str:
    left, right = (other, first) if found.view.measure.higher_is_better else (first, other)
    return f"← {left} better · difference in {metric_name(str(found.view.measure))} · {right} better →"


def _by_target(labels: Sequence[str], found: Compared) -> Drawing:
    of_measure = {view.target or ALL: made for view, made in found.views.items() if view.measure == found.view.measure}
    name = metric_name(str(found.view.measure))
    if len(labels) == 2:
        return drawing.intervals(
            [_estimate(target, made[0]) for target, made in of_measure.items()],
            name="differences",
            title=f"{labels[0]} less {labels[1]}: {name} by target",
            desc="Differences with 95% intervals; a filled mark is a difference that was told, a ring is none.",
            axis=_axis(found, labels[0], labels[1]),
            sign=True,
        )
    return drawing.multiples(
        [Panel(target, list(map(_estimate, labels[1:], made))) for target, made in of_measure.items()],
        name="differences",
        title=f"{labels[0]} less each other: {name} by target",
        desc="Differences with simultaneous 95% intervals; a filled mark is one that was told, a ring is none.",
        zero=True,
    )


def _by_entry(labels: Sequence[str], found: Compared) -> Drawing:
    sources = list(dict.fromkeys(source for source, _ in found.entries))
    targets = list(dict.fromkeys(target for _, target in found.entries))
    name = metric_name(str(found.view.measure))
    if len(labels) == 2:
        return drawing.multiples(
            [Panel(f"to {t}", [_estimate(s, found.entries[s, t][0]) for s in sources]) for t in targets],
            name="entries",
            title=f"{labels[0]} less {labels[1]}: {name} of each entry of G",
            desc="A panel for each target, a row for each source, with 95% intervals; a filled mark is a difference "
            "that was told, a ring is none.",
            zero=True,
        )
    made = [_matrix(label, k, found, sources, targets) for k, label in enumerate(labels[1:])]
    largest = max([abs(one) for matrix in made for row in matrix.values for one in row if one is not None], default=1.0)
    return drawing.matrices(
        made,
        name="entries",
        title=f"{labels[0]} less each other: {name} of each entry of G",
        desc="Rows are sources, columns targets; an outline marks a difference that was told.",
        high=largest if found.view.measure.higher_is_better else -largest,
        diverging=True,
        digits=3,
    )


def _matrix(label: str, k: int, found: Compared, sources: Sequence[str], targets: Sequence[str]) -> Matrix:
    at = {(i, j): found.entries[s, t][k] for i, s in enumerate(sources) for j, t in enumerate(targets)}
    return Matrix(
        f"less {label}",
        sources,
        targets,
        [[_known(at[i, j].interval.estimate) for j in range(len(targets))] for i in range(len(sources))],
        sure=frozenset(where for where, one in at.items() if one.verdict in {Verdict.BETTER, Verdict.WORSE}),
        why={where: one.interval.estimate.reason or "" for where, one in at.items()},
    )


def _critical(labels: Sequence[str], who: Sequence[Entrant], found: Compared) -> Drawing:
    order = best_first(who, found)
    rows = []
    for i in order:
        place, interval = found.places[i], who[i].intervals[found.view.key]
        known = place.tie_group is not None
        made = Estimate.of(labels[i], interval)
        beside = f"rank {rank_text([place.first, place.last])}" if known else ""
        rows.append(Placed(labels[i], made.estimate if known else None, beside=beside, why=made.why))
    return drawing.critical_difference(
        rows,
        [[found.told_apart(i, j) for j in order] for i in order],
        name="critical-difference",
        title=f"What can be told apart by {metric_name(str(found.view.measure))}",
        desc="Models from best to worst. Two have a bar in common exactly where they cannot be told apart.",
        axis=metric_name(str(found.view.measure))
        + ("" if found.view.measure.higher_is_better else " (lower is better)"),
    )
