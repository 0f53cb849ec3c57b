"""What is wanted on a host, and what follows from its report, without a row or a clock."""

from dataclasses import replace

import pytest

from evaluator.agent.messages import Phase, StageKind
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Limits
from leaderboard.hosting.decision import LEAST_DISK_MB, MOST_NEW, SLACK_S, decide
from leaderboard.states import AttemptState, Purpose, RunState
from tests.site.builders import make_spec
from tests.site.hosting.values import HERE, attempt, host, infer, queued, report, said, stage

SMALL = make_spec(train=Limits(cpus=1, memory_mb=1024), infer=Limits(cpus=1, memory_mb=1024))
LARGE = make_spec(train=Limits(cpus=6, memory_mb=1024), infer=Limits(cpus=1, memory_mb=1024))


def keys(decision):
    return [order.key for order in decision.orders]


def teams_opened(decision, queue):
    team = {run.id: run.team for run in queue}
    return [team[one.run] for one in decision.changes.opened]


def the_end(decision):
    (end,) = decision.changes.attempt_ends
    return end.state, end.run_state, end.failures_of_ours


# A report counts with the token of an attempt that is open here.


def test_a_finished_training_is_followed_by_every_target_that_there_is_room_for():
    one = attempt()
    decision = decide(host(one), report(said(one)))
    assert [(s.target, s.is_wanted) for s in decision.changes.new_stages] == [("alpha", True), ("beta", True)]
    assert keys(decision) == [f"{one.id.hex}-1", f"{one.id.hex}-2"]
    assert not decision.changes.attempt_ends


def test_one_target_is_wanted_even_on_a_full_host_so_that_the_model_stays():
    one, other = attempt(), attempt(stage("other"), run=2)
    decision = decide(host(one, other), report(said(one), slots=2))
    assert keys(decision) == [f"{one.id.hex}-1", "other"]
    assert [s.is_wanted for s in decision.changes.new_stages] == [True, False]


def test_a_target_that_waited_is_wanted_when_there_is_room():
    one = attempt(infer("a", "alpha"), infer("b", "beta", wanted_s=None))
    assert decide(host(one), report(slots=2)).changes.wanted == ("b",)
    assert decide(host(one), report(slots=1)).changes.wanted == ()


@pytest.mark.parametrize("wrong", [{"token": "guessed"}, {"attempt": "0" * 32}, {"key": "unknown"}])
def test_a_report_without_the_attempts_token_changes_nothing(wrong):
    one = attempt()
    decision = decide(host(one), report(replace(said(one), **wrong)))
    assert not decision.changes.stage_ends
    assert keys(decision) == ["k"]


def test_a_stage_that_was_never_wanted_cannot_have_ended():
    one = attempt(infer("a", "alpha"), infer("b", "beta", wanted_s=None))
    decision = decide(host(one), report(said(one, "b", manifest="m"), slots=1))
    assert not decision.changes.stage_ends


def test_what_the_site_holds_no_open_attempt_of_is_not_wanted_and_ends_nothing():
    gone = attempt()
    decision = decide(host(), report(said(gone)))
    assert not decision.orders
    assert not decision.changes.stage_ends


def test_a_wanted_stage_that_is_not_on_the_host_is_ordered_again_under_its_key():
    one = attempt()
    decision = decide(host(one), report(boot_id="another boot"))
    assert keys(decision) == ["k"]
    assert not decision.changes.attempt_ends


def test_a_phase_is_written_when_it_changes():
    one = attempt(stage("k", phase="preparing"))
    told = said(one, phase=Phase.RUNNING, ending=None)
    assert decide(host(one), report(told)).changes.phases == (("k", Phase.RUNNING),)
    same = attempt(stage("k", phase="running"))
    assert not decide(host(same), report(said(same, phase=Phase.RUNNING, ending=None))).changes.phases


# How attempts and runs end.


def test_the_last_target_ends_the_attempt_and_the_run():
    one = attempt(infer("a", "alpha"))
    decision = decide(host(one), report(said(one, "a", manifest="ab" * 32)))
    assert the_end(decision) == (AttemptState.DONE, RunState.DONE, 0)
    assert not decision.orders


def test_an_image_that_is_good_ends_the_check_with_its_identity():
    one = attempt(stage("k", StageKind.IMAGE), purpose=Purpose.CHECK)
    decision = decide(host(one), report(said(one, image="sha256:" + "ef" * 32)))
    assert the_end(decision) == (AttemptState.DONE, RunState.DONE, 0)
    assert decision.changes.stage_ends[0].image == "sha256:" + "ef" * 32


def test_their_failure_fails_the_run_and_removes_what_else_of_it_runs():
    one = attempt(infer("a", "alpha"), infer("b", "beta"))
    decision = decide(host(one), report(said(one, "a", Outcome.OUT_OF_MEMORY)))
    assert the_end(decision) == (AttemptState.FAILED, RunState.FAILED, 0)
    assert not decision.orders


@pytest.mark.parametrize("before, run_state", [(0, RunState.QUEUED), (1, RunState.QUEUED), (2, RunState.PARKED)])
def test_our_failure_puts_the_run_back_and_the_third_parks_it(before, run_state):
    one = attempt(failures_of_ours=before, failed_on=frozenset([HERE] if before else []))
    decision = decide(host(one), report(said(one, outcome=Outcome.SANDBOX_LOST)))
    assert the_end(decision) == (AttemptState.GIVEN_UP, run_state, before + 1)


