"""What a track's row says, as the evaluator's own values."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.arms import Arm
from evaluator.scorecard.card import REPLICATES, SEED
from evaluator.scorecard.design import Design
from evaluator.scoring.metrics import Metric
from leaderboard.models import Track
from leaderboard.publishing.measures import View, views


class ReleaseChangedError(RuntimeError):
    """The folder of a release holds another one than its row says. Ours."""


@dataclass(frozen=True)
class Plan:
    """How everything on a track is scored; the seed serves open studies alone, and stands in each card."""

    track: Track
    seed: int = field(default_factory=lambda: SEED)
    replicates: int = field(default_factory=lambda: REPLICATES)

    @property
    def definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = self.track.definition
        return definition

    @cached_property
    def design(self) -> Design:
        release = Release.open(Path(self.track.release.folder))
        if release.id != self.track.release.release_id:
            raise ReleaseChangedError(f"{release.folder} holds {release.id}, not {self.track.release.release_id}")
        sources, targets = tuple(self.definition["sources"]), tuple(self.definition["targets"])
        return Design(release, Scheme(self.definition["scheme"]), sources, targets, tuple(self.definition["splits"]))

    @property
    def arms(self) -> tuple[Arm, ...]:
        return tuple(Arm.parse(name) for name in self.definition["arms"])

    @property
    def metric(self) -> Metric:
        return Metric(self.definition["metric"])

    @cached_property
    def views(self) -> list[View]:
        return views(self.definition)

    @property
    def keys(self) -> list[str]:
        return [view.key for view in self.views]
