"""A study sealed to a scorer's keys, and evaluations on it whose predictions were delivered to storage."""

import shutil
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from django.utils import timezone

from benchmark_data.manifest import Entity
from benchmark_data.release import Release
from benchmark_data.sealed_study import SealedStudyWriter, read
from benchmark_data.study_facts import FORMAT, StudyFacts
from benchmark_data.synthetic import write_tiny
from evaluator.agent.uploads import SEALED_PREDICTIONS, Storage, upload
from evaluator.arms import Arm
from evaluator.engine.runs import SEALED
from evaluator.engine.track import whole_release
from evaluator.sealing import answers, boxes, keys
from leaderboard.models import SealedStudy, StudyStep
from leaderboard.sealed import measuring
from leaderboard.sealed.vault import Vault
from leaderboard.states import AttemptState, Purpose, RunState, StageState, StudyState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_evaluation,
    make_model,
    make_person,
    make_release,
    make_run,
    make_spec,
    make_stage,
    make_submission,
    make_track,
)

REPLICATES = 120
NEW_CELLS, NEW_DRUG = ("NEW-1", "NEW-2"), "NewDrug_1"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Release:
    folder = tmp_path_factory.mktemp("tiny") / "release"
    write_tiny(folder)
    return Release.open(folder)


@dataclass(frozen=True)
class Hidden:
    """What the curator knows: rows in the order of the query, answers beside them."""

    release: Release
    row_id: np.ndarray
    cells: list[str]
    drugs: list[str]
    response: np.ndarray = field(repr=False)

    def __len__(self):
        return len(self.row_id)


@pytest.fixture(scope="session")
def hidden(tiny) -> Hidden:
    """20 cells × 10 drugs, two cells and a drug of them new; row ids in no order."""
    rng = np.random.default_rng(8)
    cells = [*tiny.cells[:18], *NEW_CELLS]
    drugs = [*tiny.drugs[:9], NEW_DRUG]
    pairs = [(cell, drug) for cell in cells for drug in drugs]
    level, strength = rng.normal(0.6, 0.15, len(drugs)), rng.normal(0, 0.1, len(cells))
    response = [level[drugs.index(d)] + strength[cells.index(c)] + rng.normal(0, 0.05) for c, d in pairs]
    row_id = rng.permutation(len(pairs)).astype(np.int64) + 1000
    return Hidden(tiny, row_id, [c for c, _ in pairs], [d for _, d in pairs], np.clip(response, 0, 1))


USUAL = {
    "curve_fit": "four-parameter Hill",
    "quality_filter": "R2 >= 0.3",
    "dose_low_m": 1e-10,
    "dose_high_m": 1e-4,
}


def write_bundle(folder: Path, hidden: Hidden, public, **said) -> str:
    """Returns the study's id."""
    content = answers.payload(hidden.row_id, hidden.response, answers.new_salt())
    facts = StudyFacts(
        **{
            "format": FORMAT,
            "name": "whisper",
            "version": "1",
            "task": hidden.release.manifest.task,
            "response": hidden.release.manifest.response,
            "release_name": hidden.release.manifest.name,
            "release_id": hidden.release.id,
            "rows": 0,
            "cells": 0,
            "drugs": 0,
            "new_cells": 0,
            "new_drugs": 0,
            "producer": "A laboratory",
            "measured_at": date(2020, 1, 1),
            "readable_at": date(2020, 2, 1),
            "licence": "none yet",
            "key_id": public.id,
            "commitment": answers.commitment(content),
            "without": tuple(f"{table.entity}/{table.name}" for table in hidden.release.manifest.tables),
        }
        | USUAL
        | said
    )
    with SealedStudyWriter(folder, release=hidden.release) as writer:
        writer.add_info(Entity.CELL, pa.table({"cell_id": list(NEW_CELLS), "tissue": ["lung", "skin"]}))
        writer.add_info(Entity.DRUG, pa.table({"drug_id": [NEW_DRUG], "mechanisms": ["EGFR inhibitor"]}))
        writer.add_query(pa.table({"row_id": hidden.row_id, "cell_id": hidden.cells, "drug_id": hidden.drugs}))
        writer.seal(boxes.seal(content, public), facts)
    return writer.study_id


