"""Images reach the engine without a name and without the engine's help, and no tag of the host is ever moved."""

import contextlib
import io
import json
import shutil
import socket
import subprocess
import tarfile
import uuid

import pytest

from evaluator.sandbox.images.archive import read_archive
from evaluator.sandbox.images.load import load
from evaluator.sandbox.images.registry import Registry, fetch
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.selftest import BASE_IMAGE, waited
from evaluator.sandbox.stages import Command, StageSpec
from tests.sandbox.images import LAYOUTS, Image, before_25, oci, tar, written
from tests.sandbox.stages import LIMITS

GOOD = Image()


@contextlib.contextmanager
def loaded(kit, parts):
    image = load(parts, kit.sandbox.api)
    try:
        yield image
    finally:
        kit.sandbox.api.remove_image(image, force=True)


def base_layers(kit):
    """The host's own base image, as the layers of an archive."""
    saved = io.BytesIO(b"".join(kit.sandbox.api.get_image(BASE_IMAGE)))
    with tarfile.open(fileobj=saved) as archive:
        (manifest,) = json.load(archive.extractfile("manifest.json"))
        return tuple(archive.extractfile(layer).read() for layer in manifest["Layers"])


MODEL = b"""import pathlib, sys
pathlib.Path("/holdout/model/weights").write_text(sys.argv[1] + "%s")
"""


@pytest.mark.docker
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_an_archive_is_loaded_and_moves_no_tag(docker_kit, tmp_path, layout, packed):
    before = docker_kit.sandbox.image_id(BASE_IMAGE)
    image = GOOD.but(layers=(tar(files={"model.py": uuid.uuid4().bytes}),), packed=packed, tag=BASE_IMAGE)
    parts = read_archive(written(tmp_path / "a.tar", layout(image)))
    with loaded(docker_kit, parts) as loaded_id:
        assert loaded_id == parts.identity
        assert docker_kit.sandbox.image_id(BASE_IMAGE) == before
        assert docker_kit.sandbox.api.inspect_image(loaded_id)["RepoTags"] == []


@pytest.mark.docker
def test_a_loaded_image_runs(docker_kit, tmp_path):
    mine = tar(files={"model.py": MODEL % uuid.uuid4().hex.encode()})
    image = GOOD.but(layers=(*base_layers(docker_kit), mine))
    parts = read_archive(written(tmp_path / "a.tar", before_25(image)))
    with loaded(docker_kit, parts) as loaded_id:
        docker_kit.sandbox.start(StageSpec(key="stage", image=loaded_id, command=Command.TRAIN, limits=LIMITS))
        assert waited(docker_kit.sandbox, "stage").outcome is Outcome.FINISHED
        docker_kit.sandbox.discard("stage")


def small(tmp_path, **changes):
    """Parts of an image that no other test has."""
    layers = (tar(files={"model.py": uuid.uuid4().bytes}), tar(files={"more": b""}))
    return read_archive(written(tmp_path / "small.tar", oci(GOOD.but(layers=layers, **changes))))


@pytest.mark.docker
def test_what_the_engine_saves_is_read_again(docker_kit, tmp_path):
    with loaded(docker_kit, small(tmp_path)) as image:
        (tmp_path / "saved.tar").write_bytes(b"".join(docker_kit.sandbox.api.get_image(image)))
        assert read_archive(tmp_path / "saved.tar").identity == image


@pytest.mark.docker
def test_an_image_without_a_shell_is_not_startable(docker_kit, tmp_path):
    with loaded(docker_kit, small(tmp_path)) as loaded_id:
        docker_kit.sandbox.start(StageSpec(key="stage", image=loaded_id, command=Command.TRAIN, limits=LIMITS))
        ending = waited(docker_kit.sandbox, "stage")
        docker_kit.sandbox.discard("stage")
    assert ending.outcome is Outcome.NOT_STARTABLE
    assert "/bin/sh" in ending.reason


@pytest.mark.docker
def test_a_rule_that_was_dodged_by_spelling_is_kept_at_the_start(docker_kit, tmp_path):
    """Docker reads JSON without minding case: what "volumes" meant to the engine is judged again from its own words."""
    run = (("Entrypoint", ["a"]), ("volumes", {"/data": {}}))
    with (
        loaded(docker_kit, small(tmp_path, run=run)) as loaded_id,
        pytest.raises(SandboxRefusalError, match="VOLUME /data"),
    ):
        docker_kit.sandbox.start(StageSpec(key="stage", image=loaded_id, command=Command.TRAIN, limits=LIMITS))


@pytest.mark.docker
def test_an_image_that_is_not_here_is_not_pulled(docker_kit):
    with pytest.raises(SandboxRefusalError, match="build it or load it first") as refusal:
        docker_kit.sandbox.start(docker_kit.spec(image="example.org/nobody:1"))
    assert refusal.value.outcome is Outcome.IMAGE_MISSING


@pytest.mark.docker
def test_a_reference_model_is_no_image(docker_kit):
    with pytest.raises(SandboxRefusalError, match="process sandbox"):
        docker_kit.sandbox.start(docker_kit.spec(image="reference:drug_mean"))


@pytest.mark.docker
def test_an_image_is_fetched_by_digest_from_a_real_registry(docker_kit, tmp_path):
    if shutil.which("docker-registry") is None:
        pytest.skip("no docker-registry: apt-get install docker-registry, as .ci/docker-up does")
    api = docker_kit.sandbox.api
    (tmp_path / "blobs").mkdir()
    with real_registry(tmp_path) as host, loaded(docker_kit, small(tmp_path)) as image:
        api.tag(image, f"{host}/team/model", "v1")
        said = api.push(f"{host}/team/model", "v1", stream=True, decode=True)
        (pushed,) = (line["aux"]["Digest"] for line in said if "aux" in line)
        registry = Registry(host, plain_http=True)
        parts = fetch(f"{host}/team/model@{pushed}", allowed=[registry], into=tmp_path / "blobs")
    assert parts.identity == image


@contextlib.contextmanager
def real_registry(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    config = folder / "registry.yml"
    storage = json.dumps({"filesystem": {"rootdirectory": str(folder / "registry")}})  # JSON is YAML
    config.write_text(
        f'{{"version": 0.1, "storage": {storage}, "http": {{"addr": "{host}"}}, "log": {{"level": "error"}}}}'
    )
    process = subprocess.Popen(["docker-registry", "serve", str(config)], stderr=subprocess.PIPE)
    try:
        answered(host, process)
        yield host
    finally:
        process.kill()
        process.communicate()


def answered(host, process):
    """Returns once it accepts a connection; fails when it has ended instead."""
    name, port = host.split(":")
    while process.poll() is None:
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection((name, int(port))):
            return
    pytest.fail("docker-registry did not start")
