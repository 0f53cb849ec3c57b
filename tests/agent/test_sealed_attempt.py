"""A reference model asked about a sealed study in real processes: what it gets, and what leaves the host."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from benchmark_data.manifest import Entity
from evaluator.agent.bench import Bench
from evaluator.agent.images import HostImages
from evaluator.agent.messages import Image, ImageOrigin, Phase
from evaluator.agent.releases import ReleaseFolder
from evaluator.agent.studies import StudyFolder
from evaluator.agent.uploads import SEALED_PREDICTIONS, Storage, uploaded
from evaluator.contract.errors import ContractError
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.sealed_target import SealedTarget
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.process_backend import ProcessSandbox
from evaluator.sandbox.stages import Ending, Limits, ModelFile
from evaluator.sealing import boxes, keys
from tests.agent.builders import infer_order, make_agent, make_order, make_spec, tell, told
from tests.agent.fake_sandbox import FakeSandbox
from tests.engine.fakes import inside
from tests.sealed_bundles import seal_tiny

KEY = keys.new(keys.Kind.SEALING)
SEALED = {"study": "5" * 64, "seal_to": KEY.public.text, "targets": ("B",)}


@pytest.fixture(scope="module")
def bundle(tiny, tmp_path_factory):
    return seal_tiny(tiny, tmp_path_factory.mktemp("sealed") / "bundle", KEY.public)[0]


@pytest.fixture
def store(bundle, tmp_path):
    """A storage that has the study, answers and all."""
    folder = tmp_path / "storage"
    shutil.copytree(bundle.folder, folder / "sealed" / bundle.study_id)
    return Storage(str(folder))


@pytest.fixture
def spec(tiny, bundle):
    def made(model, **changes):
        source, target, *_ = tiny.study_names()
        limits = Limits(wall_s=120)
        asked = {"study": bundle.study_id, "seal_to": KEY.public.text, "targets": (target,)}
        usual = {"image": f"reference:{model}", "release_id": tiny.id, "source": source}
        return make_spec(**usual | {"train": limits, "infer": limits} | asked | changes)

    return made


@pytest.fixture
def whole(tmp_path, releases, store):
    folder = tmp_path / "host"
    agent = make_agent(folder)
    agent.bench = Bench(
        sandbox=ProcessSandbox(folder / "sandbox"),
        images=HostImages(None, store, (), folder / "images"),
        releases=ReleaseFolder(releases, folder / "jobs"),
        studies=StudyFolder(store, folder / "sealed"),
        storage=store,
        folder=folder,
    )
    return agent


def ended(agent, order):
    tell(agent, order)
    while told(agent)[order.key].phase is not Phase.ENDED:
        tell(agent, order)
    return told(agent)[order.key]


@pytest.fixture
def stages(tiny, bundle, spec, tmp_path):
    """The three stages of one run, as they would be started."""

    def built(**changes):
        run, builder = spec("lgbm", **changes), JobBuilder(tiny, tmp_path / "jobs", now=lambda: 1000.0)
        model = ModelFile(tmp_path / "model", 7, "0" * 64)
        target = SealedTarget(bundle.study_id, bundle.folder)
        train, open_one = builder.train_stage(run, "a-0"), builder.infer_stage(run, "a-1", run.targets[0], model)
        return train, open_one, builder.sealed_stage(run, "a-2", target, model)

    return built


@pytest.mark.parametrize("model", ["lgbm", "drug_mean"])
def test_a_model_answers_for_new_cells_and_drugs_and_nobody_but_the_scorer_can_read_it(
    whole, store, spec, bundle, model
):
    run, image = spec(model), Image(ImageOrigin.REFERENCE, f"reference:{model}")
    assert ended(whole, make_order("a-0", image=image, spec=run)).ending.outcome is Outcome.FINISHED
    order = infer_order("a-2", "sealed", image=image, spec=run)
    said = ended(whole, order)
    assert (said.ending.outcome, said.wall_s, said.ending.exit_code) == (Outcome.FINISHED, 0.0, None)
    assert order.uploads == "attempts/a1/infer-sealed"
    content = uploaded(store, order.uploads, SEALED_PREDICTIONS, manifest=said.manifest)
    assert len(content) == 4 * bundle.facts.rows + boxes.OVERHEAD_BYTES
    values = np.frombuffer(boxes.open(content, KEY), "<f4")
    assert np.isfinite(values).all()
    query = bundle.query()
    of_drug = [values[query.drug == code] for code in range(len(query.drug_ids))]
    spread = max(float(np.ptp(one)) for one in of_drug)  # in the study's own order, a drug's mean is one number
    assert (spread == 0) == (model == "drug_mean")
    assert len(np.unique(values)) > 5


def test_the_answers_never_come_to_a_host(whole, spec, bundle):
    whole.bench.studies.fetched(bundle.study_id)
    assert not [path for path in whole.bench.folder.rglob("*") if path.name == "y.sealed"]


def test_nothing_of_the_study_stays_readable_on_the_host_after_its_stage(whole, spec, bundle):
    image = Image(ImageOrigin.REFERENCE, "reference:drug_mean")
    run = spec("drug_mean")
    ended(whole, make_order("a-0", image=image, spec=run))
    ended(whole, infer_order("a-2", "sealed", image=image, spec=run))
    tell(whole)
    left = {path.relative_to(whole.bench.folder).parts[0] for path in whole.bench.folder.rglob("*") if path.is_file()}
    assert left <= {"lease.json", "sealed", "sandbox"}
    assert not list((whole.bench.folder / "sandbox").rglob("*predictions*"))


def test_a_study_that_is_not_what_its_id_says_is_never_staged(store, bundle, tmp_path):
    folder = StudyFolder(store, tmp_path / "here")
    (tmp_path / "storage" / "sealed" / bundle.study_id / "query.parquet").write_bytes(b"another")
    with pytest.raises(SandboxRefusalError, match="cannot be had from storage") as refusal:
        folder.fetched(bundle.study_id)
    assert refusal.value.outcome is Outcome.HOST_SHORT
    assert not [path for path in (tmp_path / "here").iterdir() if not path.name.startswith(".")]


@pytest.mark.parametrize("remapped", [False, True])
def test_training_is_the_same_as_without_a_sealed_study(stages, spec, tiny, tmp_path, remapped):
    train, *_ = stages(remap_ids=remapped)
    plain = spec("lgbm", remap_ids=remapped, study="", seal_to="", targets=tiny.study_names())
    other = JobBuilder(tiny, tmp_path / "plain", now=lambda: 1000.0).train_stage(plain, "a-0")
    assert train.uid == other.uid
    assert [mount.target for mount in train.mounts] == [mount.target for mount in other.mounts]
    for mount, same in zip(train.mounts, other.mounts, strict=True):
        assert mount.source.read_bytes() == same.source.read_bytes()


@pytest.mark.parametrize("remapped", [False, True])
def test_no_stage_but_the_sealed_one_sees_a_row_an_id_or_a_feature_of_the_study(stages, bundle, remapped):
    """The sealed stage's own names for new cells and drugs, which come into being with it, included."""
    train, open_one, sealed = stages(remap_ids=remapped)
    words = {*bundle.new_ids(Entity.CELL), *bundle.new_ids(Entity.DRUG), bundle.study_id, bundle.facts.name}
    known = set(lines(open_one, "x/cell/expression.rows.txt"))
    words |= set(lines(sealed, "more/x/cell/expression.rows.txt"))
    assert len(words) > 6
    assert not words & known
    for stage in (train, open_one):
        seen = b"\n".join(mount.source.read_bytes() for mount in stage.mounts) + str(stage.to_json()).encode()
        assert not [word for word in words if word.encode() in seen]
        assert not [mount for mount in stage.mounts if "more" in mount.target]


