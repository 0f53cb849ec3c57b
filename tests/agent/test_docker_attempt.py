"""The example of docs/contract.md, sent as an archive, through a whole attempt on a Docker engine."""

import hashlib
import subprocess

import pytest

from evaluator.agent.bench import Bench
from evaluator.agent.fitness import Fitness, SelfTest, attacks, engine_of
from evaluator.agent.images import HostImages
from evaluator.agent.messages import Image, ImageOrigin
from evaluator.agent.releases import ReleaseFolder
from evaluator.agent.studies import StudyFolder
from evaluator.agent.uploads import PREDICTIONS, Storage, sha256_of, uploaded
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.selftest import BASE_IMAGE
from evaluator.sandbox.stages import Limits
from tests.agent.builders import image_order, infer_order, make_agent, make_order, make_spec, tell
from tests.agent.fake_sandbox import Inline
from tests.agent.test_whole_attempt import ended
from tests.engine.test_example import DOCS
from tests.sandbox.stages import docker_or_skip

NAME = "holdout-test-agent"
pytestmark = pytest.mark.docker


@pytest.fixture
def docker(tmp_path):
    sandbox = docker_or_skip(tmp_path / "host" / "sandbox")
    yield sandbox
    sandbox.reap()
    sandbox.close()


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    docker_or_skip(tmp_path_factory.mktemp("asked")).close()
    storage = tmp_path_factory.mktemp("storage")
    subprocess.run(["docker", "build", "--quiet", "--tag", NAME, str(DOCS / "example")], check=True, timeout=600)
    (storage / "archives").mkdir()
    subprocess.run(["docker", "save", "--output", str(storage / "archives" / "one.tar"), NAME], check=True)
    yield storage
    subprocess.run(["docker", "rmi", "--force", NAME], check=True, capture_output=True)


@pytest.fixture
def image(archive):
    path = archive / "archives" / "one.tar"
    with path.open("rb") as file:
        return Image(ImageOrigin.ARCHIVE, "archives/one.tar", hashlib.file_digest(file, "sha256").hexdigest())


@pytest.fixture
def whole(docker, archive, releases, tmp_path):
    folder, storage = tmp_path / "host", Storage(str(archive))
    agent = make_agent(folder)
    agent.bench = Bench(
        sandbox=docker,
        images=HostImages(docker, storage, (), folder / "images"),
        releases=ReleaseFolder(releases, folder / "jobs"),
        studies=StudyFolder(storage, folder / "sealed"),
        storage=storage,
        folder=folder,
    )
    return agent


def test_an_archive_is_judged_trained_and_asked(whole, docker, image, tiny):
    studies, limits = tiny.study_names(), Limits(wall_s=120)
    values = {"release_id": tiny.id, "source": studies[0], "targets": studies, "train": limits, "infer": limits}
    found = ended(whole, image_order(image=image, spec=make_spec(image="", **values)))
    assert found.ending.outcome is Outcome.FINISHED
    run = {"image": image, "spec": make_spec(image=found.image, **values)}
    subprocess.run(["docker", "rmi", "--force", found.image], check=True, capture_output=True)
    assert ended(whole, make_order(**run)).ending.outcome is Outcome.FINISHED  # it was fetched once more
    order = infer_order(target=studies[1], **run)
    report = ended(whole, order)
    content = uploaded(whole.bench.storage, order.uploads, PREDICTIONS, manifest=report.manifest)
    assert len(content) == 4 * len(tiny.study(studies[1]))
    tell(whole)
    assert not docker.found()


def test_an_archive_that_is_another_than_was_sent_is_ours(whole, image, tiny):
    other = Image(image.origin, image.name, sha256_of(b"another"))
    ending = ended(whole, image_order(image=other, spec=make_spec(release_id=tiny.id))).ending
    assert ending.outcome is Outcome.HOST_SHORT
    assert "is not the archive that was sent" in ending.reason


def test_an_archive_that_breaks_a_rule_is_refused_with_the_rule(whole, archive, tiny):
    (archive / "archives" / "bad.tar").write_bytes(b"no tar")
    bad = Image(ImageOrigin.ARCHIVE, "archives/bad.tar", sha256_of(b"no tar"))
    ending = ended(whole, image_order(image=bad, spec=make_spec(release_id=tiny.id))).ending
    assert ending.outcome is Outcome.IMAGE_REFUSED
    assert ending.reason


def test_a_host_is_fit_once_its_walls_were_tried_and_need_not_try_them_again(docker, releases, tmp_path):
    folder = tmp_path / "host"
    fields = {"folder": folder, "about": engine_of(docker), "hours": 1.0, "base_image": BASE_IMAGE}
    test = SelfTest(attacks=attacks(full=False), **fields)
    fitness = Fitness(folder, ReleaseFolder(releases, folder / "jobs"), 1, test)
    assert not test.passed_lately()
    fitness.begin(Inline())
    assert fitness.sentence() == ""
    assert test.passed_lately()
    assert not SelfTest(attacks=attacks(full=True), **fields).passed_lately()
    assert not (folder / "selftest").exists()
