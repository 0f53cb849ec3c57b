"""Every run is trained once, asked about every target once, and survives the death of the engine."""

import numpy as np
import pytest

from evaluator.arms import Arm
from evaluator.engine.ledger import Ledger
from evaluator.engine.predictions import read_in_child
from evaluator.engine.runs import RunResult, RunSpec
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.stages import Command
from tests.engine.builders import make_engine, make_spec
from tests.engine.fakes import FakeSandbox


@pytest.fixture
def specs(release):
    return [make_spec(release, source=source, split=split) for source in ("A", "B") for split in (0, 1)]


def commands(sandbox):
    return [stage.command for stage in sandbox.started]


def test_predictions_are_read_in_a_process_of_their_own(release, specs, tmp_path):
    make_engine(release, tmp_path, FakeSandbox(tmp_path), read=read_in_child).run(specs[:1])
    values = np.load(Ledger(tmp_path).predictions_path(specs[0], "B"))
    np.testing.assert_allclose(values, release.study("B").response, atol=1e-7)


def test_each_run_is_trained_once_and_used_for_every_target(release, specs, tmp_path):
    sandbox = FakeSandbox(tmp_path)
    results = make_engine(release, tmp_path, sandbox).run(specs)
    assert commands(sandbox).count(Command.TRAIN) == 4
    assert commands(sandbox).count(Command.INFER) == 8
    assert all(set(result.infer) == {"A", "B"} for result in results)


def test_predictions_lie_in_the_order_of_the_targets_rows_whatever_the_querys_was(release, specs, tmp_path):
    make_engine(release, tmp_path, FakeSandbox(tmp_path)).run(specs)
    ledger = Ledger(tmp_path)
    for spec in specs:
        for target in spec.targets:
            study = release.study(target)
            rows = release.split(target, spec.scheme, spec.split).test if target == spec.source else slice(None)
            values = np.load(ledger.predictions_path(spec, target))
            np.testing.assert_allclose(values, study.response[rows], atol=1e-7)


def test_nothing_is_left_of_a_finished_evaluation_but_results_models_and_predictions(release, specs, tmp_path):
    sandbox = FakeSandbox(tmp_path)
    make_engine(release, tmp_path, sandbox).run(specs)
    assert not sandbox.stages
    assert not list((tmp_path / "jobs").rglob("*.parquet"))
    assert not list((tmp_path / "collected").rglob("predictions.*"))


@pytest.mark.parametrize("starts", range(12))
def test_killed_at_any_start_it_goes_on_and_does_no_finished_stage_again(release, specs, tmp_path, starts):
    killed = FakeSandbox(tmp_path, killed_after=starts)
    with pytest.raises(KeyboardInterrupt):
        make_engine(release, tmp_path, killed, slots=1).run(specs)
    after = FakeSandbox(tmp_path)
    make_engine(release, tmp_path, after, slots=1).run(specs)
    assert len(killed.started) + len(after.started) == 12


def test_a_container_that_outlived_its_engine_is_adopted(release, specs, tmp_path):
    sandbox = FakeSandbox(tmp_path, killed_after=1, never_ends=True)
    engine = make_engine(release, tmp_path, sandbox, slots=1)
    sandbox.start(engine.builder.train_stage(specs[0], engine._key(engine._unfinished(specs[0])[0], 0)))
    sandbox.never_ends, sandbox.killed_after = False, None
    make_engine(release, tmp_path, sandbox, slots=1).run(specs[:1])
    assert commands(sandbox) == [Command.TRAIN, Command.INFER, Command.INFER]


def test_a_strangers_container_of_another_evaluation_is_not_kept(release, specs, tmp_path):
    sandbox = FakeSandbox(tmp_path)
    sandbox.stages["old"] = None
    make_engine(release, tmp_path, sandbox).run(specs[:1])
    assert "old" not in sandbox.stages


