"""The releases that lie on this host, by their ids, and the builders of jobs from them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from benchmark_data.manifest import read_manifest
from benchmark_data.release import Release
from evaluator.contract.errors import ContractError
from evaluator.engine.builders import job_builder
from evaluator.engine.improve.jobs import refuse_impossible
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.runs import RunSpec
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError


class Releases(Protocol):
    @property
    def ids(self) -> tuple[str, ...]: ...

    def builder(self, spec: RunSpec) -> JobBuilder:
        """Raises SandboxRefusalError when the run's release is not here, or its contract cannot do what is asked."""


@dataclass
class ReleaseFolder:
    """Every sub-folder of `folder` that is a release; a new one is found when it is asked for. `jobs` takes the files
    of stages."""

    folder: Path
    jobs: Path
    _places: dict[str, Path] = field(default_factory=dict)
    _builders: dict[tuple[str, bool], JobBuilder] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._search()

    @property
    def ids(self) -> tuple[str, ...]:
        """With those that came after the start: the site orders no work of a release that it does not hear of."""
        if {manifest.parent for manifest in self.folder.glob("*/release.toml")} != set(self._places.values()):
            self._search()
        return tuple(sorted(self._places))

    def builder(self, spec: RunSpec) -> JobBuilder:
        """One for all runs of a release, because it keeps what it has read."""
        which = (spec.release_id, spec.improve is not None)
        try:
            if which not in self._builders:
                self._builders[which] = job_builder(self._opened(spec.release_id), self.jobs_of(spec.release_id), spec)
            builder = self._builders[which]
            if spec.improve is not None:
                refuse_impossible(builder.release, spec)
        except ContractError as error:
            raise SandboxRefusalError(Outcome.IMAGE_REFUSED, str(error)) from error
        return builder

    def jobs_of(self, release_id: str) -> Path:
        return self.jobs / release_id[:12]

    def _opened(self, release_id: str) -> Release:
        if release_id not in self._places:
            self._search()
        if release_id not in self._places:
            reason = f"the release {release_id[:12]} is not in {self.folder} on this host: copy its folder there"
            raise SandboxRefusalError(Outcome.HOST_SHORT, reason)
        return Release.open(self._places[release_id])

    def _search(self) -> None:
        self._places = {
            read_manifest(place.parent)[1]: place.parent for place in sorted(self.folder.glob("*/release.toml"))
        }
