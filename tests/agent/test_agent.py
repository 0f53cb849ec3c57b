"""What the site wants on a host is what is there, whatever is lost, late, doubled or killed."""

import pytest

from evaluator.agent.messages import Answer, Order, Phase, Report
from evaluator.agent.uploads import PREDICTIONS, UploadError, uploaded
from evaluator.contract.errors import ContractError
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from tests.agent.builders import LEASE_S, answer_to, image_order, infer_order, make_agent, make_order, tell, told
from tests.agent.fake_sandbox import Clock, FakeImages, FakeSandbox, FakeStore, Later


@pytest.fixture
def sandbox():
    return FakeSandbox()


def outcome(agent, key):
    return told(agent)[key].ending.outcome


def trained(agent, sandbox, order):
    tell(agent, order)
    sandbox.end(order.key)
    tell(agent, order)


def test_an_ordered_stage_is_started_and_reported_until_it_ends(tmp_path, sandbox):
    agent, order = make_agent(tmp_path, sandbox), make_order()
    tell(agent, order)
    stage = told(agent)["k1"]
    assert (stage.phase, stage.attempt, stage.token, stage.wall_s) == (Phase.RUNNING, "a1", "token-of-k1", 0.5)
    sandbox.end("k1")
    tell(agent, order)
    stage = told(agent)["k1"]
    assert (stage.phase, stage.ending.outcome, stage.manifest) == (Phase.ENDED, Outcome.FINISHED, None)
    assert not sandbox.specs


