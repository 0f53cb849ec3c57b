"""Mechanisms of action of the drugs of a release."""

from benchmark_data.manifest import Entity
from benchmark_data.mechanisms import SEPARATOR
from benchmark_data.release import Release
from evaluator.arms import Mechanisms


def mechanisms_of(release: Release) -> Mechanisms:
    """The mechanisms of each drug as the release's drug list has them."""
    info = release.info(Entity.DRUG)
    if "mechanisms" not in info.column_names:
        return tuple(frozenset[str]() for _ in release.drugs)
    listed = info["mechanisms"].to_pylist()
    return tuple(frozenset(word.strip() for word in (text or "").split(SEPARATOR) if word.strip()) for text in listed)
