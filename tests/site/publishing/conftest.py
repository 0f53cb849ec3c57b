"""A track on the tiny release, and submissions whose predictions were delivered to storage."""

import numpy as np
import pytest

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.agent.uploads import PREDICTIONS, Storage, upload
from evaluator.arms import Arm
from evaluator.baselines import Baseline
from evaluator.engine.track import whole_release
from leaderboard.publishing import baselines, designs
from leaderboard.publishing.designs import Plan
from leaderboard.states import AttemptState, RunState, StageState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_model,
    make_release,
    make_run,
    make_spec,
    make_stage,
    make_submission,
    make_track,
)

REPLICATES = 120
baselines_scored, _scored = baselines._scored, {}


@pytest.fixture(autouse=True)
def storage(settings, tmp_path, monkeypatch) -> Storage:
    """Empty; and few replicates, and baselines computed once for all tests, so that a score takes little time."""
    settings.STORAGE = str(tmp_path / "storage")
    monkeypatch.setattr(designs, "REPLICATES", REPLICATES)
    monkeypatch.setattr(baselines, "_scored", scored_once)
    return Storage(settings.STORAGE)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("tiny") / "release"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture
def track(db, tiny):
    """One split, real and permuted labels."""
    row = make_release(release_id=tiny.id, folder=str(tiny.folder))
    return make_track(release=row, definition=whole_release(tiny).narrowed(splits=(0,)))


@pytest.fixture
def plan(track) -> Plan:
    return Plan(track)


def scored_once(plan, baseline):
    key = plan.track.release.release_id, str(plan.definition), baseline
    if key not in _scored:
        _scored[key] = baselines_scored(plan, baseline)
    return _scored[key]


class Maker:
    """Its predictions lie `share` of the way from the mean effects to the truth; with permuted labels, `luck`."""

    def __init__(self, plan, share=0.3, luck=0.0):
        self.plan, self.share, self.luck = plan, share, luck

    def __call__(self, arm, entry):
        rows = self.plan.design.rows(entry)
        fitted = self.plan.design.baselines(entry.source, entry.split)
        effects = fitted.predict(Baseline.MEAN_EFFECTS, rows.cell, rows.drug)
        share = self.share if str(arm) == "real" else self.luck
        return (effects + share * (rows.response - effects)).astype(np.float32)


@pytest.fixture
def deliver(track, plan, storage):
    """Make an evaluation whose runs are all done and whose files lie in storage."""

    def delivered(predict=None, *, name="", kind="participant", model=None, state=SubmissionState.SCORING):
        submission = make_submission(
            state=state, track=track, model=model or make_model(name=name, kind=kind), image_id="sha256:" + "ab" * 32
        )
        predict = predict or Maker(plan)
        for arm in map(str, plan.arms):
            for source in plan.design.sources:
                spec = make_spec(
                    arm=Arm.parse(arm), source=source, targets=plan.design.targets, release_id=plan.design.release.id
                )
                run = make_run(submission=submission, state=RunState.DONE, spec=spec)
                attempt = make_attempt(run=run, state=AttemptState.DONE)
                for entry in plan.design.entries():
                    if entry.source != source:
                        continue
                    content = predict(spec.arm, entry).astype("<f4").tobytes()
                    folder = f"attempts/{attempt.id.hex}/infer-{entry.target}"
                    manifest = upload(storage, folder, attempt.id.hex, {PREDICTIONS: content})
                    make_stage(
                        attempt=attempt, kind="infer", target=entry.target, state=StageState.ENDED, manifest=manifest
                    )
        return submission.evaluations.get()

    return delivered
