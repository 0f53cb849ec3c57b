"""A study's whole way on one machine: sealed by its curator, brought in, tried out on a real model in real processes,
live, frozen, released; and the number that is told is the library's."""

import re

import numpy as np
import pytest

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.agent.bench import Bench
from evaluator.agent.images import HostImages
from evaluator.agent.releases import ReleaseFolder
from evaluator.agent.studies import StudyFolder
from evaluator.agent.uploads import SEALED_PREDICTIONS, Storage, uploaded
from evaluator.arms import Arm
from evaluator.engine import evaluation as engine
from evaluator.engine.submission import Submission as Sent
from evaluator.sandbox.process_backend import ProcessSandbox
from evaluator.sandbox.stages import Limits
from evaluator.scoring.metrics import Metric, row_scores
from evaluator.scoring.truth import Truth
from evaluator.sealing import boxes, keys, released
from evaluator.sealing.answers import answers
from leaderboard.hosting.advance import advance
from leaderboard.models import Evaluation, Host, Opening, Run, Stage
from leaderboard.sealed import intake, life, looking, measuring, queue, release
from leaderboard.states import Purpose, RunState, StudyState
from tests.agent.builders import make_agent
from tests.sealed_bundles import seal_tiny
from tests.site.builders import make_definition, make_model, make_release, make_run, make_submission, make_track
from tests.site.hosting.world import delivered

IMAGE = "reference:mean_effects"


@pytest.fixture
def scorer(settings, monkeypatch):
    """In this process, with its keys; and few replicates, so that a score takes little time."""
    settings.SCORER_KEYS = settings.SCORER_PUBLIC
    settings.SEALED_RELEASE_EVERY_H = 0
    monkeypatch.setattr(measuring, "REPLICATES", 120)
    monkeypatch.setattr(queue, "_send", lambda *_: None)
    return settings.SCORER_KEYS


@pytest.fixture
def tiny(tmp_path):
    write_tiny(tmp_path / "releases" / "tiny")
    return Release.open(tmp_path / "releases" / "tiny")


@pytest.fixture
def track(db, tiny):
    limits = Limits(wall_s=120)
    definition = make_definition(
        sources=("SynthA",),
        targets=("SynthA", "SynthB", "SynthC"),
        arms=(Arm.parse("real"),),
        train=limits,
        infer=limits,
    )
    return make_track(release=make_release(release_id=tiny.id, folder=str(tiny.folder)), definition=definition)


@pytest.fixture
def model(track, tiny):
    """Published, with the runs that its scores were made of."""
    published = make_submission(
        model=make_model(name="Mean effects", kind="reference"), track=track, state="published",
        image_origin="reference", image_name=IMAGE, image_id=IMAGE,
    )  # fmt: skip
    specs = engine.specs(engine.typed_track(track.definition), tiny.id, Sent(IMAGE, {}, None))
    for spec in specs:
        make_run(submission=published, spec=spec, state=RunState.DONE)
    return published


@pytest.fixture
def agent(tiny, tmp_path, settings):
    """With nothing faked but its clock and its threads."""
    folder, storage = tmp_path / "host", Storage(settings.STORAGE)
    made = make_agent(folder)
    made.bench = Bench(
        sandbox=ProcessSandbox(folder / "sandbox"),
        images=HostImages(None, storage, (), folder / "images"),
        releases=ReleaseFolder(tiny.folder.parent, folder / "jobs"),
        studies=StudyFolder(storage, folder / "sealed"),
        storage=storage,
        folder=folder,
    )
    made.free_disk_mb = lambda: 100_000
    Host.objects.create(name=made.name)
    return made


def move_on(ann, ben, study, to):
    life.answer(ben, life.propose(ann, study), confirm=True)
    study.refresh_from_db()
    assert study.state == to


