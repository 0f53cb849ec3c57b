"""What somebody asks to have compared, read from an address; and addresses of what is beside it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlencode

from django.http import QueryDict

from leaderboard.pages.figures import METRICS, metric_name
from leaderboard.publishing.comparisons import MOST
from leaderboard.publishing.measures import Measure, View

MEAN = "all, averaged"


class AskedError(ValueError):
    """What was asked cannot be: one sentence that says what can."""


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    query: str
    is_here: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """`models` are tokens of reads.comparing, as a list (`a,b`) or one each, as a form sends them."""

    track: str
    models: tuple[str, ...]
    metric: str
    target: str

    @classmethod
    def read(cls, given: QueryDict) -> Self:
        def one(name: str) -> str:
            return given.get(name, "").replace("\0", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL has no NUL in texts

        named = [token.strip() for part in given.getlist("models") for token in part.split(",")]
        models = tuple(dict.fromkeys(token for token in named if token))
        if len(models) > MOST:
            raise AskedError(f"These are {len(models)} models; at most {MOST} are compared at once.")
        return cls(one("track"), models, one("metric") or str(Measure.PRIMARY), one("target"))

    def view(self, offered: Sequence[View]) -> View:
        found = next((view for view in offered if (str(view.measure), view.target) == (self.metric, self.target)), None)
        if found is None:
            raise AskedError("This track has no such metric or target; choose one of those below.")
        return found

    def query(self) -> str:
        asked = {"track": self.track, "models": ",".join(self.models), "metric": self.metric, "target": self.target}
        return "?" + urlencode({name: value for name, value in asked.items() if value}, safe=",~@")

    def with_models(self, *models: str) -> Self:
        return replace(self, models=models)


def metrics(asked: Asked, offered: Sequence[View]) -> list[Choice]:
    there = sorted({str(view.measure) for view in offered}, key=list(METRICS).index)
    return [Choice(metric_name(one), replace(asked, metric=one).query(), one == asked.metric) for one in there]


def targets(asked: Asked, offered: Sequence[View]) -> list[Choice]:
    there = dict.fromkeys(view.target for view in offered)
    return [Choice(one or MEAN, replace(asked, target=one).query(), one == asked.target) for one in there]
