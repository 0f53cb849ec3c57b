"""The record of how a model was run, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leaderboard.models import Submission
from leaderboard.pages.track_facts import limits_text
from leaderboard.reads.amounts import duration, memory
from leaderboard.reads.sheets import Record, StageUse

KINDS = {"train": "Training", "infer": "Inference"}
GIVEN = {"train": "A train stage has", "infer": "An infer stage has"}
VERSIONS = {"kernel": "Linux", "python": "Python", "numpy": "numpy", "holdout": "Holdout"}


@dataclass(frozen=True, slots=True)
class Line:
    name: str
    text: str


def seeds(record: Record) -> list[tuple[str, str, str]]:
    """Labels and source, and the seeds of their splits in order; one line for all splits, as there are many runs."""
    found: dict[tuple[str, str], list[str]] = {}
    for arm, source, split, seed in record.runs:
        found.setdefault((arm, source), []).append(f"{split}: {seed}")
    return [(arm, source, ", ".join(texts)) for (arm, source), texts in found.items()]


def resources(sent: Submission) -> list[Line]:
    """What a stage was given: what the submission asked for, within what the track allows."""
    definition, wanted = sent.track.definition, sent.resources or {}
    stages = [stage for stage in ("train", "infer") if stage in definition]
    return [Line(GIVEN[stage], limits_text(definition[stage] | wanted.get(stage, {}))) for stage in stages]


def uses(record: Record) -> list[Line]:
    return [Line(KINDS[use.kind], _use(use)) for use in record.stages if use.kind in KINDS]


def machines(record: Record) -> list[str]:
    """As each host described itself; a machine that says nothing of itself is left out."""
    return [text for machine in record.machines if (text := _machine(machine))]


def _use(use: StageUse) -> str:
    parts = [f"{use.n} container{'' if use.n == 1 else 's'}"]
    if use.wall_s is not None:
        parts.append(f"{duration(use.wall_s)} wall time in all")
    if use.cpu_s is not None:
        parts.append(f"{duration(use.cpu_s)} of processor time")
    if use.most_memory_mb is not None:
        parts.append(f"at most {memory(use.most_memory_mb)} of memory")
    return ", ".join(parts)


def _machine(record: Mapping[str, Any]) -> str:
    parts = [str(record[name]) for name in ("processor", "machine") if record.get(name)]
    if record.get("cpus"):
        parts.append(f"{record['cpus']} processors")
    if record.get("memory_mb"):
        parts.append(memory(record["memory_mb"]))
    parts += [str(gpu) for gpu in record.get("gpus", ())]
    parts += [f"{name} {record[key]}" for key, name in VERSIONS.items() if record.get(key)]
    return ", ".join(parts)
