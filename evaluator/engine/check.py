"""The smoke run: an image put through both stages on a small release, rule by rule, before anything costs much."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_data.manifest import Scheme
from benchmark_data.release import Release
from evaluator.arms import Arm
from evaluator.baselines import Baseline, fit_baselines
from evaluator.engine.builders import job_builder
from evaluator.engine.engine import Engine, Progress
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.ledger import Ledger
from evaluator.engine.runs import RunResult, RunSpec
from evaluator.engine.submission import Submission
from evaluator.rows import Rows
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import Ending, Limits
from evaluator.scoring.metrics import Metric, row_scores
from evaluator.scoring.truth import Truth

SMOKE = Limits(cpus=1, memory_mb=4096, wall_s=600)


@dataclass(frozen=True, slots=True)
class Finding:
    """`passed` is None for what is told and not judged."""

    rule: str
    passed: bool | None
    sentence: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    findings: tuple[Finding, ...]
    log_tail: str  # of the stage that failed

    @property
    def passed(self) -> bool:
        return all(finding.passed is not False for finding in self.findings)


def check(
    sandbox: Sandbox,
    submission: Submission,
    release: Release,
    folder: Path,
    *,
    limits: Limits = SMOKE,
    each: Callable[[Progress], None] = lambda _: None,
) -> CheckResult:
    """Train on the first study's first split, ask about every study, ask about the last one again."""
    spec = smoke_spec(submission, release, limits)
    builder, ledger = job_builder(release, folder / "jobs", spec), Ledger(folder)
    (result,) = Engine(sandbox, builder, ledger, "check", 1, each).run([spec])
    findings = [_stage("train ends by itself and leaves a model", result.train)]
    if result.train.outcome is Outcome.FINISHED:
        for target in spec.targets:
            n_rows = len(builder.target_rows(spec, target))
            findings.append(_stage(f"infer answers all {n_rows:,} rows of {target}", result.infer[target]))
        if all(finding.passed for finding in findings):
            findings.append(_again(sandbox, builder, ledger, spec, result))
            findings.append(_score(builder, ledger, spec))
    failed = [one for one in (result.train, *result.infer.values()) if one.outcome is not Outcome.FINISHED]
    return CheckResult(tuple(findings), failed[0].log.tail or failed[0].log.head if failed else "")


def smoke_spec(submission: Submission, release: Release, limits: Limits = SMOKE) -> RunSpec:
    """The run that a smoke run and a check are."""
    studies = release.study_names()
    return RunSpec(
        image=submission.image,
        settings=submission.settings,
        improve=submission.improve,
        release_id=release.id,
        source=studies[0],
        scheme=Scheme.RANDOM_ROWS,
        split=0,
        arm=Arm.parse("real"),
        seed=20260101,
        targets=studies,
        train=limits,
        infer=limits,
    )


def _stage(rule: str, ending: Ending) -> Finding:
    if ending.outcome is not Outcome.FINISHED:
        return Finding(rule, False, ending.reason or ending.outcome.sentence)
    memory = "" if ending.peaks.memory_mb is None else f", {ending.peaks.memory_mb:,.0f} MB of memory at most"
    return Finding(rule, True, f"{ending.wall_s:.1f} s{memory}")


def _again(sandbox: Sandbox, builder: JobBuilder, ledger: Ledger, spec: RunSpec, result: RunResult) -> Finding:
    """The same model asked the same again: a difference is no fault, but its author should know."""
    rule, target = "asked again, it says the same", spec.targets[-1]
    before = np.load(ledger.predictions_path(spec, target))
    others = {asked: ending for asked, ending in result.infer.items() if asked != target}
    ledger.keep(spec, replace(result, infer=others))
    started = time.monotonic()
    Engine(sandbox, builder, ledger, "check-again", 1).run([spec])
    elapsed = time.monotonic() - started
    after = np.load(ledger.predictions_path(spec, target))
    if np.array_equal(before, after):
        return Finding(rule, True, f"bit for bit, {elapsed:.1f} s")
    return Finding(
        rule, None, f"predictions differ by up to {np.abs(before - after).max():.2g}: fix its seeds if you can"
    )


def _score(builder: JobBuilder, ledger: Ledger, spec: RunSpec) -> Finding:
    """On the study that it was trained on, beside the drug average of the same rows."""
    release = builder.release
    rows, (train, _) = builder.target_rows(spec, spec.source), builder.training_rows(spec)
    fitted = fit_baselines(train, n_cells=len(release.cells), n_drugs=len(release.drugs))
    ours = _r2(release, rows, np.load(ledger.predictions_path(spec, spec.source)))
    theirs = _r2(release, rows, fitted.predict(Baseline.DRUG_MEAN, rows.cell, rows.drug))
    return Finding("it is compared with the drug average", None, f"R² {ours:.3f}, the drug average {theirs:.3f}")


def _r2(release: Release, rows: Rows, prediction: NDArray[np.floating]) -> float:
    n_cells, n_drugs = len(release.cells), len(release.drugs)
    truth = Truth.of(rows.response, cell=rows.cell, drug=rows.drug, n_cells=n_cells, n_drugs=n_drugs)
    return row_scores(truth, np.asarray(prediction, np.float64), metrics=[Metric.R2])[Metric.R2].value
