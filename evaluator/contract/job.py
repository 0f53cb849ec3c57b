"""job.json: what a container is told about its stage, and where the files are.

It does not name arm, study or split, and every path in it is relative to the job's folder.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmark_data.manifest import Entity, Kind, Response, Task

CONTRACT = "holdout/1"
ROOT = "/holdout"


@dataclass(frozen=True, slots=True)
class TablePart:
    """A matrix has rows and columns beside its values; a text table has values alone."""

    values: str
    rows: str | None = None
    columns: str | None = None


@dataclass(frozen=True, slots=True)
class JobTable:
    """A feature table; a sealed target's new cells or drugs come as a second part with the same columns."""

    entity: Entity
    name: str
    kind: Kind
    parts: tuple[TablePart, ...]


@dataclass(frozen=True, slots=True)
class Resources:
    cpus: float
    memory_mb: int
    gpus: int
    wall_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    stage: str
    seed: int
    task: Task
    response: Response
    tables: tuple[JobTable, ...]
    resources: Resources
    deadline: float  # unix seconds
    settings: Mapping[str, Any] = field(default_factory=dict)
    target: str | None = None  # opaque

    def to_json(self) -> str:
        document: dict[str, Any] = {
            "contract": CONTRACT,
            "stage": self.stage,
            "seed": self.seed,
            "task": self.task,
            "response": {"name": self.response.column, "direction": self.response.direction},
            "tables": [_table(table) for table in self.tables],
            "resources": asdict(self.resources),
            "deadline": self.deadline,
            "settings": dict(self.settings),
        }
        if self.target is not None:
            document["target"] = self.target
        return json.dumps(document, indent=1)


def _table(table: JobTable) -> dict[str, Any]:
    parts = [{name: path for name, path in asdict(part).items() if path is not None} for part in table.parts]
    return {"entity": table.entity, "name": table.name, "kind": table.kind, "parts": parts}
