"""A sandbox that runs a Python function instead of a container, and what its stages look like from inside."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.contract.job import ROOT
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Command, Ended, Ending, Found, Gone, ModelFile, OutputFile, Outputs, Running

CELLS = tuple(f"c{number}" for number in range(8))
DRUGS = tuple(f"d{number}" for number in range(4))


def answers(first_row: int) -> pa.Table:
    """Every pair once; the answer tells the pair: cell / 100 + drug / 10."""
    cell, drug = np.divmod(np.arange(len(CELLS) * len(DRUGS)), len(DRUGS))
    return pa.table(
        {
            "row_id": np.arange(len(cell)) + first_row,
            "cell_id": [CELLS[code] for code in cell],
            "drug_id": [DRUGS[code] for code in drug],
            "auc": cell / 100 + drug / 10,
        }
    )


@dataclass
class FakeSandbox:
    """Ends every stage at once. Infer answers cell / 100 + drug / 10 by reading the digits of the ids.

    `trouble` maps (command, how often it was started) to an outcome; `killed_after` raises out of that many starts.
    """

    home: Path
    trouble: dict = field(default_factory=dict)
    killed_after: int | None = None
    started: list = field(default_factory=list)
    stages: dict = field(default_factory=dict)
    stopped: list = field(default_factory=list)
    never_ends: bool = False

    def start(self, spec):
        assert spec.key not in self.stages, "a stage is started once"
        if self.killed_after is not None and len(self.started) >= self.killed_after:
            raise KeyboardInterrupt
        self.started.append(spec)
        self.stages[spec.key] = spec

    def look(self, key):
        if key not in self.stages:
            return Gone()
        if self.never_ends and key not in self.stopped:
            return Running(1.0)
        return Ended(self._ending(key))

    def stop(self, key):
        self.stopped.append(key)

    def collect(self, key, into):
        spec, ending = self.stages[key], self._ending(key)
        if ending.outcome is not Outcome.FINISHED:
            return Outputs(ending=ending)
        if spec.command is Command.TRAIN:
            path = into / "model"
            path.write_bytes(b"a model")
            return Outputs(ending=ending, model=ModelFile(path, 7, "0" * 64))
        path = into / "predictions.csv"
        path.write_text(self.answer(spec))
        return Outputs(ending=ending, predictions=OutputFile("predictions.csv", path, path.stat().st_size))

    def discard(self, key):
        self.stages.pop(key, None)

    def found(self):
        return tuple(Found(key, {}, running=False) for key in self.stages)

    def reap(self, keep=()):
        gone = tuple(key for key in self.stages if key not in keep)
        for key in gone:
            del self.stages[key]
        return gone

    def answer(self, spec) -> str:
        query = pq.read_table(inside(spec, "query.parquet"))
        lines = [
            f"{row},{int(cell[-1]) / 100 + int(drug[-1]) / 10}"
            for row, cell, drug in zip(*(query[name].to_pylist() for name in query.column_names), strict=True)
        ]
        return "\n".join(["row_id,prediction", *lines, ""])

    def _ending(self, key):
        spec = self.stages[key]
        times = Counter(stage.command for stage in self.started)[spec.command]
        outcome = self.trouble.get((spec.command, times), Outcome.FINISHED)
        return Ending(outcome=outcome, exit_code=0, oom_killed=False, wall_s=1.0)


def inside(spec, name: str) -> Path:
    """Where a file that the container sees under /holdout lies on the host."""
    return next(mount.source for mount in spec.mounts if mount.target == f"{ROOT}/{name}")


def job_of(spec) -> dict:
    return json.loads(inside(spec, "job.json").read_text())
