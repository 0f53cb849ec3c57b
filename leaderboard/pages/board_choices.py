"""The other views of a track's board, as links."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.http import urlencode

from leaderboard.pages.figures import METRICS, metric_name

MEAN = "all, averaged"


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    query: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Choices:
    metrics: tuple[Choice, ...]
    targets: tuple[Choice, ...]


def query(metric: str, target: str) -> str:
    return "?" + urlencode({"metric": metric} | ({"target": target} if target else {}))


def choices(there: Sequence[tuple[str, str]], order: Sequence[str], *, metric: str, target: str) -> Choices:
    """Of the boards that are `there`: every metric on this target or on the mean, every target by this metric.

    `order` is that of the track's targets.
    """
    known = set(there)
    metrics = sorted({m for m, _ in known}, key=_place(list(METRICS)))
    targets = sorted({t for m, t in known if m == metric}, key=_place(["", *order]))
    return Choices(
        tuple(
            Choice(metric_name(m), query(m, target if (m, target) in known else ""), is_here=m == metric)
            for m in metrics
        ),
        tuple(Choice(t or MEAN, query(metric, t), is_here=t == target) for t in targets),
    )


def _place(order: list[str]) -> Callable[[str], tuple[int, str]]:
    return lambda name: (order.index(name) if name in order else len(order), name)
