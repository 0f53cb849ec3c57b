"""The other views of a track's board, as links, and the form for columns and filters."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leaderboard.pages.board_asked import COLUMNS, KINDS, MEASURED, Asked, Data, Shown
from leaderboard.pages.figures import METRICS, metric_name
from leaderboard.reads.boards import View

MEAN = "all, averaged"
ANSWERS = {Data.OPEN: "open targets", Data.SEALED: "sealed targets"}
WAYS = {Shown.TABLE: "as a table", Shown.TARGETS: "drawn, target by target"}


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    query: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Choices:
    metrics: tuple[Choice, ...]
    targets: tuple[Choice, ...]
    answers: tuple[Choice, ...] = ()
    ways: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Form:
    """What may be asked of the table besides metric and target, with what is asked now."""

    asked: Asked
    columns: tuple[Option, ...]
    kinds: tuple[Option, ...]
    is_open: bool


def choices(there: Sequence[View], order: Sequence[str], asked: Asked) -> Choices:
    """Of the boards that are `there`: every metric on this target or on the mean, every target by this metric.

    `order` is that of the track's targets.
    """
    known, metric, target = set(there), asked.metric, asked.target
    metrics = sorted({m for m, _ in known}, key=_place(list(METRICS)))
    targets = sorted({t for m, t in known if m == metric}, key=_place(["", *order]))

    def leads_to(metric: str, target: str) -> str:
        return asked.but(metric=metric, target=target, sort=_sort(asked, metric)).query()

    return Choices(
        tuple(
            Choice(metric_name(m), leads_to(m, target if (m, target) in known else ""), is_here=m == metric)
            for m in metrics
        ),
        tuple(Choice(t or MEAN, leads_to(metric, t), is_here=t == target) for t in targets),
        tuple(Choice(label, Asked(data=one).query(), one == asked.data) for one, label in ANSWERS.items()),
        tuple(Choice(label, asked.but(shown=one).query(), one == asked.shown) for one, label in WAYS.items()),
    )


def form(there: Sequence[View], asked: Asked) -> Form:
    """Of the past the columns that every line has of itself are kept, and no others."""
    on_target = {metric for metric, target in there if target == asked.target}
    offered = [name for name in COLUMNS if name != asked.metric and (name not in MEASURED or name in on_target)]
    if asked.as_of:
        offered = [name for name in offered if name not in MEASURED]
    return Form(
        asked,
        tuple(Option(name, COLUMNS[name], name in asked.column) for name in offered),
        tuple(Option(kind, f"{kind}s", kind == asked.kind) for kind in KINDS),
        is_open=not asked.but(shown=Shown.TABLE, sort="rank").is_plain,
    )


def _sort(asked: Asked, metric: str) -> str:
    """What ranks now is no column any more."""
    return "rank" if asked.order == metric else asked.sort


def _place(order: list[str]) -> Callable[[str], tuple[int, str]]:
    return lambda name: (order.index(name) if name in order else len(order), name)
