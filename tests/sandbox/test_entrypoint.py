"""A command of ours may be run in an image in place of its own, within the same walls."""

import pytest

from evaluator.sandbox.images.config import judged_run
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.selftest import BASE_IMAGE, waited
from evaluator.sandbox.stages import Command, StageSpec
from tests.sandbox.stages import LIMITS

OURS = ("/bin/sh", "-c", "echo ours is told to $0; id -u; touch /no 2>&1")


@pytest.mark.docker
def test_it_runs_in_an_image_without_an_entry_point_and_is_told_the_stage(docker_kit):
    image = docker_kit.sandbox.image_id(BASE_IMAGE)
    spec = StageSpec(key="ours", image=image, command=Command.TRAIN, limits=LIMITS, entrypoint=OURS, uid=23456)
    docker_kit.sandbox.start(spec)
    assert docker_kit.again().rooms.of("ours").spec() == spec
    log = waited(docker_kit.sandbox, "ours").log.head
    assert "ours is told to train" in log
    assert "23456" in log
    assert "Read-only file system" in log


def test_an_images_other_rules_still_hold():
    with pytest.raises(SandboxRefusalError, match="declares VOLUME"):
        judged_run({"Volumes": {"/big": {}}}, instead=OURS)
    with pytest.raises(SandboxRefusalError, match="no ENTRYPOINT"):
        judged_run({})


def test_the_process_sandbox_runs_nothing_in_place_of_our_models(process_kit):
    spec = process_kit.spec(entrypoint=OURS)
    with pytest.raises(SandboxRefusalError, match="nothing in its place: use docker") as refusal:
        process_kit.sandbox.start(spec)
    assert refusal.value.outcome is Outcome.NOT_ALLOWED
