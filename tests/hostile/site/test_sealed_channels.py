"""A model that says what it read of a sealed study by all that it has: exit code, log, time, memory, sizes, values.

Beyond one word for the whole evaluation, and what the scorer releases, nothing of it is kept or told.
"""

import json
import re

import numpy as np
import pytest
from django.test import Client

from benchmark_data.release import Release
from benchmark_data.synthetic import write_tiny
from evaluator.agent.uploads import SEALED_PREDICTIONS
from evaluator.engine.runs import SEALED
from evaluator.sandbox.outcomes import Fault, Outcome
from evaluator.sandbox.stages import Ending, Log, Peaks
from evaluator.sealing import boxes
from leaderboard.hosting.advance import advance
from leaderboard.models import Attempt, Run, Stage
from tests.agent.fake_sandbox import N_ROWS
from tests.site.hosting.world import asked_about_a_sealed_study, make_machine, received, release_row

pytestmark = pytest.mark.django_db
THEIRS = [outcome for outcome in Outcome if outcome.fault is Fault.THEIRS]
SECRETS = (5, 40)


def chatty(secret, outcome=Outcome.FINISHED):
    return Ending(
        outcome=outcome,
        exit_code=secret,
        oom_killed=secret > 20,
        wall_s=secret / 7,
        peaks=Peaks(memory_mb=secret * 11.0, cpu_s=secret * 1.5, written_bytes=secret * 1000),
        log=Log(f"secret {secret}", f"the end of {secret}"),
        reason=f"because {secret}",
    )


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("releases") / "tiny"
    write_tiny(folder)
    return Release.open(folder)


@pytest.fixture
def asked(tiny, tmp_path):
    """A host whose sealed stages end as a test says, after open ones that ended well."""
    release = release_row(tiny)
    other = received(tiny, release=release)
    made = asked_about_a_sealed_study(other)
    other.delete()
    Run.objects.filter(evaluation=made).last().delete()
    machine = make_machine("one", tmp_path, release)

    def ended(ending, answer=None):
        machine.sandbox.answer = answer or machine.sandbox.answer
        for _ in range(12):
            machine.talk()
            for key in sorted(machine.sandbox.running):
                is_sealed = Stage.objects.get(key=key).target == SEALED
                machine.sandbox.endings[key] = ending if is_sealed else chatty(0)
            machine.tick()
        advance()
        return machine, made

    return ended


@pytest.mark.parametrize("outcome", [Outcome.FINISHED, *THEIRS])
@pytest.mark.parametrize("secret", SECRETS)
def test_of_every_means_to_tell_a_secret_one_word_is_kept(asked, outcome, secret):
    _, evaluation = asked(chatty(secret, outcome))
    (stage,) = Stage.objects.filter(attempt__run__evaluation=evaluation, target=SEALED).values()
    worked = outcome is Outcome.FINISHED
    word = Outcome.FINISHED if worked else Outcome.FAILED_ON_SEALED
    assert stage["ending"] == Ending(outcome=word, exit_code=None, oom_killed=False, wall_s=0.0).to_json()
    attempt = Attempt.objects.get(run__evaluation=evaluation)
    assert attempt.reason == ("" if worked else Outcome.FAILED_ON_SEALED.sentence)
    said = json.dumps([stage["ending"], stage["phase"], stage["image"], attempt.reason])
    assert not [form for form in (f"{secret}", f"{secret / 7}", f"{secret * 11}") if form in said]


def test_values_of_predictions_reach_storage_in_a_box_of_the_same_size_whatever_they_are(asked):
    secret = "row_id,prediction\n" + "".join(f"{row},{row * 1.23456789e-7}\n" for row in range(N_ROWS))
    machine, _ = asked(chatty(5), answer=secret)
    (name,) = (name for name in machine.store.files if name.endswith(SEALED_PREDICTIONS))
    box = machine.store.files[name]
    assert len(box) == 4 * N_ROWS + boxes.OVERHEAD_BYTES
    values = np.array([row * 1.23456789e-7 for row in range(N_ROWS)], "<f4").tobytes()
    assert values[4:] not in box


def test_its_team_sees_neither_the_runs_nor_the_stages_nor_their_logs(asked):
    _, evaluation = asked(chatty(40, Outcome.CRASHED))
    submission, browser = evaluation.submission, Client()
    browser.force_login(submission.model.team.people.first())
    run = Run.objects.get(evaluation=evaluation)
    page = browser.get(f"/submissions/{submission.pk}/").text
    assert re.findall(r"<dt>(hush \d+)</dt><dd>([^<]*)</dd>", page) == [
        (str(evaluation.study), "failed on sealed data")
    ]
    for address in (
        f"/submissions/{submission.pk}/",
        f"/api/v1/submissions/{submission.pk}/",
        f"/api/v1/submissions/{submission.pk}/runs/",
    ):
        said = browser.get(address)
        assert said.status_code == 200
        assert not [word for word in ("secret 40", "sealed/", f"runs/{run.pk}") if word in said.text]
    for address in (
        f"/submissions/{submission.pk}/runs/{run.pk}/",
        f"/api/v1/submissions/{submission.pk}/runs/{run.pk}/logs/",
    ):
        assert browser.get(address).status_code == 404


def test_what_is_ours_is_tried_again_and_tells_as_little(asked):
    _, evaluation = asked(chatty(40, Outcome.SANDBOX_LOST))
    endings = Stage.objects.filter(attempt__run__evaluation=evaluation, target=SEALED).values_list("ending", flat=True)
    assert len(endings) > 1
    bare = Ending(outcome=Outcome.SANDBOX_LOST, exit_code=None, oom_killed=False, wall_s=0.0).to_json()
    assert all(ending == bare for ending in endings)