def test_nothing_is_started_before_the_first_answer(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    agent.report()
    agent.tick()
    assert not sandbox.started


def test_what_the_answer_does_not_name_is_discarded_with_its_files(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, make_order("k1"), make_order("k2", attempt="a2"))
    tell(agent, make_order("k2", attempt="a2"))
    assert sandbox.running == set(told(agent)) == {"k2"}
    assert [place.name for place in (tmp_path / "stages").iterdir()] == ["k2"]


def test_the_same_answer_twice_starts_once(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    answer = answer_to(agent.report(), make_order())
    for _ in range(3):
        agent.hear(answer)
        agent.tick()
    assert sandbox.started == {"k1": 1}


def test_an_older_answer_that_comes_late_changes_nothing(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    older = answer_to(agent.report())
    tell(agent, make_order())
    agent.hear(older)
    agent.tick()
    assert sandbox.running == {"k1"}


@pytest.mark.parametrize("changes", [{"boot_id": "another"}, {"host": "another"}, {"sequence": 1}])
def test_an_answer_to_somebody_else_changes_nothing(tmp_path, sandbox, changes):
    agent = make_agent(tmp_path, sandbox)
    agent.hear(answer_to(agent.report(), make_order(), **changes))
    agent.tick()
    assert not sandbox.started


def test_a_host_whose_number_is_too_low_goes_on_from_the_sites(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox, now_ms=lambda: 5)
    tell(agent, make_order())
    report = agent.report()
    agent.hear(answer_to(report, orders=None, sequence=900))
    agent.tick()
    assert agent.report().sequence == 901
    assert sandbox.running == {"k1"}


def test_numbers_rise_over_restarts(tmp_path, sandbox):
    before = make_agent(tmp_path, sandbox, now_ms=lambda: 1000).report()
    after = make_agent(tmp_path, sandbox, now_ms=lambda: 2000).report()
    assert after.sequence > before.sequence


def test_lost_answers_are_made_up_for_by_the_next(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    for _ in range(5):
        agent.report()
    tell(agent, make_order())
    assert sandbox.running == {"k1"}


def test_no_more_runs_than_there_are_slots_however_much_is_ordered(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    orders = [make_order(f"k{number}", attempt=f"a{number}") for number in range(5)]
    tell(agent, *orders)
    assert len(sandbox.running) == 2
    sandbox.end("k0")
    tell(agent, *orders)
    assert sandbox.running == {"k1", "k2"}


# The lease.


def test_without_an_answer_containers_are_killed_before_the_lease_ends(tmp_path, sandbox):
    clock = Clock()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    tell(agent, make_order())
    clock.now += LEASE_S / 2
    agent.tick()
    assert sandbox.running == {"k1"}
    clock.now += LEASE_S / 2 - 1
    agent.tick()
    assert sandbox.stopped == ["k1"]
    assert outcome(agent, "k1") is Outcome.SANDBOX_LOST


def test_the_lease_counts_from_when_the_answered_report_was_made(tmp_path, sandbox):
    clock = Clock()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    report = agent.report()
    clock.now += LEASE_S - 1
    agent.hear(answer_to(report, make_order()))
    agent.tick()
    assert not sandbox.started


def test_a_container_that_cannot_be_stopped_yet_is_stopped_as_soon_as_it_can(tmp_path, sandbox):
    class Deaf(FakeSandbox):
        deaf = True

        def stop(self, key):
            if self.deaf:
                raise SandboxRefusalError(Outcome.HOST_SHORT, "the engine does not answer")
            super().stop(key)

    clock, sandbox = Clock(), Deaf()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    tell(agent, make_order())
    clock.now += LEASE_S
    agent.tick()
    assert told(agent)["k1"].phase is Phase.RUNNING
    sandbox.deaf = False
    agent.tick()
    assert sandbox.stopped == ["k1"]
    assert outcome(agent, "k1") is Outcome.SANDBOX_LOST


def test_an_answer_of_another_attempt_under_a_known_key_replaces_the_stage(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, make_order())
    tell(agent, make_order(attempt="a2", token="another"))
    assert told(agent)["k1"].token == "another"
    assert sandbox.started == {"k1": 2}


def test_what_cannot_be_cleared_yet_is_cleared_later(tmp_path, sandbox):
    class Busy(FakeSandbox):
        busy = True

        def discard(self, key):
            if self.busy:
                raise SandboxRefusalError(Outcome.HOST_SHORT, "it cannot be unmounted")
            super().discard(key)

    clock, sandbox = Clock(), Busy()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    trained(agent, sandbox, make_order())
    assert outcome(agent, "k1") is Outcome.FINISHED
    tell(agent)
    assert set(told(agent)) == {"k1"}
    sandbox.busy = False
    clock.now += 6
    tell(agent)
    assert not told(agent)


def test_answers_keep_a_container_alive_for_as_long_as_they_come(tmp_path, sandbox):
    clock = Clock()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    for _ in range(10):
        tell(agent, make_order())
        clock.now += LEASE_S / 2
    assert sandbox.running == {"k1"}
    assert sandbox.started == {"k1": 1}


def test_a_start_that_is_under_way_when_the_lease_ends_starts_nothing(tmp_path, sandbox):
    clock, later = Clock(), Later()
    agent = make_agent(tmp_path, sandbox, clock=clock, executor=later)
    tell(agent, make_order())
    clock.now += LEASE_S
    agent.tick()
    later.work()
    agent.tick()
    assert not sandbox.started
    assert outcome(agent, "k1") is Outcome.SANDBOX_LOST


def test_a_stage_that_ended_before_the_lease_is_still_delivered_after_it(tmp_path, sandbox):
    clock = Clock()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    tell(agent, make_order())
    sandbox.end("k1")
    clock.now += LEASE_S
    agent.tick()
    tell(agent, make_order())
    assert outcome(agent, "k1") is Outcome.FINISHED


def test_a_killed_stage_is_not_started_again_under_its_key(tmp_path, sandbox):
    clock = Clock()
    agent = make_agent(tmp_path, sandbox, clock=clock)
    tell(agent, make_order())
    clock.now += LEASE_S
    agent.tick()
    tell(agent, make_order())
    assert sandbox.started == {"k1": 1}
    tell(agent)
    assert not sandbox.specs


# A restart of the agent.


def test_containers_outlive_the_agent_and_are_adopted(tmp_path, sandbox):
    clock, storage = Clock(), FakeStore()
    tell(make_agent(tmp_path, sandbox, clock=clock), make_order())
    agent = make_agent(tmp_path, sandbox, clock=clock, storage=storage)
    assert told(agent)["k1"].phase is Phase.RUNNING
    tell(agent, make_order())
    sandbox.end("k1")
    tell(agent, make_order())
    assert sandbox.started == {"k1": 1}
    assert outcome(agent, "k1") is Outcome.FINISHED


def test_an_end_that_was_reported_is_reported_again_after_a_restart(tmp_path, sandbox):
    storage = FakeStore()
    agent = make_agent(tmp_path, sandbox, storage=storage)
    trained(agent, sandbox, make_order())
    trained(agent, sandbox, infer_order())
    before = told(agent)["k2"]
    assert told(make_agent(tmp_path, sandbox, storage=storage))["k2"] == before


def test_a_restarted_agent_keeps_the_lease_that_it_had(tmp_path, sandbox):
    clock = Clock()
    tell(make_agent(tmp_path, sandbox, clock=clock), make_order())
    clock.now += LEASE_S
    make_agent(tmp_path, sandbox, clock=clock).tick()
    assert sandbox.stopped == ["k1"]


def test_after_another_boot_no_lease_holds(tmp_path, sandbox):
    tell(make_agent(tmp_path, sandbox), make_order())
    agent = make_agent(tmp_path, sandbox, boot_id="the next")
    agent.tick()
    assert outcome(agent, "k1") is Outcome.SANDBOX_LOST


def test_what_nobody_ordered_is_reaped_after_the_first_answer(tmp_path, sandbox):
    sandbox.start(make_stage := make_agent(tmp_path, sandbox).bench._spec(make_order("stranger")))
    (tmp_path / "jobs" / "r" / "stranger").mkdir(parents=True)
    (tmp_path / "attempts" / "old").mkdir(parents=True)
    agent = make_agent(tmp_path, sandbox)
    agent.tick()
    assert make_stage.key in sandbox.specs
    tell(agent, make_order())
    assert set(sandbox.specs) == {"k1"}
    assert not list((tmp_path / "jobs" / "r").iterdir())
    assert not (tmp_path / "attempts" / "old").exists()


def test_an_order_written_by_another_version_is_forgotten_and_its_container_reaped(tmp_path, sandbox):
    tell(make_agent(tmp_path, sandbox), make_order())
    (tmp_path / "stages" / "k1" / "order.json").write_text('{"key": "k1"}')
    agent = make_agent(tmp_path, sandbox)
    assert not told(agent)
    tell(agent)
    assert not sandbox.specs


# A run.


def test_a_trained_model_is_kept_for_the_orders_of_its_attempt_and_no_longer(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    trained(agent, sandbox, make_order())
    model = tmp_path / "attempts" / "a1" / "model.tar"
    tell(agent, infer_order())
    assert model.exists()
    assert sandbox.specs["k2"].model.path == model
    tell(agent, make_order("k9", attempt="a9"))
    assert not model.exists()


def test_an_infer_order_without_its_model_is_lost_and_ours(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, infer_order(attempt="unknown"))
    assert outcome(agent, "k2") is Outcome.SANDBOX_LOST


def test_predictions_are_uploaded_with_a_manifest_that_the_report_names(tmp_path, sandbox):
    storage = FakeStore()
    agent = make_agent(tmp_path, sandbox, storage=storage)
    trained(agent, sandbox, make_order())
    trained(agent, sandbox, infer_order())
    stage = told(agent)["k2"]
    content = uploaded(storage, infer_order().uploads, PREDICTIONS, manifest=stage.manifest)
    assert len(content) == 16
    storage.files[f"{infer_order().uploads}/{PREDICTIONS}"] = content[:8]
    with pytest.raises(UploadError, match="is not what its manifest says"):
        uploaded(storage, infer_order().uploads, PREDICTIONS, manifest=stage.manifest)


def test_a_killed_delivery_is_done_again_with_the_same_manifest(tmp_path, sandbox):
    storage = FakeStore()
    agent = make_agent(tmp_path, sandbox, storage=storage)
    trained(agent, sandbox, make_order())
    tell(agent, infer_order())
    sandbox.end("k2")
    first = agent.bench.deliver(infer_order())
    (tmp_path / "stages" / "k2" / "ended.json").unlink()
    written = dict(storage.files)
    assert first.manifest is not None
    again = make_agent(tmp_path, FakeSandbox(instant=True), storage=storage)
    tell(again, infer_order())
    assert told(again)["k2"].manifest == first.manifest
    assert storage.files == written


def test_a_storage_that_is_away_for_a_while_costs_nothing(tmp_path, sandbox):
    storage, clock = FakeStore(broken=True), Clock()
    agent = make_agent(tmp_path, sandbox, storage=storage, clock=clock)
    trained(agent, sandbox, make_order())
    trained(agent, sandbox, infer_order())
    assert told(agent)["k2"].phase is Phase.DELIVERING
    storage.broken = False
    clock.now += 6
    tell(agent, infer_order())
    assert outcome(agent, "k2") is Outcome.FINISHED


def test_a_storage_that_stays_away_is_our_failure(tmp_path, sandbox):
    clock = Clock()
    agent = make_agent(tmp_path, sandbox, storage=FakeStore(broken=True), clock=clock)
    trained(agent, sandbox, make_order())
    trained(agent, sandbox, infer_order())
    for _ in range(30):
        clock.now += 6
        tell(agent, infer_order())
    assert outcome(agent, "k2") is Outcome.HOST_SHORT


def test_predictions_that_break_the_contract_are_theirs_with_the_readers_sentence(tmp_path, sandbox):
    def refuse(path, name, *, n_rows):
        raise ContractError(name, row=3, reason="not a finite number")

    storage = FakeStore()
    agent = make_agent(tmp_path, sandbox, read=refuse, storage=storage)
    trained(agent, sandbox, make_order())
    trained(agent, sandbox, infer_order())
    ending = told(agent)["k2"].ending
    assert (ending.outcome, ending.reason) == (
        Outcome.OUTPUT_REFUSED,
        str(ContractError("predictions.csv", row=3, reason="not a finite number")),
    )
    assert told(agent)["k2"].manifest is None
    assert not storage.files


def test_their_failure_is_reported_as_theirs(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, make_order())
    sandbox.end("k1", Outcome.OUT_OF_MEMORY)
    tell(agent, make_order())
    assert outcome(agent, "k1") is Outcome.OUT_OF_MEMORY


def test_a_container_that_vanishes_is_lost_and_ours(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, make_order())
    sandbox.vanish("k1")
    tell(agent, make_order())
    assert outcome(agent, "k1") is Outcome.SANDBOX_LOST


def test_an_engine_that_does_not_answer_ends_no_stage_and_makes_the_host_unfit(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, make_order())
    sandbox.silent = True
    tell(agent, make_order())
    report = agent.report()
    assert report.stages[0].phase is Phase.RUNNING
    assert report.unfit == "the engine does not answer"
    sandbox.silent = False
    tell(agent, make_order())
    assert not agent.report().unfit


def test_a_step_that_fails_for_no_known_reason_is_ours(tmp_path, sandbox):
    class Broken(FakeSandbox):
        def start(self, spec):
            raise MemoryError("no room")

    agent = make_agent(tmp_path, Broken())
    tell(agent, make_order())
    ending = told(agent)["k1"].ending
    assert ending.outcome is Outcome.HOST_SHORT
    assert "no room" in ending.reason


# An image.


def test_an_image_stage_runs_nothing_and_reports_the_identity(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    tell(agent, image_order())
    stage = told(agent)["k0"]
    assert (stage.phase, stage.image, stage.ending.outcome) == (
        Phase.ENDED,
        "sha256:archives/one.tar",
        Outcome.FINISHED,
    )
    assert not sandbox.started


def test_a_refused_image_ends_with_the_rule_that_it_breaks(tmp_path, sandbox):
    refusal = SandboxRefusalError(Outcome.IMAGE_REFUSED, "the image is refused: it has no ENTRYPOINT")
    agent = make_agent(tmp_path, sandbox, images=FakeImages(refusal))
    tell(agent, image_order())
    ending = told(agent)["k0"].ending
    assert (ending.outcome, ending.reason) == (Outcome.IMAGE_REFUSED, refusal.reason)


def test_messages_survive_being_written_down(tmp_path, sandbox):
    agent = make_agent(tmp_path, sandbox)
    trained(agent, sandbox, make_order())
    report = agent.report()
    answer = answer_to(report, infer_order(), image_order())
    assert Report.from_json(report.to_json()) == report
    assert Answer.from_json(answer.to_json()) == answer


@pytest.mark.parametrize("key", ["", "../up", "a/b", "x" * 101])
def test_a_key_that_is_no_name_is_no_order(key):
    with pytest.raises(ValueError, match="names no stage"):
        Order.from_json(make_order().to_json() | {"key": key})
