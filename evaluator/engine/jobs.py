"""Builds the stages of a run: writes the job's own files and says what is to be started with them."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_data.release import Release
from evaluator.arms import Mechanisms, apply_arm, seed_of
from evaluator.contract.job import ROOT, Job, Resources
from evaluator.engine.runs import RunSpec
from evaluator.engine.sealed_target import SealedTarget, names_of, with_new_parts, write_pairs
from evaluator.engine.staging import (
    StagedTables,
    TableStage,
    fresh,
    job_ids,
    query_order,
    write_query,
    write_rows,
)
from evaluator.mechanisms import mechanisms_of
from evaluator.rows import Rows
from evaluator.sandbox.stages import FIRST_UID, Command, Ending, Limits, ModelFile, Mount, StageSpec

UIDS = 40_000
"""Runs are spread over this many users of a host; 10001 + 40,000 stays below 65534."""


def run_uid(spec: RunSpec) -> int:
    """The same in all stages of a run, and in the run of the same training on sealed data."""
    return FIRST_UID + int(spec.trained.key(), 16) % UIDS


@dataclass(frozen=True)
class JobBuilder:
    """Files and mounts of stages of one release. `folder` gets one sub-folder a stage, named by its opaque key."""

    release: Release
    folder: Path
    labels: dict[str, str] = field(default_factory=dict)
    now: Callable[[], float] = time.time

    def train_stage(self, spec: RunSpec, key: str) -> StageSpec:
        place = fresh(self.folder / key)
        train, val = self.training_rows(spec)
        ids = job_ids(self.release, spec)
        write_rows(place / "train.parquet", train, ids)
        write_rows(place / "val.parquet", val, ids)
        return self._stage(spec, key, Command.TRAIN, spec.train, ("train.parquet", "val.parquet"))

    def infer_stage(self, spec: RunSpec, key: str, target: str, model: ModelFile) -> StageSpec:
        place = fresh(self.folder / key)
        rows = self.target_rows(spec, target)
        order = query_order(len(rows), query_seed(spec, target))
        write_query(place / "query.parquet", rows, job_ids(self.release, spec), order=order)
        return self._stage(spec, key, Command.INFER, spec.infer, ("query.parquet",), model=model)

    def sealed_stage(self, spec: RunSpec, key: str, target: SealedTarget, model: ModelFile) -> StageSpec:
        """What asks about the run's sealed study: the one stage that gets anything of it."""
        place = fresh(self.folder / key)
        names = names_of(self.release, target, spec)
        write_pairs(place / "query.parquet", target, names, order=sealed_order(spec, len(target)))
        tables = with_new_parts(self._tables(spec, key), self.release, target, names, place)
        return self._stage(spec, key, Command.INFER, spec.infer, ("query.parquet",), model=model, tables=tables)

    def training_rows(self, spec: RunSpec) -> tuple[Rows, Rows]:
        """Train and validation rows as the run's arm leaves them."""
        return self.after_arm(spec, *self.split_rows(spec))

    def split_rows(self, spec: RunSpec) -> tuple[Rows, Rows]:
        study = self.release.study(spec.source)
        split = self.release.split(spec.source, spec.scheme, spec.split)
        return Rows.of(study, split.train), Rows.of(study, split.val)

    def after_arm(self, spec: RunSpec, train: Rows, val: Rows) -> tuple[Rows, Rows]:
        return apply_arm(spec.arm, train, val, seed=seed_of(spec.seed, "arm"), mechanisms=self._mechanisms)

    def target_rows(self, spec: RunSpec, target: str) -> Rows:
        """The rows that a target is predicted on: the split's test rows of the source itself, all rows of another."""
        study = self.release.study(target)
        if target != spec.source:
            return Rows.of(study)
        return Rows.of(study, self.release.split(spec.source, spec.scheme, spec.split).test)

    def explained(self, ending: Ending) -> Ending:
        """What an ending means under this contract."""
        return ending

    @cached_property
    def _mechanisms(self) -> Mechanisms:
        return mechanisms_of(self.release)

    def _tables(self, spec: RunSpec, key: str) -> StagedTables:
        ids = job_ids(self.release, spec)
        return TableStage(self.release, spec, ids, self.folder / key, self.folder / "shared").stage()

    def _stage(
        self,
        spec: RunSpec,
        key: str,
        command: Command,
        limits: Limits,
        files: tuple[str, ...],
        *,
        model: ModelFile | None = None,
        tables: StagedTables | None = None,
    ) -> StageSpec:
        place = self.folder / key
        staged = tables or self._tables(spec, key)
        job = Job(
            stage=command,
            seed=spec.seed % 2**31,  # what every framework takes as a seed
            task=self.release.manifest.task,
            response=self.release.manifest.response,
            tables=staged.tables,
            resources=Resources(limits.cpus, limits.memory_mb, limits.gpus, limits.wall_s),
            deadline=self.now() + limits.wall_s,
            settings=spec.settings,
            target=key[:8] if command is Command.INFER else None,
        )
        (place / "job.json").write_text(job.to_json())
        own = tuple(Mount(place / name, f"{ROOT}/{name}") for name in ("job.json", *files))
        return StageSpec(
            key=key,
            image=spec.image,
            command=command,
            limits=limits,
            mounts=own + staged.mounts,
            labels=self.labels,
            model=model,
            uid=run_uid(spec),
            runtime=spec.runtime,
        )


def query_seed(spec: RunSpec, target: str) -> int:
    return seed_of(spec.seed, "query", target)


def in_target_order(in_query_order: NDArray[np.float32], spec: RunSpec, target: str) -> NDArray[np.float32]:
    """Answers put back from the query's own order into that of the target's rows."""
    return _put_back(in_query_order, query_order(len(in_query_order), query_seed(spec, target)))


def sealed_order(spec: RunSpec, n_rows: int) -> NDArray[np.intp]:
    return query_order(n_rows, seed_of(spec.seed, "sealed query", spec.study))


def in_study_order(in_query_order: NDArray[np.float32], spec: RunSpec) -> NDArray[np.float32]:
    """The same for the sealed study of the run."""
    return _put_back(in_query_order, sealed_order(spec, len(in_query_order)))


def _put_back(in_query_order: NDArray[np.float32], order: NDArray[np.intp]) -> NDArray[np.float32]:
    values = np.empty_like(in_query_order)
    values[order] = in_query_order
    return values
