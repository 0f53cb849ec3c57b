"""A submission's way through check, smoke run and track, with real agents over sandboxes without containers."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F
from django.db.models.functions import Now

from evaluator.agent.messages import Phase
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.stages import Ending, Log
from leaderboard.hosting import scoring, work
from leaderboard.hosting.advance import advance
from leaderboard.hosting.exchange import UnknownHostError, receive
from leaderboard.models import Attempt, Host, Refund, Run, Stage, Submission
from leaderboard.states import AttemptState, Purpose, RunState, SubmissionState
from leaderboard.vocabulary import Reason
from tests.site.builders import make_release
from tests.site.hosting.values import report
from tests.site.hosting.world import delivered, let_pass, make_machine, past_the_lease, received, release_row

pytestmark = pytest.mark.django_db
S = SubmissionState


@pytest.fixture(autouse=True)
def sent(monkeypatch):
    """Tasks that the tick sends."""
    tasks = []
    monkeypatch.setattr("leaderboard.hosting.scoring.current_app.send_task", lambda _, **how: tasks.append(how))
    monkeypatch.setattr("os.fsync", lambda _: None)
    return tasks


@pytest.fixture
def release(tiny):
    return release_row(tiny)


@pytest.fixture
def machine(tmp_path, release):
    return make_machine("one", tmp_path, release)


@pytest.fixture
def other(tmp_path, release, machine):
    return make_machine("two", tmp_path, release, clock=machine.clock, store=machine.store)


@pytest.fixture
def submission(tiny, release):
    return received(tiny, release=release)


def way(submission, machine, *, to, outcome=Outcome.FINISHED):
    """The states that it goes through while everything on the host ends in this way."""
    seen = [submission.state]
    for _ in range(40):
        advance()
        submission.refresh_from_db()
        if submission.state != seen[-1]:
            seen.append(submission.state)
        if submission.state == to:
            return seen
        machine.talk()
        machine.finish_all(outcome)
        machine.tick()
    raise AssertionError(f"it stays in {submission.state}")


def begun(submission, machine):
    """With its first stage of the track running on this machine."""
    way(submission, machine, to=S.QUEUED)
    machine.talk()
    advance()
    submission.refresh_from_db()
    assert submission.state == S.RUNNING
    return Attempt.objects.filter(state=AttemptState.OPEN, run__submission=submission).first()


def test_a_good_model_goes_all_the_way_to_scoring(submission, machine, sent):
    states = [S.RECEIVED, S.CHECKING, S.SMOKE, S.QUEUED, S.RUNNING, S.SCORING]
    assert way(submission, machine, to=S.SCORING) == states
    assert set(submission.runs.values_list("state", flat=True)) == {RunState.DONE}
    assert submission.runs.filter(purpose=Purpose.TRACK).count() == 2
    assert Stage.objects.filter(attempt__run__purpose=Purpose.TRACK, kind="infer").exclude(manifest="").count() == 4
    assert submission.image_id.startswith("sha256:")
    machine.talk()
    assert not machine.sandbox.specs
    assert [how["args"] for how in sent] == [[submission.evaluations.get().pk]]


def test_runs_are_asked_of_hosts_within_what_was_asked_of_the_tracks_limits(submission, machine):
    Submission.objects.filter(pk=submission.pk).update(resources={"train": {"memory_mb": 512, "wall_s": 10**9}})
    begun(submission, machine)
    spec = submission.runs.filter(purpose=Purpose.TRACK).first().spec
    assert (spec["train"]["memory_mb"], spec["train"]["wall_s"]) == (
        512,
        submission.track.definition["train"]["wall_s"],
    )
    assert spec["infer"]["memory_mb"] == submission.track.definition["infer"]["memory_mb"]


def test_an_image_that_breaks_a_rule_is_rejected_with_the_rule(submission, machine):
    machine.agent.bench.images.refuses = SandboxRefusalError(Outcome.IMAGE_REFUSED, "it runs as root")
    way(submission, machine, to=S.REJECTED)
    assert (submission.told, submission.told_detail) == (Reason.IMAGE_REFUSED, "image: it runs as root")


def test_a_model_that_fails_its_smoke_run_is_rejected_and_told_where(submission, machine):
    way(submission, machine, to=S.SMOKE)
    way(submission, machine, to=S.REJECTED, outcome=Outcome.OUT_OF_MEMORY)
    assert submission.told == Reason.OUT_OF_MEMORY
    assert submission.told_detail.startswith("smoke run, ")
    assert ", true labels, train: " in submission.told_detail


def test_a_model_that_fails_in_the_track_stops_the_rest_of_its_runs(submission, machine):
    way(submission, machine, to=S.QUEUED)
    machine.talk()
    machine.sandbox.end(min(machine.sandbox.running), Outcome.CRASHED)
    machine.tick()
    machine.talk()
    for _ in range(2):
        advance()
    submission.refresh_from_db()
    assert (submission.state, submission.told) == (S.FAILED, Reason.CRASHED)
    assert set(submission.runs.filter(purpose=Purpose.TRACK).values_list("state", flat=True)) == {
        RunState.FAILED,
        RunState.STOPPED,
    }
    machine.talk()
    assert not machine.sandbox.specs
    assert not Refund.objects.exists()


def test_three_failures_of_ours_park_the_run_and_an_operator_sets_it_going(submission, machine):
    way(submission, machine, to=S.SMOKE)
    way(submission, machine, to=S.WAITING, outcome=Outcome.SANDBOX_LOST)
    assert submission.told == Reason.HOST_TROUBLE
    run = submission.runs.get(purpose=Purpose.SMOKE)
    assert (run.state, run.failures_of_ours) == (RunState.PARKED, 3)
    assert Refund.objects.filter(attempt__run=run).count() == 3
    work.release_parked(run)
    submission.refresh_from_db()
    assert (submission.state, submission.told) == (S.SMOKE, "")
    way(submission, machine, to=S.SCORING)


def test_a_run_that_fails_on_two_hosts_pauses_its_submission(submission, machine, other):
    way(submission, machine, to=S.SMOKE)
    for host in (machine, other):
        host.talk()
        host.finish_all(Outcome.SANDBOX_LOST)
        host.tick()
        host.agent.hear(delivered(host.agent.report()))
        Host.objects.filter(name=machine.name).update(is_draining=True)
        advance()
    submission.refresh_from_db()
    assert (submission.state, submission.told) == (S.WAITING, Reason.TWO_HOSTS)


def test_what_was_stopped_with_its_host_is_run_again_and_no_failure(submission, machine):
    run = begun(submission, machine).run
    for _ in range(4):  # the third failure would be one too many
        call_command("add_host", "one", "--put-back", stdout=StringIO())
        run.refresh_from_db()
        assert (run.state, run.failures_of_ours) == (RunState.QUEUED, 0)
        assert not Attempt.objects.filter(state=AttemptState.OPEN).exists()
        for _ in range(4):  # what was stopped is removed before anything of its team begins
            machine.talk()
        run.refresh_from_db()
        assert run.state == RunState.RUNNING


def test_what_waited_for_an_operator_for_a_day_is_tried_again(submission, machine):
    way(submission, machine, to=S.WAITING, outcome=Outcome.HOST_SHORT)
    age(submission, days=2)
    advance()
    submission.refresh_from_db()
    assert submission.state == S.SMOKE
    assert submission.runs.get(purpose=Purpose.SMOKE).state == RunState.QUEUED


@pytest.mark.parametrize("state", [S.CHECKING, S.QUEUED])
def test_what_no_host_takes_for_too_long_waits_for_an_operator(submission, machine, state):
    if state == S.QUEUED:
        way(submission, machine, to=S.QUEUED)
    else:
        advance()
    age(submission, days=20)
    advance()
    submission.refresh_from_db()
    assert (submission.state, submission.told) == (S.WAITING, Reason.HOST_TROUBLE)
    work.release(submission)
    submission.refresh_from_db()
    assert submission.state == state


def test_a_silent_host_loses_its_attempts_and_what_it_says_later_is_ignored(submission, machine, other):
    lost = begun(submission, machine)
    machine.finish_all()
    machine.tick()
    late = machine.agent.report()
    Host.objects.filter(name="one").update(is_draining=True)
    let_pass(past_the_lease())
    advance()
    lost.refresh_from_db()
    assert (lost.state, lost.run.state, lost.run.failures_of_ours) == (AttemptState.GIVEN_UP, RunState.QUEUED, 1)
    assert lost.reason == "one was silent for 60 s"
    answer = delivered(late)
    assert lost.id.hex not in {order.attempt for order in answer.orders}
    assert not lost.stages.exclude(ending=None).exists()
    way(submission, other, to=S.SCORING)


def test_a_report_that_is_repeated_or_late_changes_nothing_and_says_where_to_go_on(submission, machine):
    begun(submission, machine)
    old, new = machine.agent.report(), machine.agent.report()
    assert delivered(new).orders
    for stale in (new, old):
        answer = delivered(stale)
        assert (answer.orders, answer.sequence) == (None, new.sequence)


def test_a_withdrawn_submission_vanishes_from_its_host(submission, machine):
    begun(submission, machine)
    Submission.objects.filter(pk=submission.pk).update(state=S.WITHDRAWN)
    work.stop(submission)
    assert machine.sandbox.running
    assert machine.talk().orders == ()
    assert not machine.sandbox.specs
    assert not Attempt.objects.filter(state=AttemptState.OPEN).exists()


def test_a_host_without_a_row_is_not_answered():
    with pytest.raises(UnknownHostError, match="'here' is no host"):
        receive(report())


def test_a_log_with_what_no_text_column_takes_is_kept(submission, machine):
    attempt = begun(submission, machine)
    stage = attempt.stages.get()
    log = Log("nul \0 and half a character \ud800", "")
    ending = Ending(outcome=Outcome.CRASHED, exit_code=1, oom_killed=False, wall_s=1.0, log=log)
    machine.agent.stages[stage.key].report = machine.agent.bench.ended(machine.agent.stages[stage.key].order, ending)
    machine.agent.stages[stage.key].phase = Phase.ENDED
    machine.talk()
    stage.refresh_from_db()
    assert stage.ending["log"]["head"] == "nul \N{REPLACEMENT CHARACTER} and half a character ?"


def test_a_step_that_fails_stops_no_other(submission, machine, tiny, release, caplog):
    broken = received(tiny, release=make_release(folder="/nowhere"))
    good = submission
    advance()
    states = {one.pk: one.state for one in Submission.objects.all()}
    assert (states[broken.pk], states[good.pk]) == (S.RECEIVED, S.CHECKING)
    assert "this step failed" in caplog.text


def test_two_ticks_do_what_one_does(submission, machine):
    for _ in range(3):
        advance()
    assert submission.runs.count() == 1


def test_a_scorer_is_told_again_after_a_while_until_it_has_scored(submission, machine, sent):
    way(submission, machine, to=S.SCORING)
    advance()
    assert len(sent) == 1
    submission.evaluations.update(scoring_asked_at=Now() - scoring.AGAIN_AFTER)
    advance()
    assert len(sent) == 2


def test_what_an_attempt_cost_is_refunded_once(submission, machine):
    attempt = begun(submission, machine)
    machine.finish_all(Outcome.SANDBOX_LOST)
    machine.tick()
    for _ in range(3):
        machine.talk()
        advance()
    assert list(Refund.objects.filter(attempt=attempt).values_list("cpu_s", flat=True)) == [1.0]


def test_an_attempt_never_begins_for_a_submission_that_waits(submission, machine):
    way(submission, machine, to=S.QUEUED)
    Submission.objects.filter(pk=submission.pk).update(state=S.WAITING)
    assert machine.talk().orders == ()
    assert not Run.objects.filter(state=RunState.RUNNING).exists()


def age(submission, *, days):
    Submission.objects.filter(pk=submission.pk).update(state_since=F("state_since") - timedelta(days=days))
