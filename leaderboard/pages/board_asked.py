"""What somebody asks of a board, read from the address; and addresses, so that a link is the view."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any, Self

from django.http import QueryDict
from django.utils import timezone
from django.utils.http import urlencode

from leaderboard.models import ModelKind
from leaderboard.pages.figures import METRICS, metric_name
from leaderboard.publishing.measures import Measure
from leaderboard.reads.boards import USUAL_METRIC

SAID = {"beats": "Beats the drug average", "gap": METRICS["gap"], "alarm": "Memory alarm", "published": "Date"}
"""What every line says of itself, on whichever board; the usual columns."""
MEASURED = {str(one): metric_name(str(one)) for one in Measure if str(one) not in SAID}
COLUMNS = SAID | MEASURED
ORDERS = ("rank", "model", "score", *COLUMNS)
KINDS = (*ModelKind.values, "baseline")
MOST_TEXT = 100
_NO_NUL = str.maketrans({"\0": "\N{REPLACEMENT CHARACTER}"})  # PostgreSQL has no NUL in texts


class Data(StrEnum):
    OPEN = "open"
    SEALED = "sealed"


class Shown(StrEnum):
    TABLE = "table"
    TARGETS = "targets"


class Marks(StrEnum):
    ALL = ""
    PROSPECTIVE = "prospective"
    BLIND = "blind"


class AskedError(ValueError):
    """What was asked cannot be: one sentence that says what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """`as_of` is a day or a moment as it stands in the address; the board is that of its end."""

    metric: str = USUAL_METRIC
    target: str = ""
    column: tuple[str, ...] = tuple(SAID)
    sort: str = "rank"
    name: str = ""
    team: str = ""
    kind: str = ""
    beating: bool = False
    controls: bool = True
    data: Data = Data.OPEN
    marks: Marks = Marks.ALL
    shown: Shown = Shown.TABLE
    as_of: str = ""

    @property
    def is_plain(self) -> bool:
        """The board as it is stored."""
        return self == Asked(metric=self.metric, target=self.target)

    @property
    def is_whole(self) -> bool:
        return not (self.name or self.team or self.kind or self.beating) and self.controls

    @property
    def order(self) -> str:
        return self.sort.removeprefix("-")

    @property
    def is_reversed(self) -> bool:
        return self.sort.startswith("-")

    @property
    def said(self) -> list[str]:
        """The columns besides the score, each once, in the order of COLUMNS."""
        return [name for name in COLUMNS if name in self.column and name != self.metric]

    @property
    def measured(self) -> list[str]:
        """Those of them that come from other boards; and what it is sorted by, shown or not."""
        return [name for name in MEASURED if name != self.metric and name in (*self.column, self.order)]

    def but(self, **changes: Any) -> Self:
        return replace(self, **changes)

    def query(self) -> str:
        """With what is not usual alone, always in the same order: the same view has the same address."""
        usual = Asked()
        pairs = [("metric", self.metric)]
        for one in fields(self):
            said = getattr(self, one.name)
            if one.name != "metric" and said != getattr(usual, one.name):
                pairs += [(one.name, text) for text in _texts(said)]
        return "?" + urlencode(pairs)

    @property
    def day(self) -> str:
        return moment_of(self.as_of).date().isoformat() if self.as_of else ""

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What a form for columns and filters has to take along."""
        kept = (("metric", self.metric), ("target", self.target), ("sort", self.sort), ("shown", self.shown))
        return [(name, text) for name, text in (*kept, ("data", self.data), ("marks", self.marks)) if text]


def asked_of(given: QueryDict) -> Asked:
    """Names that are not known are left alone: links are given parameters on their way."""
    text = {name: given.get(name, "").translate(_NO_NUL).strip() for name in given}
    for name in ("name", "team"):
        if len(text.get(name, "")) > MOST_TEXT:
            raise AskedError(f"What to look for in a {name} has at most {MOST_TEXT} characters.")
    columns = [name for name in given.getlist("column") if name]  # an empty one says that there may be none
    return Asked(
        metric=text.get("metric") or USUAL_METRIC,
        target=text.get("target", ""),
        column=_columns(columns) if "column" in given else tuple(SAID),
        sort=_sort(text.get("sort", "")),
        name=text.get("name", ""),
        team=text.get("team", ""),
        kind=_one_of(KINDS, text.get("kind", ""), "kind", usual=""),
        beating=_one_of(("yes",), text.get("beating", ""), "choice for `beating`", usual="") == "yes",
        controls=_one_of(("hide",), text.get("controls", ""), "choice for `controls`", usual="") != "hide",
        data=Data(_one_of(list(Data), text.get("data", ""), "kind of targets", usual=Data.OPEN)),
        marks=Marks(_one_of(list(Marks)[1:], text.get("marks", ""), "mark", usual=Marks.ALL)),
        shown=Shown(_one_of(list(Shown), text.get("shown", ""), "way to show it", usual=Shown.TABLE)),
        as_of=_as_of(text.get("as_of", "")),
    )


def moment_of(as_of: str) -> datetime:
    """The end of a day, or the moment itself; both of UTC."""
    read = datetime.fromisoformat(as_of)
    if len(as_of) <= len("2026-11-01"):
        read = datetime.combine(read.date(), time.max)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def _as_of(text: str) -> str:
    if not text:
        return ""
    try:
        is_past = moment_of(text).date() <= timezone.now().date()
    except (ValueError, OverflowError):
        raise AskedError(f"“{text[:40]}” is no day; write it as 2026-11-01.") from None
    if not is_past:
        raise AskedError(f"{text[:40]} is yet to come; choose a day up to today.")
    return text


def _columns(names: Sequence[str]) -> tuple[str, ...]:
    unknown = next((name for name in names if name not in COLUMNS), None)
    if unknown is not None:
        raise AskedError(f"There is no column “{unknown[:40]}”; these are: {', '.join(COLUMNS)}.")
    return tuple(name for name in COLUMNS if name in names)


def _sort(text: str) -> str:
    if text.removeprefix("-") not in (*ORDERS, ""):
        raise AskedError(f"A board is not sorted by “{text[:40]}”; these can be: {', '.join(ORDERS)}.")
    return text or "rank"


def _one_of(allowed: Sequence[str], text: str, what: str, *, usual: str) -> str:
    if text and text not in allowed:
        raise AskedError(f"There is no {what} “{text[:40]}”; these are: {', '.join(allowed)}.")
    return text or usual


def _texts(said: Any) -> tuple[str, ...]:
    if isinstance(said, tuple):
        return said or ("",)
    if isinstance(said, bool):
        return ("yes" if said else "hide",)
    return (str(said),)
