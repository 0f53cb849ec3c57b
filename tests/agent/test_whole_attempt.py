"""A reference model through a whole attempt in real processes, beside what the offline engine makes of the same run."""

import numpy as np
import pytest

from evaluator.agent.bench import Bench
from evaluator.agent.images import HostImages
from evaluator.agent.messages import Image, ImageOrigin, Phase
from evaluator.agent.releases import ReleaseFolder
from evaluator.agent.studies import StudyFolder
from evaluator.agent.uploads import PREDICTIONS, Storage, uploaded
from evaluator.engine.engine import Engine
from evaluator.engine.jobs import JobBuilder
from evaluator.engine.ledger import Ledger
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.process_backend import ProcessSandbox
from evaluator.sandbox.stages import Limits
from tests.agent.builders import image_order, infer_order, make_agent, make_order, make_spec, tell, told

MODEL = "reference:mean_effects"


@pytest.fixture
def spec(tiny):
    studies = tiny.study_names()
    limits = Limits(wall_s=120)
    return make_spec(
        image=MODEL, release_id=tiny.id, source=studies[0], targets=studies[:2], train=limits, infer=limits
    )


@pytest.fixture
def whole(tmp_path, releases):
    """An agent with nothing faked but its clock and its threads."""
    folder, storage = tmp_path / "host", Storage(str(tmp_path / "storage"))
    bench = Bench(
        sandbox=ProcessSandbox(folder / "sandbox"),
        images=HostImages(None, storage, (), folder / "images"),
        releases=ReleaseFolder(releases, folder / "jobs"),
        studies=StudyFolder(storage, folder / "sealed"),
        storage=storage,
        folder=folder,
    )
    agent = make_agent(folder)
    agent.bench = bench
    return agent


def ended(agent, order):
    """Ticks until the stage's end is reported; its own wall time bounds that."""
    tell(agent, order)
    while told(agent)[order.key].phase is not Phase.ENDED:
        tell(agent, order)
    return told(agent)[order.key]


def test_what_is_uploaded_is_what_the_engine_would_have_kept(whole, tiny, spec, tmp_path):
    image = Image(ImageOrigin.REFERENCE, MODEL)
    found = ended(whole, image_order(image=image, spec=spec))
    assert (found.ending.outcome, found.image) == (Outcome.FINISHED, MODEL)
    assert ended(whole, make_order(image=image, spec=spec)).ending.outcome is Outcome.FINISHED
    answers = {}
    for target in spec.targets:
        order = infer_order(f"infer-{target.lower()}", target, image=image, spec=spec)
        content = uploaded(whole.bench.storage, order.uploads, PREDICTIONS, manifest=ended(whole, order).manifest)
        answers[target] = np.frombuffer(content, "<f4")
    ledger = Ledger(tmp_path / "offline")
    sandbox = ProcessSandbox(tmp_path / "offline" / "sandbox")
    Engine(sandbox, JobBuilder(tiny, tmp_path / "offline" / "jobs"), ledger, "offline", 1).run([spec])
    for target in spec.targets:
        np.testing.assert_array_equal(answers[target], np.load(ledger.predictions_path(spec, target)))


def test_nothing_but_what_was_uploaded_stays_of_an_attempt(whole, spec, tmp_path):
    image = Image(ImageOrigin.REFERENCE, MODEL)
    ended(whole, make_order(image=image, spec=spec))
    ended(whole, infer_order(image=image, spec=spec))
    tell(whole)
    left = {path.name for path in (tmp_path / "host").rglob("*") if path.is_file() and path.parent.name != "locks"}
    assert left == {"lease.json"}


def test_a_release_that_is_not_here_is_our_failure_and_names_the_remedy(whole):
    image = Image(ImageOrigin.REFERENCE, MODEL)
    ending = ended(whole, make_order(image=image, spec=make_spec(release_id="f" * 64))).ending
    assert (ending.outcome, ending.outcome.fault) == (Outcome.HOST_SHORT, Fault.OURS)
    assert "copy its folder there" in ending.reason


def test_an_image_of_a_stranger_is_not_for_the_process_sandbox(whole, spec):
    ending = ended(whole, image_order(spec=spec)).ending
    assert (ending.outcome, ending.outcome.fault) == (Outcome.NOT_ALLOWED, Fault.OURS)


def test_a_release_that_is_added_later_is_found(releases, tiny, spec, tmp_path):
    shelf = ReleaseFolder(tmp_path / "later", tmp_path / "jobs")
    assert shelf.ids == ()
    (tmp_path / "later").mkdir()
    (tmp_path / "later" / "tiny").symlink_to(releases / "tiny")
    assert shelf.builder(spec).release.id == tiny.id
    assert shelf.ids == (tiny.id,)
