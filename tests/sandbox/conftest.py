import pytest

from evaluator.sandbox import bubblewrap
from tests.sandbox.stages import DockerStages, ProcessStages, nothing_left


def _cleaned(kit):
    yield kit
    kit.sandbox.reap()
    assert nothing_left(kit.sandbox, kit.folder)


def _docker(folder):
    kit = DockerStages(folder)
    try:
        yield from _cleaned(kit)
    finally:
        kit.sandbox.close()


def _process(folder, *, walled):
    if walled and not bubblewrap.works():
        pytest.skip("bubblewrap does not work here: apt-get install bubblewrap, on a kernel with user namespaces")
    yield from _cleaned(ProcessStages(folder, walled=walled))


@pytest.fixture(params=[pytest.param("docker", marks=pytest.mark.docker), "bubblewrap", "limits"])
def kit(request, tmp_path):
    """Each backend in turn, with stages to start in it; afterwards nothing of them is left."""
    if request.param == "docker":
        yield from _docker(tmp_path)
    else:
        yield from _process(tmp_path, walled=request.param == "bubblewrap")


@pytest.fixture
def docker_kit(tmp_path):
    yield from _docker(tmp_path)


@pytest.fixture(params=["bubblewrap", "limits"])
def process_kit(request, tmp_path):
    yield from _process(tmp_path, walled=request.param == "bubblewrap")
