"""Builds the stages of a run of an IMPROVE model: its masked tree, and our driver in place of an entry point."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmark_data.csa_export import response_rows
from benchmark_data.manifest import Task
from benchmark_data.release import Release
from evaluator.arms import ArmKind
from evaluator.contract.errors import ContractError
from evaluator.contract.improve import train_arguments
from evaluator.contract.job import ROOT
from evaluator.engine.improve import driver
from evaluator.engine.improve.tree import Positions, Shown, masked, positions, shared_features, write_tree
from evaluator.engine.jobs import JobBuilder, query_seed, run_uid
from evaluator.engine.runs import RunSpec
from evaluator.engine.staging import fresh, query_order
from evaluator.rows import Rows
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Command, Ending, Limits, ModelFile, Mount, StageSpec

# Debian's own Python has no `python`, an environment that an author made may have another `python3` behind it.
PYTHON = 'exec "$(command -v python || command -v python3 || echo python)" "$@"'
REFUSALS = {driver.IMAGE_REFUSED: Outcome.IMAGE_REFUSED, driver.OUTPUT_REFUSED: Outcome.OUTPUT_REFUSED}
LONGEST_REASON = 300


def refuse_impossible(release: Release, spec: RunSpec) -> None:
    """Raise ContractError for what an unchanged IMPROVE model cannot be asked."""
    if spec.remap_ids:
        reason = "an IMPROVE model cannot run on a track that renames ids: its feature files are shared by all runs"
        raise ContractError("the track", column="remap_ids", reason=reason)
    if release.manifest.task is not Task.REGRESSION:
        raise ContractError("the release", column="task", reason="IMPROVE models are run for regression alone")
    if spec.study:
        reason = "an IMPROVE model is not asked about sealed studies: its one feature tree would show them to training"
        raise ContractError("the run", column="study", reason=reason)
    train_arguments(spec.settings)


@dataclass(frozen=True)
class ImproveJobBuilder(JobBuilder):
    """`shared` takes the x_data of releases; by default it is this builder's own folder's."""

    shared: Path | None = None

    def train_stage(self, spec: RunSpec, key: str) -> StageSpec:
        """The test part, which preprocess asks for, is the validation rows again: public, and shown as they are."""
        return self._improve_stage(spec, key, Command.TRAIN, spec.train)

    def infer_stage(self, spec: RunSpec, key: str, target: str, model: ModelFile) -> StageSpec:
        """Preprocess is called again, on the same training rows: scalers are fitted in it."""
        rows = self.target_rows(spec, target)
        order = query_order(len(rows), query_seed(spec, target))
        test = positions(self.release, target, rows)[order]
        return self._improve_stage(spec, key, Command.INFER, spec.infer, test=test, model=model)

    def explained(self, ending: Ending) -> Ending:
        if ending.outcome is not Outcome.CRASHED or ending.exit_code not in REFUSALS:
            return ending
        *_, said = (ending.log.head + ending.log.tail).splitlines() or [""]
        reason = "".join(filter(str.isprintable, said[:LONGEST_REASON]))  # a container can write what it likes
        return replace(ending, outcome=REFUSALS[ending.exit_code], reason=reason)

    @cached_property
    def _rows(self) -> pa.Table:
        return response_rows(self.release)

    def _shown(self, spec: RunSpec) -> tuple[Shown, Shown]:
        """What the arm makes of train and val: it is given positions for answers, and so tells whose go where."""

        def at(rows: Rows) -> Positions:
            return positions(self.release, spec.source, rows)

        train, val = (rows.answered(at(rows).astype(np.float64)) for rows in self.split_rows(spec))
        train, val = self.after_arm(spec, train, val)
        return Shown(at(train), train.response.astype(np.int64)), Shown(at(val), val.response.astype(np.int64))

    def _improve_stage(
        self,
        spec: RunSpec,
        key: str,
        command: Command,
        limits: Limits,
        *,
        test: Positions | None = None,
        model: ModelFile | None = None,
    ) -> StageSpec:
        assert spec.improve is not None
        place = fresh(self.folder / key)
        train, val = self._shown(spec)
        shown = Shown(np.concatenate([train.rows, val.rows]), np.concatenate([train.answers, val.answers]))
        response = self.release.manifest.response.column
        rows = masked(self._rows, shown, response=response)
        write_tree(place, rows, train=train.rows, val=val.rows, test=val.rows if test is None else test)
        x_data = shared_features(
            self.release,
            self.shared or self.folder / "shared",
            layout=spec.improve.layout,
            identity=spec.arm.kind is ArmKind.ONEHOT,
        )
        options = " ".join(train_arguments(spec.settings))
        asked = ("--model", spec.improve.name, "--y_col_name", response, f"--train_options={options}")
        return StageSpec(
            key=key,
            image=spec.image,
            command=command,
            limits=limits,
            mounts=(
                Mount(x_data, f"{ROOT}/csa_data/x_data"),
                Mount(place / "y_data", f"{ROOT}/csa_data/y_data"),
                Mount(place / "splits", f"{ROOT}/csa_data/splits"),
                Mount(Path(driver.__file__), driver.INSIDE),
            ),
            labels=self.labels,
            model=model,
            uid=run_uid(spec),
            runtime=spec.runtime,
            entrypoint=("/bin/sh", "-c", PYTHON, "sh", driver.INSIDE, *asked),
        )