def test_their_failure_in_training_ends_the_run_and_is_not_tried_again(release, specs, tmp_path):
    sandbox = FakeSandbox(tmp_path, trouble={(Command.TRAIN, 1): Outcome.CRASHED})
    for _ in range(2):
        results = make_engine(release, tmp_path, sandbox).run(specs[:1])
        assert [result.train.outcome for result in results] == [Outcome.CRASHED]
    assert commands(sandbox) == [Command.TRAIN]


def test_our_failure_is_tried_again_and_forgotten(release, specs, tmp_path):
    trouble = {(Command.TRAIN, 1): Outcome.SANDBOX_LOST, (Command.INFER, 1): Outcome.SANDBOX_LOST}
    sandbox = FakeSandbox(tmp_path, trouble=trouble)
    (result,) = make_engine(release, tmp_path, sandbox).run(specs[:1])
    assert result.train.outcome is Outcome.FINISHED
    assert [(e.outcome, e.reason) for e in result.infer.values()] == [(Outcome.FINISHED, "")] * 2


def test_three_failures_of_ours_wait_for_the_next_start(release, specs, tmp_path):
    lost = {(Command.TRAIN, times): Outcome.HOST_SHORT for times in (1, 2, 3)}
    (result,) = make_engine(release, tmp_path, FakeSandbox(tmp_path, trouble=lost)).run(specs[:1])
    assert result.train.outcome is Outcome.HOST_SHORT
    (result,) = make_engine(release, tmp_path, FakeSandbox(tmp_path)).run(specs[:1])
    assert result.train.outcome is Outcome.FINISHED


def test_a_host_that_does_not_answer_for_a_while_is_asked_again(release, specs, tmp_path, monkeypatch):
    monkeypatch.setattr("evaluator.engine.engine.SILENCE_S", 0.0)

    class Silent(FakeSandbox):
        looks = 0

        def look(self, key):
            self.looks += 1
            if self.looks % 3:
                raise SandboxRefusalError(Outcome.HOST_SHORT, "the engine does not answer")
            return super().look(key)

    sandbox = Silent(tmp_path)
    (result,) = make_engine(release, tmp_path, sandbox).run(specs[:1])
    assert result.train.outcome is Outcome.FINISHED
    assert commands(sandbox).count(Command.TRAIN) == 1


def test_predictions_that_break_the_contract_are_theirs_with_the_readers_sentence(release, specs, tmp_path):
    class Wrong(FakeSandbox):
        def answer(self, spec):
            return "row_id,prediction\n0,nan\n"

    (result,) = make_engine(release, tmp_path, Wrong(tmp_path), read=read_in_child).run(specs[:1])
    ending = result.infer["A"]
    assert ending.outcome is Outcome.OUTPUT_REFUSED
    assert "predictions.csv" in ending.reason
    assert not Ledger(tmp_path).predictions_path(specs[0], "A").exists()


def test_an_interrupt_stops_the_containers_that_run(release, specs, tmp_path):
    sandbox = FakeSandbox(tmp_path, never_ends=True, killed_after=1)
    with pytest.raises(KeyboardInterrupt):
        make_engine(release, tmp_path, sandbox).run(specs)
    assert len(sandbox.stopped) >= 1


def test_progress_counts_to_the_end_also_when_a_run_fails(release, specs, tmp_path):
    seen = []
    sandbox = FakeSandbox(tmp_path, trouble={(Command.TRAIN, 1): Outcome.CRASHED})
    make_engine(release, tmp_path, sandbox, slots=1, on_progress=seen.append).run(specs)
    assert seen[-1].done == seen[-1].total == 12


def test_specs_and_results_survive_being_written_down(release, specs, tmp_path):
    spec = make_spec(release, arm=Arm.parse("k-cells:3"), settings={"epochs": 2})
    assert RunSpec.from_json(spec.to_json()) == spec
    (result,) = make_engine(release, tmp_path, FakeSandbox(tmp_path)).run([spec])
    assert RunResult.from_json(result.to_json()) == result
