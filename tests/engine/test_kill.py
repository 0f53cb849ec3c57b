"""`holdout evaluate` killed at any moment and run again: what was finished is kept, and the result is the same."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from benchmark_data.synthetic import write_tiny


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "release"
    write_tiny(folder)
    return folder


def evaluate(release, out) -> subprocess.Popen:
    arguments = ["evaluate", "reference:mean_effects", "--release", str(release), "--out", str(out)]
    arguments += ["--sandbox", "process", "--splits", "1", "--arm", "real", "--json"]
    code = "from evaluator.cli.app import main; main()"
    return subprocess.Popen([sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, start_new_session=True)


def files_in(out) -> set:
    return {path.relative_to(out) for path in (out / "predictions").rglob("*.npy") if "partial" not in path.name}


def recorded_in(out) -> list:
    """Predictions of stages that were written down as finished; others may be made again."""
    records = [(path, json.loads(path.read_text())["result"]) for path in (out / "runs").rglob("*.json")]
    return [
        out / "predictions" / path.relative_to(out / "runs").with_suffix("") / f"{target}.npy"
        for path, result in records
        for target in result["infer"]
    ]


def kill_when(process, out, n_files: int) -> None:
    """Kill the engine, and the engine alone, as soon as so many predictions lie there."""
    while len(files_in(out)) < n_files:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_killed_twice_it_ends_with_the_scores_of_a_run_that_was_left_alone(release, tmp_path):
    alone, killed = tmp_path / "alone", tmp_path / "killed"
    expected, _ = evaluate(release, alone).communicate()
    for n_files in (1, 5):
        kill_when(evaluate(release, killed), killed, n_files)
    kept = {path: path.stat().st_mtime_ns for path in recorded_in(killed)}
    assert len(kept) >= 4
    process = evaluate(release, killed)
    result, _ = process.communicate()
    assert process.returncode == 0
    assert json.loads(result) == json.loads(expected)
    for name in files_in(alone):
        np.testing.assert_array_equal(np.load(alone / name), np.load(killed / name))
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert not list((killed / "jobs").rglob("job.json"))
