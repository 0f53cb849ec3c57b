"""A container can put what it read into its exit code, log, time, memory and sizes; who sent it learns none of them."""

from dataclasses import replace

import pytest

from evaluator.sandbox.attacks import Attack
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.selftest import finished, prepared
from evaluator.sandbox.stages import Ending, Log, Peaks
from evaluator.sandbox.told import FAILED_ON_SEALED, SCORED, WAITING, told
from tests.sandbox.stages import docker_or_skip

ENDING = Ending(
    outcome=Outcome.CRASHED,
    exit_code=3,
    oom_killed=False,
    wall_s=1.5,
    peaks=Peaks(memory_mb=10, cpu_s=1, written_bytes=5),
    log=Log("secret"),
    reason="why",
)


@pytest.mark.docker
def test_two_secrets_told_by_every_means_sound_the_same(tmp_path):
    sandbox: DockerSandbox = docker_or_skip(tmp_path / "root")
    try:
        ground = prepared(sandbox, tmp_path / "ground")
        endings = [
            finished(ground, Attack(name=f"secret {secret}", program="encode_inputs", ends=Outcome.CRASHED, holds="",
                                    environment={"SECRET": secret})).ending
            for secret in ("5", "40")
        ]  # fmt: skip
    finally:
        sandbox.reap()
        sandbox.close()
    assert [ending.exit_code for ending in endings] == [5, 40]
    assert endings[0].log != endings[1].log
    assert told(endings[0], sealed=True) == told(endings[1], sealed=True)


@pytest.mark.parametrize("outcome", [one for one in Outcome if one.fault is Fault.THEIRS])
def test_every_failure_on_sealed_data_is_the_same_news(outcome):
    news = told(replace(ENDING, outcome=outcome), sealed=True)
    assert news == told(ENDING, sealed=True)
    assert news.word == FAILED_ON_SEALED
    assert {news.exit_code, news.wall_s, news.peaks, news.log, news.sentence} == {None, ""}


def test_a_result_on_sealed_data_is_a_word():
    assert told(replace(ENDING, outcome=Outcome.FINISHED), sealed=True).word == SCORED


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize("outcome", [one for one in Outcome if one.fault is Fault.OURS])
def test_what_is_our_fault_is_no_news(outcome, sealed):
    assert told(replace(ENDING, outcome=outcome), sealed=sealed).word == WAITING


def test_on_open_data_everything_is_told():
    news = told(ENDING, sealed=False)
    assert (news.word, news.sentence, news.exit_code, news.wall_s) == ("crashed", "why", 3, 1.5)
    assert (news.peaks, news.log) == (ENDING.peaks, ENDING.log)
