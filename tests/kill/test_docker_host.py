"""A host's process killed -9 while a container of its runs: the next one adopts it, and in the end nothing is left."""

import os
import subprocess
import sys

import pytest

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.agent.fitness import SelfTest, attacks, engine_of
from evaluator.agent.messages import Image, ImageOrigin, Phase
from evaluator.engine.host import SandboxKind, open_sandbox
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.selftest import BASE_IMAGE, derived_image
from evaluator.sandbox.stages import Limits
from tests.agent.builders import make_order, make_spec
from tests.agent.test_worker import Redis, Site
from tests.sandbox.stages import docker_or_skip, nothing_left

pytestmark = pytest.mark.docker
SCRIPT = "until test -e /tmp/go; do sleep 0.1; done; echo weights > /holdout/model/weights"
LIMITS = Limits(cpus=1, memory_mb=256, pids=32, model_mb=8, out_mb=8, shm_mb=8, wall_s=600)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "host"


@pytest.fixture
def docker(folder):
    docker_or_skip(folder / "asked").close()
    _, docker = open_sandbox(SandboxKind.DOCKER, folder)
    # What the self test would attack is not what this is about.
    SelfTest(folder, engine_of(docker), 24, attacks(full=False), BASE_IMAGE).remember()
    yield docker
    docker.reap()
    docker.close()


@pytest.fixture
def redis(tmp_path):
    redis = Redis(tmp_path)
    redis.start()
    yield redis
    redis.kill()


@pytest.fixture
def site(redis):
    site = Site(redis.address)
    yield site
    site.broker.close()


@pytest.fixture
def start(tmp_path, folder, redis):
    kept = ("PATH", "PYTHONPATH", "DOCKER_")
    environment = {name: value for name, value in os.environ.items() if name.startswith(kept)}
    environment |= {
        "HOLDOUT_HOST_NAME": "host-1",
        "HOLDOUT_HOST_BROKER": redis.address,
        "HOLDOUT_HOST_FOLDER": str(folder),
        "HOLDOUT_HOST_REPORT_S": "0.5",
        "HOLDOUT_HOST_SELF_TEST": "short",
        "HOLDOUT_RELEASES": str(tmp_path / "releases"),
        "HOLDOUT_SANDBOX": "docker",
        "HOLDOUT_STORAGE": str(tmp_path / "storage"),
    }
    started = []

    def start_host():
        started.append(subprocess.Popen([sys.executable, "-m", "evaluator.worker"], env=environment))
        return started[-1]

    yield start_host
    for process in started:
        process.kill()
        process.wait()


def order_of(docker, releases):
    write_tiny(releases / "tiny")
    tiny = Release.open(releases / "tiny")
    image = derived_image(docker, BASE_IMAGE, entrypoint=["/bin/sh", "-c", SCRIPT])
    studies = tiny.study_names()
    values = {"release_id": tiny.id, "source": studies[0], "targets": studies, "train": LIMITS, "infer": LIMITS}
    return make_order(image=Image(ImageOrigin.ARCHIVE, "uploads/none"), spec=make_spec(image=image, **values))


def containers(docker):
    listed = docker.api.containers(all=True)
    return [one["Id"] for one in listed if docker.namespace in one["Labels"].values()]


def test_a_killed_hosts_container_is_adopted_and_ends_and_nothing_of_it_stays(docker, start, site, tmp_path, folder):
    order = order_of(docker, tmp_path / "releases")
    site.orders = (order,)
    killed = start()
    site.until(is_running)
    (container,) = containers(docker)
    killed.kill()
    killed.wait()
    start()
    site.until(is_running)
    assert containers(docker) == [container]
    docker.api.exec_start(docker.api.exec_create(container, ["touch", "/tmp/go"])["Id"])
    assert site.ended(order).ending.outcome is Outcome.FINISHED
    site.orders = ()
    site.until(lambda report: not report.stages)
    assert containers(docker) == []
    assert nothing_left(docker, folder)
    assert not list((folder / "attempts").glob("*"))


def is_running(report):
    return [stage.phase for stage in report.stages] == [Phase.RUNNING]