@pytest.fixture(autouse=True)
def storage(settings, tmp_path) -> Storage:
    settings.STORAGE = str(tmp_path / "storage")
    return Storage(settings.STORAGE)


@pytest.fixture
def vault(settings, tmp_path, monkeypatch) -> Vault:
    """The scorer's own folder; and few replicates, so that a score takes little time."""
    settings.SCORER_KEYS = tmp_path / "scorer" / "keys"
    monkeypatch.setattr(measuring, "REPLICATES", REPLICATES)
    keys.make(settings.SCORER_KEYS)
    return Vault.ours()


@pytest.fixture
def track(db, tiny):
    row = make_release(release_id=tiny.id, folder=str(tiny.folder))
    return make_track(release=row, definition=whole_release(tiny).narrowed(splits=(0, 1)))


@pytest.fixture
def bring(track, hidden, vault, storage, tmp_path):
    """A study in storage and its row, as intake leaves them."""

    def brought(*, state=StudyState.LIVE, answered=None, said=None, **values):
        folder = tmp_path / f"bundle-{SealedStudy.objects.count()}"
        version = str(SealedStudy.objects.count() + 1)
        known = hidden if answered is None else answered
        public = keys.current(vault.keys, keys.Kind.SEALING).public
        study_id = write_bundle(folder, known, public, version=version, **(said or {}))
        facts = read(folder).facts
        shutil.copytree(folder, Path(storage.root) / "sealed" / study_id)
        curator = make_person(name="curator", curator=True)
        study = SealedStudy.objects.create(
            study_id=study_id, name=facts.name, version=facts.version, track=track, state=state, summary=facts.plain(),
            commitment=facts.commitment, key_id=facts.key_id, uploaded_by=curator, **values
        )  # fmt: skip
        if state == StudyState.LIVE:
            long_ago = timezone.now() - timedelta(days=1)
            StudyStep.objects.create(
                study=study, to=state, proposed_by=curator, answered_by=make_person(name="curator", curator=True),
                answered_at=long_ago, is_confirmed=True
            )  # fmt: skip
        return study

    return brought


class Maker:
    """Its predictions lie `share` of the way from the middle to the truth, with noise of its own."""

    def __init__(self, hidden, share=0.5, noise=0.05, seed=0):
        self.hidden, self.share, self.noise, self.seed = hidden, share, noise, seed

    def __call__(self, source, split):
        rng = np.random.default_rng([self.seed, len(source), split])
        middle, y = self.hidden.response.mean(), self.hidden.response
        return (middle + self.share * (y - middle) + rng.normal(0, self.noise, len(y))).astype(np.float32)


@pytest.fixture
def deliver(hidden, vault, storage, track):
    """An evaluation on a study, its runs done and its predictions in boxes for the scorer."""

    def delivered(study, predict=None, *, model=None, kind="participant", done=True, seal_to=None, **values):
        predict = predict or Maker(hidden)
        usual = {"state": SubmissionState.PUBLISHED, "image_id": "sha256:" + "ab" * 32}
        submission = make_submission(model=model or make_model(kind=kind), track=track, **usual | values)
        evaluation = make_evaluation(submission=submission, study=study)
        public = seal_to or keys.current(vault.keys, keys.Kind.SEALING).public
        for source in track.definition["sources"]:
            for split in track.definition["splits"]:
                spec = make_spec(
                    arm=Arm.parse("real"), source=source, split=split, targets=(track.definition["targets"][0],),
                    release_id=track.release.release_id, study=study.study_id, seal_to=public.text,
                )  # fmt: skip
                run = make_run(
                    submission=submission, evaluation=evaluation, purpose=Purpose.SEALED, spec=spec,
                    state=RunState.DONE if done else RunState.RUNNING,
                )  # fmt: skip
                attempt = make_attempt(run=run, state=AttemptState.DONE if done else AttemptState.OPEN)
                content = boxes.seal(predict(source, split).astype("<f4").tobytes(), public)
                folder = f"attempts/{attempt.id.hex}/infer-{SEALED}"
                manifest = upload(storage, folder, attempt.id.hex, {SEALED_PREDICTIONS: content})
                make_stage(attempt=attempt, kind="infer", target=SEALED, state=StageState.ENDED, manifest=manifest)
        return evaluation

    return delivered


@pytest.fixture
def study(bring):
    return bring()
