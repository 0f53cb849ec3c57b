"""Which images a host takes, from where; what becomes of them in Docker stands in test_docker_attempt."""

import pytest

from evaluator.agent.images import HostImages
from evaluator.agent.messages import Image, ImageOrigin
from evaluator.sandbox.images.registry import Registry
from evaluator.sandbox.outcomes import Fault, Outcome, SandboxRefusalError
from tests.agent.fake_sandbox import FakeStore

DIGEST = "sha256:" + "0" * 64


class NoDocker:
    """An engine without images."""

    api = None

    def image_id(self, name):
        raise SandboxRefusalError(Outcome.IMAGE_MISSING, f"this host has no image {name}")


def make_images(folder, docker=None, **changes):
    return HostImages(**{"docker": docker, "storage": FakeStore(), "registries": (), "folder": folder} | changes)


def refusal_of(images, image):
    with pytest.raises(SandboxRefusalError) as caught:
        images.judged(image)
    return caught.value


def test_a_reference_model_is_its_own_identity(tmp_path):
    image = Image(ImageOrigin.REFERENCE, "reference:drug_mean")
    assert make_images(tmp_path).judged(image) == make_images(tmp_path).local(image, "") == "reference:drug_mean"


@pytest.mark.parametrize("docker", [None, NoDocker()], ids=["unknown name", "under Docker"])
def test_a_reference_model_that_cannot_run_here_is_our_failure(tmp_path, docker):
    name = "reference:drug_mean" if docker else "reference:unheard_of"
    assert refusal_of(make_images(tmp_path, docker), Image(ImageOrigin.REFERENCE, name)).outcome.fault is Fault.OURS


def test_a_registry_that_is_not_allowed_is_refused_before_it_is_asked(tmp_path):
    image = Image(ImageOrigin.REGISTRY, f"evil.example.org/a/b@{DIGEST}")
    refusal = refusal_of(make_images(tmp_path, NoDocker(), registries=[Registry("ghcr.io")]), image)
    assert (refusal.outcome, refusal.reason) == (
        Outcome.IMAGE_REFUSED,
        "evil.example.org is not on the list of registries (ghcr.io)",
    )


def test_a_name_without_a_digest_never_means_an_image_of_the_host(tmp_path):
    refusal = refusal_of(make_images(tmp_path, NoDocker()), Image(ImageOrigin.REGISTRY, "python:3.11"))
    assert refusal.outcome is Outcome.IMAGE_REFUSED


def test_an_archive_that_is_not_in_storage_is_our_failure(tmp_path):
    image = Image(ImageOrigin.ARCHIVE, "archives/none.tar", "0" * 64)
    assert refusal_of(make_images(tmp_path, NoDocker()), image).outcome is Outcome.HOST_SHORT


def test_an_image_that_was_good_and_is_lost_is_our_failure(tmp_path):
    images = make_images(tmp_path, NoDocker())
    with pytest.raises(SandboxRefusalError) as caught:
        images.local(Image(ImageOrigin.REGISTRY, f"gone.example.org/a/b@{DIGEST}"), DIGEST)
    assert caught.value.outcome is Outcome.IMAGE_MISSING


def test_what_a_killed_agent_was_fetching_is_removed(tmp_path):
    (tmp_path / "images" / "image-x").mkdir(parents=True)
    make_images(tmp_path / "images")
    assert not (tmp_path / "images").exists()
