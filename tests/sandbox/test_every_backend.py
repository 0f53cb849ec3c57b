"""What the engine may count on, whichever sandbox is behind the protocol."""

from dataclasses import replace

import pytest

from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.selftest import waited
from evaluator.sandbox.stages import Command, Ended, Gone, Running
from tests.sandbox.stages import LIMITS


def trained(kit):
    kit.sandbox.start(kit.spec(key="train"))
    waited(kit.sandbox, "train")
    return kit.sandbox.collect("train", kit.folder / "kept")


def test_a_model_is_trained_kept_as_one_file_and_predicts(kit):
    outputs = trained(kit)
    assert outputs.ending.outcome is Outcome.FINISHED
    kit.sandbox.discard("train")
    assert outputs.model.path.is_file()
    kit.sandbox.start(kit.spec(key="infer", command=Command.INFER, model=outputs.model))
    waited(kit.sandbox, "infer")
    predictions = kit.sandbox.collect("infer", kit.folder / "predicted").predictions
    assert predictions.size_bytes == predictions.path.stat().st_size > 0


def test_collecting_twice_gives_the_same(kit):
    assert trained(kit) == kit.sandbox.collect("train", kit.folder / "kept")


def test_starting_twice_is_starting_once(kit):
    spec = kit.spec()
    kit.sandbox.start(spec)
    kit.sandbox.start(spec)
    assert [found.key for found in kit.sandbox.found()] == ["stage"]
    assert waited(kit.sandbox, "stage").outcome is Outcome.FINISHED


def test_another_stage_under_the_same_key_is_refused(kit):
    kit.sandbox.start(kit.spec())
    with pytest.raises(SandboxRefusalError, match="another stage was started under the key stage") as refusal:
        kit.sandbox.start(kit.spec(limits=replace(LIMITS, memory_mb=256)))
    assert refusal.value.outcome is Outcome.NOT_ALLOWED


def test_a_stage_is_adopted_by_the_next_engine(kit):
    kit.sandbox.start(kit.spec("endless", labels={"run": "r1"}))
    heir = kit.again()
    (found,) = heir.found()
    assert (found.key, found.labels["run"], found.running) == ("stage", "r1", True)
    assert isinstance(heir.look("stage"), Running)
    heir.stop("stage")
    assert waited(kit.sandbox, "stage").outcome is Outcome.STOPPED


def test_any_engine_ends_a_stage_at_its_wall_time(kit):
    kit.sandbox.start(kit.spec("endless", limits=replace(LIMITS, wall_s=1)))
    ending = waited(kit.again(), "stage")
    assert ending.outcome is Outcome.TIMED_OUT
    assert ending.wall_s >= 1


def test_a_failing_command_is_theirs_and_owes_nothing(kit):
    kit.sandbox.start(kit.spec("failing"))
    waited(kit.sandbox, "stage")
    outputs = kit.sandbox.collect("stage", kit.folder / "kept")
    assert (outputs.ending.outcome, outputs.ending.outcome.fault) == (Outcome.CRASHED, "theirs")
    assert outputs.model is None
    assert outputs.ending.log.head


def test_what_a_stage_used_is_measured(kit):
    peaks = trained(kit).ending.peaks
    assert 0 < peaks.memory_mb < LIMITS.memory_mb
    assert peaks.cpu_s > 0
    assert peaks.written_bytes > 0


def test_a_running_stage_cannot_be_collected(kit):
    kit.sandbox.start(kit.spec("endless"))
    with pytest.raises(LookupError, match="stage has not ended"):
        kit.sandbox.collect("stage", kit.folder / "kept")


def test_a_discarded_stage_is_gone(kit):
    kit.sandbox.start(kit.spec("endless"))
    kit.sandbox.discard("stage")
    assert isinstance(kit.sandbox.look("stage"), Gone)
    kit.sandbox.discard("stage")


def test_reaping_spares_what_is_wanted(kit):
    for key in ("wanted", "left", "behind"):
        kit.sandbox.start(kit.spec("endless", key=key))
    assert kit.again().reap(keep=["wanted"]) == ("behind", "left")
    assert [found.key for found in kit.sandbox.found()] == ["wanted"]


def test_an_ending_is_written_down_once(kit):
    kit.sandbox.start(kit.spec())
    ending = waited(kit.sandbox, "stage")
    assert kit.again().look("stage") == Ended(ending)


def test_a_model_that_was_changed_is_not_used(kit):
    model = trained(kit).model
    with model.path.open("r+b") as file:
        file.seek(model.path.stat().st_size // 2)
        file.write(b"changed")
    with pytest.raises(SandboxRefusalError, match="missing or changed: train again") as refusal:
        kit.sandbox.start(kit.spec(key="infer", command=Command.INFER, model=model))
    assert refusal.value.outcome.fault == "ours"
    assert isinstance(kit.sandbox.look("infer"), Gone)


def test_more_gpus_than_the_host_has_are_refused_before_anything_starts(kit):
    with pytest.raises(SandboxRefusalError, match="needs 1 GPU") as refusal:
        kit.sandbox.start(kit.spec(limits=replace(LIMITS, gpus=1)))
    assert refusal.value.outcome is Outcome.NO_GPU
    assert isinstance(kit.sandbox.look("stage"), Gone)