def run_all(agent):
    """Until no run is left; each stage's own wall time bounds that."""
    while Run.objects.filter(purpose=Purpose.SEALED, state__in=(RunState.QUEUED, RunState.RUNNING)).exists():
        agent.hear(delivered(agent.report()))
        agent.tick()
        advance()


def test_from_the_curators_tables_to_a_number_that_everybody_can_check(
    ann, ben, scorer, track, model, agent, tiny, tmp_path, settings, client
):
    bundle, tar = seal_tiny(tiny, tmp_path / "at-the-curators", keys.public_key(scorer))
    with tar.open("rb") as file:
        study = intake.take(ann, track.slug, file)
    looking.look()
    study.refresh_from_db()
    assert study.report["stops"] is False
    move_on(ann, ben, study, StudyState.SEALED)
    assert life.try_out(ann, study) == 1
    run_all(agent)
    evaluation = Evaluation.objects.get(study=study)
    assert set(evaluation.runs.values_list("state", flat=True)) == {RunState.DONE}
    looking.look()
    assert not release.shown(study, curator=False).exists()
    assert release.shown(study, curator=True).get().released["sources"].keys() == {"SynthA"}
    move_on(ann, ben, study, StudyState.LIVE)
    advance()
    assert Evaluation.objects.filter(study=study).count() == 1  # it was scored in the dry run

    truth = by_hand(evaluation, bundle, scorer, settings)
    looking.look()
    told = release.shown(study, curator=False).get().released["sources"]["SynthA"]
    move_on(ann, ben, study, StudyState.FROZEN)
    looking.look()
    exact = release.shown(study, curator=False).get().released["sources"]["SynthA"]
    assert exact["estimate"] == pytest.approx(truth, abs=1e-9)
    assert told == release.rounded(exact) != exact

    move_on(ann, ben, study, StudyState.RETIRED)
    assert client.get(f"{page_of(study)}y.parquet").status_code == 404
    move_on(ann, ben, study, StudyState.RELEASED)
    looking.look()
    assert len(released.check(bundle, downloaded(client, study, tmp_path)).row_id) == bundle.facts.rows
    whys = list(Opening.objects.order_by("pk").values_list("why", flat=True))
    assert whys == ["validation report", f"score {model}", "publish the answers of a released study"]


def page_of(study):
    return f"/releases/{study.track.release.release_id}/sealed/{study.name}-{study.version}/"


def downloaded(client, study, to):
    """What everybody gets at the study's page, as files; the archive is the curator's own, to the byte."""
    found = re.findall(r'href="([^"]+)" download>([^<]+)<', client.get(page_of(study)).text)
    folder = to / "downloaded"
    folder.mkdir()
    for url, name in found:
        (folder / name).write_bytes(client.get(url).getvalue())
    tar = next(folder.glob("*.tar"))
    assert tar.read_bytes() == next((to / "at-the-curators").glob("*.tar")).read_bytes()
    tar.unlink()
    return folder


def by_hand(evaluation, bundle, scorer, settings):
    """R² of the delivered predictions on the opened answers, by the library's own arithmetic on the release's rows."""
    stage = Stage.objects.get(attempt__run__evaluation=evaluation, target="sealed")
    folder = f"attempts/{stage.attempt_id.hex}/infer-sealed"
    box = uploaded(Storage(settings.STORAGE), folder, SEALED_PREDICTIONS, manifest=stage.manifest)
    key = keys.current(scorer, keys.Kind.SEALING)
    values = np.frombuffer(boxes.open(box, key), "<f4").astype(np.float64)
    query = bundle.query()
    opened = answers(boxes.open(bundle.sealed(), key), bundle.facts.rows, bundle.facts.commitment)
    truth = Truth.of(
        opened.in_order_of(query.row_id), cell=query.cell, drug=query.drug,
        n_cells=len(query.cell_ids), n_drugs=len(query.drug_ids),
    )  # fmt: skip
    return row_scores(truth, values, metrics=[Metric.R2])[Metric.R2].value
