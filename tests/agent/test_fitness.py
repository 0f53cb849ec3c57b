"""A host that should take no work says why."""

from concurrent.futures import Future

import pytest

from evaluator.agent.fitness import SHORT, Fitness, SelfTest, attacks
from tests.agent.fake_sandbox import FakeReleases, Inline, Later

ENGINE = {"ServerVersion": "20.10"}


class Passing(SelfTest):
    """Tries nothing."""

    said = ""

    def run(self):
        return self.said


def make_test(folder, kind=Passing, **changes):
    values = {"about": ENGINE, "hours": 24.0, "attacks": (), "base_image": "base"}
    return kind(folder=folder, **values | changes)


def make_fitness(folder, test=None, **changes):
    return Fitness(**{"folder": folder, "releases": FakeReleases(), "least_free_mb": 1, "test": test} | changes)


def test_a_process_sandbox_needs_no_test(tmp_path):
    fitness = make_fitness(tmp_path)
    fitness.begin(Inline())
    assert fitness.sentence() == ""


def test_a_host_is_unfit_while_it_is_tested_and_when_it_failed(tmp_path):
    test, later = make_test(tmp_path), Later()
    test.said = "the sandbox's self test failed: network"
    fitness = make_fitness(tmp_path, test)
    fitness.begin(later)
    assert "under way" in fitness.sentence()
    later.work()
    assert fitness.sentence() == test.said


def test_a_test_that_breaks_off_is_no_pass(tmp_path):
    fitness = make_fitness(tmp_path, make_test(tmp_path))
    fitness._testing = Future()
    fitness._testing.set_exception(OSError("no loop devices"))
    assert "broke off: OSError: no loop devices" in fitness.sentence()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"least_free_mb": 1 << 50}, "MB free"), ({"releases": FakeReleases(ids=())}, "no release"), ({}, "")],
)
def test_room_and_a_release_must_be_there(tmp_path, changes, sentence):
    assert sentence in make_fitness(tmp_path, **changes).sentence()


def test_a_pass_counts_for_some_hours_and_for_this_engine(tmp_path):
    make_test(tmp_path, now=lambda: 1000.0).remember()
    assert make_test(tmp_path, now=lambda: 1000.0 + 23 * 3600).passed_lately()
    assert not make_test(tmp_path, now=lambda: 1000.0 + 25 * 3600).passed_lately()
    assert not make_test(tmp_path, now=lambda: 500.0).passed_lately()
    assert not make_test(tmp_path, now=lambda: 1001.0, about={"ServerVersion": "28"}).passed_lately()


def test_the_short_test_has_an_attack_for_each_wall():
    assert {attack.name for attack in attacks(full=False)} == set(SHORT)
