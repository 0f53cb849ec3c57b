"""A stage on sealed data: it comes last, it comes alone, and nothing is told of it."""

from dataclasses import replace

import pytest

from evaluator.agent.messages import Phase, StageKind
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Ending, Log, Peaks
from leaderboard.hosting.decision import decide
from leaderboard.states import AttemptState, Purpose, RunState
from tests.site.builders import make_spec
from tests.site.hosting.values import attempt, host, infer, queued, report, said, stage

SPEC = make_spec(targets=("beta",), study="5" * 64, seal_to="a key")
CHATTY = Ending(
    outcome=Outcome.OUT_OF_MEMORY,
    exit_code=5,
    oom_killed=True,
    wall_s=3.0,
    peaks=Peaks(memory_mb=7),
    log=Log("secret"),
    reason="secret",
)


def sealed(*stages, **values):
    return attempt(*stages, spec=SPEC, purpose=Purpose.SEALED, **values)


def asked(**values):
    """An attempt whose sealed stage is wanted."""
    return sealed(infer("s", "sealed"), **values)


def waiting(**values):
    """One whose sealed stage waits for the rest of its team."""
    return sealed(infer("s", "sealed", wanted_s=None), **values)


def keys(decision):
    return [order.key for order in decision.orders]


def running(of, key="k"):
    return replace(said(of, key), phase=Phase.RUNNING, ending=None)


def test_a_trained_model_is_asked_about_an_open_target_alone():
    one = sealed()
    decision = decide(host(one), report(said(one)))
    assert [(s.kind, s.target) for s in decision.changes.new_stages] == [(StageKind.INFER, "beta")]


def test_the_sealed_study_follows_when_the_open_target_has_worked():
    one = sealed(infer("k", "beta"))
    decision = decide(host(one), report(said(one, manifest="m")))
    (new,) = decision.changes.new_stages
    assert (new.target, new.is_wanted, new.key) == ("sealed", True, f"{one.id.hex}-2")
    assert keys(decision) == [new.key]
    assert decision.orders[0].is_sealed


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.SANDBOX_LOST])
def test_no_sealed_stage_follows_an_open_target_that_failed(outcome):
    one = sealed(infer("k", "beta"))
    decision = decide(host(one), report(said(one, outcome=outcome)))
    assert not decision.changes.new_stages
    assert not decision.orders


def test_a_run_is_done_when_its_sealed_stage_has_worked():
    one = asked()
    decision = decide(host(one), report(said(one, "s", manifest="m")))
    (end,) = decision.changes.attempt_ends
    assert (end.state, end.run_state) == (AttemptState.DONE, RunState.DONE)
    assert decision.changes.stage_ends[0].manifest == "m"


def test_whatever_a_host_says_of_a_sealed_stage_is_taken_off():
    one = asked()
    decision = decide(host(one), report(said(one, "s", ending=CHATTY)))
    bare = Ending(outcome=Outcome.FAILED_ON_SEALED, exit_code=None, oom_killed=False, wall_s=0.0)
    assert decision.changes.stage_ends[0].ending == bare
    (end,) = decision.changes.attempt_ends
    assert (end.state, end.reason) == (AttemptState.FAILED, Outcome.FAILED_ON_SEALED.sentence)


def test_a_sealed_stage_waits_while_its_team_runs_anything_on_the_host_and_its_model_stays():
    one, other = sealed(infer("k", "beta")), attempt(stage("other"), run=2)
    decision = decide(host(one, other), report(said(one, manifest="m"), running(other, "other")))
    (new,) = decision.changes.new_stages
    assert (new.target, new.is_wanted) == ("sealed", False)
    assert keys(decision) == [f"{one.id.hex}-1", "other"]


def test_it_begins_when_the_rest_of_its_team_has_ended():
    one, other = waiting(), attempt(infer("other", "beta"), run=2)
    decision = decide(host(one, other), report(said(other, "other", manifest="m")))
    assert decision.changes.wanted == ("s",)
    assert keys(decision) == ["s"]


def test_another_teams_containers_do_not_hold_it_up():
    one, other = waiting(), attempt(stage("other"), run=2, team=2)
    assert decide(host(one, other), report(running(other, "other"))).changes.wanted == ("s",)


def test_of_two_sealed_stages_of_a_team_one_goes_first():
    one, two = waiting(), waiting(run=2)
    decision = decide(host(one, replace(two, stages=(infer("t", "sealed", wanted_s=None),))), report())
    assert decision.changes.wanted == ("s",)
    assert keys(decision) == ["s", f"{two.id.hex}-1"]


def test_what_is_over_for_the_site_and_still_on_the_host_holds_a_sealed_stage_up():
    one, gone = waiting(), attempt(run=2)
    still = report(running(gone))
    assert not decide(host(one, lingering={gone.id.hex: 1}), still).changes.wanted
    assert not decide(host(one), still).changes.wanted  # nobody knows whose it is
    assert decide(host(one, lingering={gone.id.hex: 2}), still).changes.wanted == ("s",)


@pytest.mark.parametrize("one", [asked(), waiting()])
def test_nothing_of_a_team_begins_beside_its_sealed_stage_but_checks(one):
    queue = [queued(1), queued(2, purpose=Purpose.SMOKE), queued(3, team=2), queued(4, purpose=Purpose.CHECK)]
    decision = decide(host(one, queue=queue), report())
    assert {opened.run for opened in decision.changes.opened} == {3, 4}


def test_nothing_of_a_team_begins_while_its_sealed_stage_is_being_removed():
    gone = asked()
    decision = decide(
        host(lingering={gone.id.hex: 1}, queue=[queued(1), queued(3, team=2)]), report(running(gone, "s"))
    )
    assert [opened.run for opened in decision.changes.opened] == [3]


def test_a_sealed_run_is_given_to_a_host_like_any_other():
    run = queued(1, spec=SPEC, purpose=Purpose.SEALED)
    decision = decide(host(queue=[run]), report())
    assert [order.kind for order in decision.orders] == [StageKind.TRAIN]
