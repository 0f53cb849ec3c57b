"""What `holdout check` says of an image, rule by rule."""

import numpy as np
import pytest

from evaluator.engine.check import check
from evaluator.engine.submission import Submission
from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Command
from tests.engine.fakes import FakeSandbox


def sentences(result):
    return {finding.rule: finding.sentence for finding in result.findings}


def test_an_image_that_keeps_the_contract_passes_every_rule(release, tmp_path):
    result = check(FakeSandbox(tmp_path), Submission("image"), release, tmp_path)
    assert result.passed
    assert [finding.passed for finding in result.findings] == [True, True, True, True, None]
    assert sentences(result)["asked again, it says the same"].startswith("bit for bit")
    assert sentences(result)["it is compared with the drug average"].startswith("R² 1.000, the drug average 0.")


def test_a_failed_training_is_said_and_nothing_is_asked_of_its_model(release, tmp_path):
    sandbox = FakeSandbox(tmp_path, trouble={(Command.TRAIN, 1): Outcome.OUT_OF_MEMORY})
    result = check(sandbox, Submission("image"), release, tmp_path)
    assert not result.passed
    assert [finding.passed for finding in result.findings] == [False]
    assert Command.INFER not in [spec.command for spec in sandbox.started]


def test_a_refused_file_is_said_in_the_readers_words(release, tmp_path):
    class Text(FakeSandbox):
        def answer(self, spec):
            return super().answer(spec).replace("0.31", "high", 1)

    result = check(Text(tmp_path), Submission("image"), release, tmp_path)
    assert not result.passed
    assert any("predictions.csv" in sentence for sentence in sentences(result).values())


def test_a_model_that_is_not_deterministic_is_told_and_not_failed(release, tmp_path):
    class Random(FakeSandbox):
        def answer(self, spec):
            rows = super().answer(spec).splitlines()[1:]
            noise = np.random.default_rng(len(self.started)).random(len(rows))
            lines = [f"{row.split(',')[0]},{value:.6f}" for row, value in zip(rows, noise, strict=True)]
            return "\n".join(["row_id,prediction", *lines, ""])

    result = check(Random(tmp_path), Submission("image"), release, tmp_path)
    assert result.passed
    assert "predictions differ by up to" in sentences(result)["asked again, it says the same"]


@pytest.mark.parametrize("outcome", [Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.NO_OUTPUT])
def test_one_target_that_fails_fails_the_check(release, tmp_path, outcome):
    sandbox = FakeSandbox(tmp_path, trouble={(Command.INFER, 1): outcome})
    result = check(sandbox, Submission("image"), release, tmp_path)
    assert not result.passed
    assert outcome.sentence in sentences(result).values()
