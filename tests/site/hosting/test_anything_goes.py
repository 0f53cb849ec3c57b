"""Any order of crash, reboot, silence, loss, delay, repetition and late answer: every run ends, once, and no container
stays. The site is real, rows and all; hosts are real agents over sandboxes without containers."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from evaluator.engine.runs import SEALED
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.stages import Ending
from evaluator.sandbox.told import bare
from leaderboard.hosting import work
from leaderboard.hosting.advance import advance
from leaderboard.models import Attempt, Host, Refund, Run, Stage, Submission
from leaderboard.states import ACTIVE, AttemptState, RunState, StageState, SubmissionState
from tests.agent.fake_sandbox import Clock, FakeStore
from tests.site.hosting.world import (
    asked_about_a_sealed_study,
    delivered,
    let_pass,
    make_machine,
    received,
    release_row,
)

S = SubmissionState
THEIRS = [outcome for outcome in Outcome if outcome.fault is Fault.THEIRS and outcome is not Outcome.IMAGE_REFUSED]
OURS = [Outcome.SANDBOX_LOST, Outcome.HOST_SHORT]
ENDS = (AttemptState.DONE, AttemptState.FAILED)
WHICH = st.integers(0, 1)
BEST = (S.SCORING, S.REJECTED, S.FAILED, S.WITHDRAWN, S.PUBLISHED)
UNFINISHED = (RunState.QUEUED, RunState.RUNNING, RunState.PARKED)


class Anything(RuleBasedStateMachine):
    tiny = None  # set by the test

    @initialize()
    def begin(self):
        self.rows = transaction.atomic()
        self.rows.__enter__()
        self.folder = Path(tempfile.mkdtemp())
        clock, store, release = Clock(), FakeStore(), release_row(self.tiny)
        self.machines = [make_machine(name, self.folder, release, clock=clock, store=store) for name in ("one", "two")]
        self.submissions = [received(self.tiny, release=release) for _ in range(2)]
        self.sealed = asked_about_a_sealed_study(self.submissions[0])
        self.on_their_way = []  # reports
        self.coming_back = []  # (machine, boots, answer)
        self.counted = {}
        advance()

    # What goes well.

    @rule()
    def tick_of_the_site(self):
        advance()

    @rule(which=WHICH)
    def talk(self, which):
        self.machines[which].talk()

    @rule(which=WHICH)
    def work_of_a_host(self, which):
        self.machines[which].tick()

    @rule(which=WHICH, number=st.integers(0, 5))
    def a_container_ends(self, which, number):
        self.end(which, number, Outcome.FINISHED)

    @rule(which=WHICH)
    def a_good_while(self, which):
        for _ in range(3):
            machine = self.machines[which]
            machine.talk()
            machine.finish_all()
            machine.tick()
            advance()

    # What goes wrong.

    @rule(which=WHICH, number=st.integers(0, 5), outcome=st.sampled_from(THEIRS))
    def a_model_fails(self, which, number, outcome):
        self.end(which, number, outcome)

    @rule(which=WHICH, number=st.integers(0, 5), outcome=st.sampled_from(OURS))
    def a_host_fails(self, which, number, outcome):
        self.end(which, number, outcome)

    @rule(which=WHICH)
    def an_agent_is_killed(self, which):
        self.machines[which].start()

    @rule(which=WHICH)
    def a_host_reboots(self, which):
        self.machines[which].reboot()

    @rule(which=WHICH)
    def a_report_is_sent(self, which):
        self.on_their_way.append(self.machines[which].agent.report())

    @precondition(lambda self: self.on_their_way)
    @rule(number=st.integers(0, 9), again=st.booleans())
    def a_report_arrives_in_any_order(self, number, again):
        report = self.on_their_way[number % len(self.on_their_way)]
        if not again:
            self.on_their_way.remove(report)
        self.coming_back.append(delivered(report))

    @precondition(lambda self: self.coming_back)
    @rule(number=st.integers(0, 9), again=st.booleans())
    def an_answer_arrives_in_any_order(self, number, again):
        answer = self.coming_back[number % len(self.coming_back)]
        if not again:
            self.coming_back.remove(answer)
        machine = next(machine for machine in self.machines if machine.name == answer.host)
        machine.agent.hear(answer)
        machine.tick()

    @rule()
    def the_broker_is_emptied(self):
        self.on_their_way.clear()
        self.coming_back.clear()

    @rule(seconds=st.sampled_from([1, 20, 44, 61, 200]))
    def time_passes(self, seconds):
        """Agents look every tenth of a second, so before any tick of the site."""
        let_pass(seconds, self.machines[0])  # one clock for both
        for machine in self.machines:
            machine.tick()

    @rule(seconds=st.sampled_from([44, 61]))
    def time_passes_while_an_agent_is_dead(self, seconds):
        """Nobody kills its containers until it is back; then they go before anything else."""
        let_pass(seconds, self.machines[0])
        self.machines[1].tick()
        self.machines[0].start()
        self.machines[0].tick()

    @rule()
    def a_tick_dies_in_the_middle(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("leaderboard.hosting.work._add", dies)
            patch.setattr("leaderboard.hosting.advance.end_attempts", dies)
            advance()

    @rule(which=WHICH)
    def a_report_is_half_taken(self, which):
        with pytest.MonkeyPatch.context() as patch, pytest.raises(KilledError):
            patch.setattr("leaderboard.hosting.exchange._note", dies)
            delivered(self.machines[which].agent.report())
            raise KilledError  # its number was too low: nothing was to be taken

    @rule(which=WHICH)
    def a_team_withdraws(self, which):
        submission = self.submissions[which]
        moved = Submission.objects.filter(pk=submission.pk, state__in=ACTIVE).update(state=S.WITHDRAWN)
        if moved:
            work.stop(submission)

    @rule(which=WHICH, draining=st.booleans())
    def a_host_drains(self, which, draining):
        type(self).drain(self.machines[which].name, draining)

    # What holds all the time.

    @invariant()
    def at_most_one_attempt_of_a_run_is_open_and_it_is_running(self):
        open_now = Attempt.objects.filter(state=AttemptState.OPEN)
        assert not open_now.exclude(run__state=RunState.RUNNING).exists()
        assert max(Counter(open_now.values_list("run_id", flat=True)).values(), default=0) <= 1
        assert not Run.objects.filter(state=RunState.RUNNING).exclude(attempts__state=AttemptState.OPEN).exists()

    @invariant()
    def an_open_attempt_has_something_wanted_or_waits_to_be_alone_with_sealed_data(self):
        idle = Attempt.objects.filter(state=AttemptState.OPEN).exclude(stages__state=StageState.WANTED)
        assert not idle.exclude(stages__target=SEALED, stages__state=StageState.WAITING).exists()

    @invariant()
    def nothing_of_a_team_runs_on_a_host_beside_its_sealed_stage(self):
        for machine in self.machines:
            running = Stage.objects.filter(key__in=machine.sandbox.running).values_list("attempt__run__team", "target")
            alone = [team for team, target in running if target == SEALED]
            assert all(sum(team == one for team, _ in running) == 1 for one in alone)

    @invariant()
    def nothing_is_kept_of_how_a_sealed_stage_ended_but_a_word(self):
        for ending in Stage.objects.filter(target=SEALED, ending__isnull=False).values_list("ending", flat=True):
            assert ending == bare(Ending.from_json(ending)).to_json()

    @invariant()
    def no_model_meets_sealed_data_before_an_open_target_worked(self):
        for stage in Stage.objects.filter(target=SEALED):
            before = Stage.objects.filter(attempt=stage.attempt, kind="infer").exclude(target=SEALED)
            assert [one.outcome for one in before] == [Outcome.FINISHED]

    @invariant()
    def no_result_counts_twice_or_changes(self):
        ended = Attempt.objects.filter(state__in=ENDS)
        assert max(Counter(ended.values_list("run_id", flat=True)).values(), default=0) <= 1
        now = dict(ended.values_list("id", "state"))
        assert self.counted.items() <= now.items()
        self.counted = now

    @invariant()
    def no_container_outlives_its_lease(self):
        """When the site has given an attempt up for silence, nothing of it runs any more on its host."""
        given_up = Stage.objects.filter(attempt__state=AttemptState.GIVEN_UP, attempt__reason__contains="silent")
        keys = set(given_up.values_list("key", flat=True))
        assert not [machine.name for machine in self.machines if machine.sandbox.running & keys]

    def end(self, which, number, outcome):
        running = sorted(self.machines[which].sandbox.running)
        if running:
            self.machines[which].sandbox.end(running[number % len(running)], outcome)

    @staticmethod
    def drain(name, draining):
        Host.objects.filter(name=name).update(is_draining=draining)

    def teardown(self):
        if not hasattr(self, "machines"):
            return
        try:
            self.let_all_end()
        finally:
            transaction.set_rollback(True)
            self.rows.__exit__(None, None, None)
            shutil.rmtree(self.folder)

    def let_all_end(self):
        """Everything is delivered, nothing goes wrong any more, an operator releases what waits for one."""
        for machine in self.machines:
            self.drain(machine.name, False)
        for report in self.on_their_way:
            self.coming_back.append(delivered(report))
        for answer in self.coming_back:
            next(machine for machine in self.machines if machine.name == answer.host).agent.hear(answer)
        for _ in range(80):
            for machine in self.machines:
                machine.talk()
                machine.finish_all()
                machine.tick()
            advance()
            for submission in Submission.objects.filter(state=S.WAITING):
                work.release(submission)
            for run in Run.objects.filter(evaluation=self.sealed, state=RunState.PARKED):
                work.release_parked(run)
            if Run.objects.filter(evaluation=self.sealed, state__in=UNFINISHED).exists():
                continue
            if not Submission.objects.exclude(state__in=BEST).exists():
                break
        for machine in self.machines:
            machine.talk()
            machine.talk()
        assert not Submission.objects.exclude(state__in=BEST).exists()
        assert not Run.objects.filter(state__in=(RunState.QUEUED, RunState.RUNNING, RunState.PARKED)).exists()
        assert not Attempt.objects.filter(state=AttemptState.OPEN).exists()
        assert not [machine.sandbox.specs for machine in self.machines if machine.sandbox.specs]
        assert not Attempt.objects.filter(state=AttemptState.GIVEN_UP, refund=None).exists()
        assert Refund.objects.exclude(attempt__state=AttemptState.GIVEN_UP).count() == 0
        self.every_result_is_whole()

    def every_result_is_whole(self):
        """A run that is done has one ending for its training and for each target, all of one attempt."""
        for attempt in Attempt.objects.filter(state=AttemptState.DONE).select_related("run"):
            stages = Stage.objects.filter(attempt=attempt)
            assert all(stage.ending["outcome"] == Outcome.FINISHED for stage in stages)
            if attempt.run.purpose != "check":
                asked = [*attempt.run.spec["targets"], *([SEALED] if attempt.run.purpose == "sealed" else [])]
                assert sorted(s.target for s in stages if s.kind == "infer") == sorted(asked)
        assert (
            Run.objects.filter(state=RunState.DONE).count() == Attempt.objects.filter(state=AttemptState.DONE).count()
        )


class KilledError(Exception):
    pass


def dies(*_, **__):
    raise KilledError


@pytest.mark.django_db
def test_anything_goes_and_every_run_ends_once(tiny, monkeypatch):
    monkeypatch.setattr(Anything, "tiny", tiny)
    monkeypatch.setattr("os.fsync", lambda _: None)  # nothing here loses its power
    run_state_machine_as_test(
        Anything,
        settings=settings(
            max_examples=12, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
