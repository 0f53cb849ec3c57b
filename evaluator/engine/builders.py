"""Which builder of stages a submission's runs need: our own contract's, or that of the IMPROVE benchmark."""

from collections.abc import Mapping
from pathlib import Path

from benchmark_data.release import Release
from evaluator.engine.improve.jobs import ImproveJobBuilder, refuse_impossible
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.runs import RunSpec


def job_builder(
    release: Release,
    folder: Path,
    spec: RunSpec,
    *,
    labels: Mapping[str, str] | None = None,
    shared: Path | None = None,
) -> JobBuilder:
    """For this spec and the others of its evaluation. `shared` takes what IMPROVE models of any evaluation share.

    Raises ContractError for what the submission's contract cannot do.
    """
    if spec.improve is None:
        return JobBuilder(release, folder, dict(labels or {}))
    refuse_impossible(release, spec)
    return ImproveJobBuilder(release, folder, dict(labels or {}), shared=shared)