def test_a_run_that_fails_on_a_second_host_is_parked_at_once():
    one = attempt(failures_of_ours=1, failed_on=frozenset([HERE + 1]))
    decision = decide(host(one), report(said(one, outcome=Outcome.HOST_SHORT)))
    assert the_end(decision) == (AttemptState.GIVEN_UP, RunState.PARKED, 2)


def test_theirs_counts_before_ours_in_the_same_report():
    one = attempt(infer("a", "alpha"), infer("b", "beta"))
    both = report(said(one, "a", Outcome.SANDBOX_LOST), said(one, "b", Outcome.CRASHED))
    assert the_end(decide(host(one), both)) == (AttemptState.FAILED, RunState.FAILED, 0)


@pytest.mark.parametrize(
    "kind, values",
    [
        (StageKind.TRAIN, {"ending": None}),
        (StageKind.INFER, {"manifest": None}),
        (StageKind.INFER, {"manifest": "m" * 65}),
        (StageKind.IMAGE, {"image": "sha256:\0"}),
    ],
)
def test_an_end_without_what_it_owes_is_our_failure(kind, values):
    one = attempt(stage("k", kind), purpose=Purpose.CHECK if kind is StageKind.IMAGE else Purpose.TRACK)
    decision = decide(host(one), report(said(one, **values)))
    assert the_end(decision) == (AttemptState.GIVEN_UP, RunState.QUEUED, 1)
    assert "without" in decision.changes.attempt_ends[0].reason


def test_a_stage_that_a_talking_host_never_ends_is_given_up():
    longest = make_spec().train.wall_s + SLACK_S
    in_time, too_late = attempt(stage("k", wanted_s=longest)), attempt(stage("k", wanted_s=longest + 1))
    assert not decide(host(in_time), report()).changes.attempt_ends
    assert the_end(decide(host(too_late), report())) == (AttemptState.GIVEN_UP, RunState.QUEUED, 1)


# What begins.


def test_a_new_attempt_begins_with_its_training_under_its_own_key_and_token():
    run = queued()
    (order,) = decide(host(queue=[run]), report()).orders
    assert (order.kind, order.attempt, order.token) == (StageKind.TRAIN, run.attempt.hex, run.token)
    assert order.key == f"{run.attempt.hex}-0"


@pytest.mark.parametrize(
    "flags", [{"unfit": "the self test failed"}, {"free_disk_mb": LEAST_DISK_MB - 1}, {"is_draining": True}]
)
def test_a_host_that_is_unfit_low_or_draining_keeps_what_it_has_and_gets_nothing_new(flags):
    one, drained = attempt(), flags.pop("is_draining", False)
    decision = decide(host(one, queue=[queued()], is_draining=drained), report(**flags))
    assert keys(decision) == ["k"]
    assert not decision.changes.opened


def test_it_still_finishes_the_attempts_that_it_has():
    one = attempt()
    assert len(keys(decide(host(one, is_draining=True), report(said(one))))) == 2


def test_the_team_with_the_fewest_running_comes_first_then_what_waited_longest():
    queue = [queued(team=1, waited_s=900), queued(team=1, waited_s=800), queued(team=2, waited_s=5), queued(team=3)]
    decision = decide(host(queue=queue, running={2: 1}), report(slots=4))
    assert teams_opened(decision, queue) == [1, 3, 1, 2]


def test_smoke_runs_come_before_the_teams_track_runs_and_not_before_those_of_others():
    track, smoke, others = queued(waited_s=900), queued(purpose=Purpose.SMOKE), queued(team=2)
    decision = decide(host(queue=[track, smoke, others], running={1: 5}), report(slots=2))
    assert [one.run for one in decision.changes.opened] == [others.id, smoke.id]


def test_an_image_is_judged_on_a_full_host():
    one, check = attempt(), queued(purpose=Purpose.CHECK, spec=make_spec(release_id="not here"))
    assert len(keys(decide(host(one, queue=[check]), report(slots=1)))) == 2


@pytest.mark.parametrize(
    "room, n", [({"slots": 2}, 2), ({"cpus": 3.0}, 3), ({"memory_mb": 2047}, 1), ({"slots": 4}, 4), ({"slots": 0}, 0)]
)
def test_no_more_begins_than_fits_by_the_sites_own_count(room, n):
    queue = [queued(spec=SMALL) for _ in range(6)]
    assert len(decide(host(queue=queue), report(**room)).changes.opened) == n


def test_gpus_are_counted():
    spec = make_spec(train=Limits(gpus=1))
    queue = [queued(spec=spec), queued(spec=spec)]
    assert len(decide(host(queue=queue), report(gpus=1)).changes.opened) == 1


def test_a_large_run_is_not_kept_out_by_a_stream_of_small_ones():
    running = attempt(spec=replace(SMALL, train=Limits(cpus=4)))
    queue = [queued(spec=LARGE, waited_s=9), queued(spec=SMALL, waited_s=1)]
    assert not decide(host(running, queue=queue), report()).changes.opened


@pytest.mark.parametrize("spec", [make_spec(train=Limits(cpus=99)), make_spec(release_id="f" * 64)])
def test_what_this_host_can_never_run_is_left_to_others_and_stops_nobody(spec):
    never, small = queued(spec=spec, waited_s=9), queued(spec=SMALL)
    decision = decide(host(queue=[never, small]), report())
    assert [one.run for one in decision.changes.opened] == [small.id]


def test_a_report_begins_a_bounded_number():
    queue = [queued(spec=SMALL) for _ in range(MOST_NEW + 5)]
    assert len(decide(host(queue=queue), report(slots=500, cpus=500.0, memory_mb=1 << 20)).changes.opened) == MOST_NEW
