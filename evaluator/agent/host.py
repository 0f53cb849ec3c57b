"""Puts a host together from its settings."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from evaluator.agent.agent import Agent, Executor
from evaluator.agent.bench import Bench
from evaluator.agent.fitness import Fitness, SelfTest, attacks, engine_of, free_disk_mb
from evaluator.agent.images import HostImages
from evaluator.agent.messages import Capacity
from evaluator.agent.releases import ReleaseFolder
from evaluator.agent.settings import HostSettings, SettingError
from evaluator.agent.studies import StudyFolder
from evaluator.agent.uploads import Storage
from evaluator.engine.host import host_limits, open_sandbox, sandbox_version
from evaluator.engine.record import this_host
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.process_backend import ProcessSandbox


@dataclass(frozen=True)
class Host:
    agent: Agent
    fitness: Fitness


def open_host(settings: HostSettings, executor: Executor) -> Host:
    folder = settings.folder
    sandbox, docker = open_sandbox(settings.sandbox, folder)
    assert isinstance(sandbox, DockerSandbox | ProcessSandbox)
    storage, releases = Storage(settings.storage), ReleaseFolder(settings.releases, folder / "jobs")
    test = None if docker is None else _self_test(settings, docker)
    fitness = Fitness(folder, releases, settings.least_free_mb, test)
    limits = host_limits()
    agent = Agent(
        name=settings.name,
        bench=Bench(
            sandbox=sandbox,
            images=HostImages(docker, storage, settings.registries, folder / "images"),
            releases=releases,
            studies=StudyFolder(storage, folder / "sealed"),
            storage=storage,
            folder=folder,
        ),
        capacity=Capacity(cpus=limits.cpus, memory_mb=limits.memory_mb, gpus=len(sandbox.gpus), slots=settings.slots),
        executor=executor,
        unfit=fitness.sentence,
        record={**this_host().to_json(), "sandbox": sandbox_version(docker)},
        free_disk_mb=partial(free_disk_mb, folder),
    )
    fitness.begin(executor)
    return Host(agent, fitness)


def _self_test(settings: HostSettings, docker: DockerSandbox) -> SelfTest:
    return SelfTest(
        folder=settings.folder,
        about=engine_of(docker),
        hours=settings.test_hours,
        attacks=attacks(full=settings.full_test),
        base_image=settings.test_image,
    )


@contextmanager
def alone(settings: HostSettings) -> Iterator[None]:
    """Two agents on one folder would take each other's containers for left ones."""
    settings.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    (settings.folder / "stages").mkdir(mode=0o700, exist_ok=True)  # their orders hold tokens
    with (settings.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            reason = "another agent works in it; give each host a folder of its own"
            raise SettingError(f"HOLDOUT_HOST_FOLDER is {str(settings.folder)!r}: {reason}") from None
        yield
