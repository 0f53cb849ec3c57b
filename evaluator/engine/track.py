"""A track: which sources, targets, splits and arms of a release a submission is put through, within which limits.

Read from a TOML file, or made from a release as a whole.
"""

import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.arms import Arm
from evaluator.contract.errors import ContractError
from evaluator.sandbox.stages import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    scheme: Scheme
    splits: tuple[int, ...]
    arms: tuple[Arm, ...]
    seed: int = 0
    metric: str = "r2"
    remap_ids: bool = False
    train: Limits = field(default_factory=Limits)
    infer: Limits = field(default_factory=Limits)

    def narrowed(self, *, splits: tuple[int, ...] | None = None, arms: tuple[Arm, ...] | None = None) -> "Track":
        return replace(self, splits=splits or self.splits, arms=arms or self.arms)

    def capped(self, host: Limits) -> "Track":
        """No stage is promised more than the host has; a GPU that it lacks is refused when the stage starts."""
        return replace(self, train=self.train.capped(host), infer=self.infer.capped(host))


def whole_release(release: Release, *, scheme: Scheme = Scheme.RANDOM_ROWS) -> Track:
    """Every study as source and target, every split, the real labels and the permuted ones."""
    studies = release.study_names()
    return Track(
        name=f"{release.manifest.name}-{release.manifest.version}",
        sources=studies,
        targets=studies,
        scheme=scheme,
        splits=tuple(range(min(release.manifest.split(study, scheme).count for study in studies))),
        arms=(Arm.parse("real"), Arm.parse("intradrug")),
    )


def read_track(path: Path, release: Release) -> Track:
    """A track's TOML laid over the whole release; what it does not name stays as `whole_release` has it."""
    try:
        raw = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(path.name, reason=f"not TOML: {error}") from None
    known = {entry.name for entry in fields(Track)}
    if unknown := sorted(set(raw) - known):
        raise ContractError(path.name, column=unknown[0], reason=f"not a key of a track; these are: {sorted(known)}")
    try:
        scheme = Scheme(raw.pop("scheme", Scheme.RANDOM_ROWS))
        changes = {name: _typed(name, value) for name, value in raw.items()}
        track = replace(whole_release(release, scheme=scheme), **changes)
    except (TypeError, ValueError) as error:
        raise ContractError(path.name, reason=str(error)) from None
    for study in (*track.sources, *track.targets):
        release.manifest.study(study)
    return track


def _typed(name: str, value: Any) -> Any:
    if name in ("train", "infer"):
        return Limits(**value)
    if name == "arms":
        return tuple(Arm.parse(text) for text in value)
    return tuple(value) if isinstance(value, list) else value