def test_the_sealed_stage_names_known_cells_as_its_training_did(stages, bundle, tiny):
    train, _, sealed = stages(remap_ids=True)
    names = dict(zip(tiny.cells, lines(train, "x/cell/expression.rows.txt"), strict=True))
    names |= dict(zip(bundle.new_ids(Entity.CELL), lines(sealed, "more/x/cell/expression.rows.txt"), strict=True))
    asked = pq.read_table(inside(sealed, "query.parquet"))
    assert asked["row_id"].to_pylist() == list(range(bundle.facts.rows))
    query = bundle.query()
    in_study = sorted(names[query.cell_ids[code]] for code in query.cell)
    assert sorted(asked["cell_id"].to_pylist()) == in_study
    assert asked["cell_id"].to_pylist() != [names[query.cell_ids[code]] for code in query.cell]


def test_a_new_part_has_the_tables_columns_and_the_studys_rows(stages, bundle):
    *_, sealed = stages()
    document = json.loads(inside(sealed, "job.json").read_text())
    parts = {(t["entity"], t["name"]): t["parts"] for t in document["tables"]}
    first, second = parts["cell", "expression"]
    assert lines(sealed, first["columns"]) == lines(sealed, second["columns"])
    assert lines(sealed, second["rows"]) == list(bundle.new_ids(Entity.CELL))
    np.testing.assert_array_equal(
        np.load(inside(sealed, second["values"])), bundle.table(Entity.CELL, "expression").values
    )


def test_no_path_that_a_container_can_read_names_the_study(stages, bundle):
    *_, sealed = stages()
    assert not [mount for mount in sealed.mounts if bundle.study_id in str(mount.source)]


def test_predictions_that_are_refused_are_a_failure_without_a_reason(tmp_path):
    def refusing(path, name, *, n_rows):
        raise ContractError(name, reason="the secret is 5")

    agent, run = make_agent(tmp_path, FakeSandbox(instant=True), read=refusing), make_spec(**SEALED)
    ended(agent, make_order("a-0", spec=run))
    said = ended(agent, infer_order("a-2", "sealed", spec=run))
    assert said.ending == Ending(outcome=Outcome.FAILED_ON_SEALED, exit_code=None, oom_killed=False, wall_s=0.0)
    assert (said.wall_s, said.manifest) == (0.0, None)


def test_how_long_a_sealed_stage_runs_is_not_told_while_it_runs(tmp_path):
    agent, run = make_agent(tmp_path, FakeSandbox()), make_spec(**SEALED)
    tell(agent, make_order("a-0", spec=run))
    agent.bench.sandbox.end("a-0")
    open_one, sealed = infer_order("a-1", "B", spec=run), infer_order("a-2", "sealed", spec=run)
    tell(agent, make_order("a-0", spec=run), open_one, sealed)
    assert {key: told(agent)[key].wall_s for key in ("a-1", "a-2")} == {"a-1": 0.5, "a-2": 0.0}


def lines(stage, path):
    return inside(stage, path).read_text().splitlines()
