"""Runs on a sealed study, from the queue to the end: real agents over sandboxes without containers."""

import pytest

from evaluator.agent.uploads import SEALED_PREDICTIONS
from evaluator.engine.runs import SEALED
from evaluator.sandbox.outcomes import Outcome
from leaderboard.hosting import work
from leaderboard.hosting.advance import advance
from leaderboard.models import Attempt, Run, Stage
from leaderboard.states import RunState
from tests.site.hosting.world import asked_about_a_sealed_study, delivered, make_machine, received, release_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def release(tiny):
    return release_row(tiny)


@pytest.fixture
def machine(tmp_path, release):
    return make_machine("one", tmp_path, release)


@pytest.fixture
def evaluation(tiny, release):
    """Of two runs; the team's other submission is withdrawn, so that nothing else is to do."""
    other = received(tiny, release=release)
    made = asked_about_a_sealed_study(other)
    other.delete()
    return made


def targets_running(machine):
    return sorted(Stage.objects.filter(key__in=machine.sandbox.running).values_list("target", flat=True))


def test_two_models_of_a_team_are_asked_one_after_the_other_and_only_what_is_encrypted_is_kept(machine, evaluation):
    seen = []
    for _ in range(40):
        machine.talk()
        seen.append(targets_running(machine))
        machine.finish_all()
        machine.tick()
        advance()
    assert ["", ""] in seen  # both train side by side
    assert seen.count([SEALED]) >= 2
    assert not [one for one in seen if SEALED in one and len(one) > 1]
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.DONE}
    left = [name for name in machine.store.files if f"infer-{SEALED}" in name]
    assert sorted({name.rpartition("/")[2] for name in left}) == ["manifest.json", SEALED_PREDICTIONS]
    assert not machine.sandbox.specs


def test_one_that_waits_keeps_its_model_over_a_restart_of_its_agent(machine, evaluation):
    for _ in range(30):
        machine.talk()
        waits = Stage.objects.filter(target=SEALED, state="waiting").exists()
        if waits:
            machine.start()
            machine.tick()
        running = sorted(machine.sandbox.running)
        machine.sandbox.end(running[0]) if running else None
        machine.tick()
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.DONE}
    assert Attempt.objects.count() == 2
    assert all(machine.sandbox.started[key] == 1 for key in machine.sandbox.started)


def test_nothing_of_the_team_begins_while_what_was_stopped_is_still_on_the_host(machine, evaluation, tiny):
    while SEALED not in targets_running(machine):
        machine.talk()
        if SEALED not in targets_running(machine):
            machine.finish_all()
            machine.tick()
    work.stop_evaluation(evaluation)
    again = asked_about_a_sealed_study(evaluation.submission)
    report = machine.agent.report()  # the stopped container is still in it
    machine.agent.hear(delivered(report))
    assert not Attempt.objects.filter(run__evaluation=again).exists()
    machine.tick()
    machine.talk()
    assert Attempt.objects.filter(run__evaluation=again).exists()
    assert SEALED not in targets_running(machine)


def test_a_failure_is_a_word_and_ends_the_whole(machine, evaluation):
    while SEALED not in targets_running(machine):
        machine.talk()
        if SEALED not in targets_running(machine):
            machine.finish_all()
            machine.tick()
    machine.finish_all(Outcome.OUT_OF_MEMORY)
    machine.tick()
    machine.talk()
    advance()
    stage = Stage.objects.get(target=SEALED, outcome=Outcome.FAILED_ON_SEALED)
    assert (stage.wall_s, stage.memory_mb, stage.reason, stage.manifest) == (0.0, None, "", "")
    evaluation.refresh_from_db()
    assert evaluation.finished_at is not None
    assert set(Run.objects.values_list("state", flat=True)) == {RunState.FAILED, RunState.STOPPED}
