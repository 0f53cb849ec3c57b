"""What an evaluation has done so far, as files: written whole or not at all, so that it can be killed at any moment."""

import json
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluator.engine.runs import RunResult, RunSpec


@dataclass(frozen=True, slots=True)
class Ledger:
    folder: Path

    def result(self, spec: RunSpec) -> RunResult | None:
        """What is known of a run; None when it was never trained, or was another run then."""
        try:
            stored = json.loads(self._result_path(spec).read_text())["result"]
        except FileNotFoundError:
            return None
        return RunResult.from_json(stored) if stored["key"] == spec.key() else None

    def keep(self, spec: RunSpec, result: RunResult) -> None:
        """Beside the spec: together they hold all that is needed to do the run again."""
        stored = {"spec": spec.to_json(), "result": result.to_json()}
        write_whole(self._result_path(spec), json.dumps(stored, indent=1).encode())

    def predictions_path(self, spec: RunSpec, target: str) -> Path:
        return self.folder / "predictions" / spec.name / f"{target}.npy"

    def keep_predictions(self, spec: RunSpec, target: str, values: NDArray[np.float32]) -> None:
        """In the order of the target's rows."""
        path = self.predictions_path(spec, target)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial.npy")
        np.save(partial, values)
        partial.rename(path)

    def collected_folder(self, stage_key: str) -> Path:
        """Takes a stage's model, which stays, or its predictions, which go once they are read."""
        place = self.folder / "collected" / stage_key
        place.mkdir(parents=True, exist_ok=True)
        return place

    def job_folders(self) -> list[Path]:
        """Of every stage; what all of them share is not one."""
        jobs = self.folder / "jobs"
        return [place for place in jobs.iterdir() if place.name != "shared"] if jobs.exists() else []

    def job_folder(self, stage_key: str) -> Path:
        return self.folder / "jobs" / stage_key

    def about(self) -> dict[str, Any] | None:
        try:
            stored: dict[str, Any] = json.loads((self.folder / "evaluation.json").read_text())
        except FileNotFoundError:
            return None
        return stored

    def keep_about(self, about: dict[str, Any]) -> None:
        write_whole(self.folder / "evaluation.json", json.dumps(about, indent=1).encode())

    def _result_path(self, spec: RunSpec) -> Path:
        return self.folder / "runs" / f"{spec.name}.json"


def write_whole(path: Path, content: bytes) -> None:
    """Two may write the same file at once: the last one's stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex}.partial")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
