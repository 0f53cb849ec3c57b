"""What a model's page is asked for: a metric, labels, one entry of G; each of those that the card has, or not found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest

from leaderboard.pages.figures import metric_name
from leaderboard.pages.model_sheet import REAL, arms_of, metrics_of

LABELS = {REAL: "true", "intradrug": "shuffled within each drug", "intracell": "shuffled within each cell"}


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several links; `value` goes into the query."""

    value: str
    label: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Asked:
    metric: str
    metrics: list[Choice]
    arm: str
    arms: list[Choice]


@dataclass(frozen=True, slots=True)
class Entry:
    source: str
    target: str
    sources: list[Choice]
    targets: list[Choice]


def asked(request: HttpRequest, card: Mapping[str, Any]) -> Asked | None:
    """None where the card has no matrix."""
    offered = metrics_of(card)
    metric = _one_of(request, "metric", offered)
    if not metric:
        return None
    arms = arms_of(card, metric)
    arm = _one_of(request, "labels", arms)
    return Asked(
        metric,
        [Choice(one, metric_name(one), one == metric) for one in offered],
        arm,
        [Choice(one, LABELS.get(one, one), one == arm) for one in arms],
    )


def asked_entry(request: HttpRequest, entries: Sequence[tuple[str, str]]) -> Entry | None:
    """Of those, by source and target, that were taken apart; usually the first from one study to another."""
    if not entries:
        return None
    sources, targets = (list(dict.fromkeys(names)) for names in zip(*entries, strict=True))
    usual = next(((s, t) for s, t in entries if s != t), entries[0])
    source = _one_of(request, "source", sources, usual[0])
    target = _one_of(request, "target", targets, next((t for s, t in entries if s == source and t != source), usual[1]))
    if (source, target) not in entries:
        raise Http404("This model was not taken apart from this source to this target.")
    return Entry(
        source,
        target,
        [Choice(one, one, one == source) for one in sources],
        [Choice(one, f"{one} (itself)" if one == source else one, one == target) for one in targets],
    )


def _one_of(request: HttpRequest, name: str, offered: Sequence[str], usual: str = "") -> str:
    """The first of those offered, unless another is usual; not found for one that is not offered."""
    wanted = request.GET.get(name, "")
    if wanted and wanted not in offered:
        raise Http404(f"This model has no such {name}.")
    return wanted or usual or next(iter(offered), "")
