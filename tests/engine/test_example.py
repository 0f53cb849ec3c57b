"""The example of docs/contract.md is a whole submission: it is built, passes the check and beats the drug average."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from evaluator.cli.app import app
from evaluator.sandbox.outcomes import Fault, Outcome
from tests.sandbox.stages import docker_or_skip

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    docker_or_skip(tmp_path_factory.mktemp("sandbox")).close()
    name = "holdout-test-example"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, str(DOCS / "example")], check=True, timeout=600)
    yield name
    subprocess.run(["docker", "rmi", "--force", name], check=True, capture_output=True)


@pytest.mark.docker
def test_the_example_passes_the_check_and_scores_above_the_drug_average(image):
    result = CliRunner().invoke(app, ["check", image, "--json"])
    answer = json.loads(result.stdout)
    assert result.exit_code == 0, answer
    ours, theirs = map(float, re.findall(r"[01]\.\d{3}", answer["findings"][-1]["sentence"]))
    assert ours > theirs


@pytest.mark.parametrize("name", ["model.py", "Dockerfile"])
def test_what_the_contract_prints_is_the_example_that_is_built(name):
    assert f"\n{(DOCS / 'example' / name).read_text()}```" in (DOCS / "contract.md").read_text()


def test_the_contract_lists_every_failure_of_theirs_and_no_other():
    listed = re.findall(r"^\| `([a-z_]+)` \|", (DOCS / "contract.md").read_text(), flags=re.MULTILINE)
    assert listed == [outcome for outcome in Outcome if outcome.fault is Fault.THEIRS]
