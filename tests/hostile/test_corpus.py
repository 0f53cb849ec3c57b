"""Every program of the hostile corpus against the real engine: each attack is one test, named by what must hold."""

import pytest

from evaluator.sandbox.attacks import ATTACKS
from evaluator.sandbox.selftest import host_notes, prepared, run_attack
from tests.sandbox.stages import docker_or_skip, nothing_left

pytestmark = pytest.mark.docker


@pytest.fixture(scope="session")
def ground(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    sandbox = docker_or_skip(folder / "root")
    try:
        yield prepared(sandbox, folder / "ground")
        sandbox.reap()
        assert nothing_left(sandbox, folder)
    finally:
        sandbox.close()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
def test_it_is_held(ground, attack):
    finding = run_attack(ground, attack)
    assert finding.broken == (), f"{attack.holds}; this host: {host_notes(ground.sandbox.api.info())}"
    assert ground.sandbox.found() == ()
