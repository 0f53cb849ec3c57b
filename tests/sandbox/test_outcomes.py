"""Every ending has one name, and every name is theirs or ours."""

import pytest

from evaluator.sandbox.outcomes import FAULTS, SENTENCES, Fault, Outcome, Report, verdict

GOOD = {"exit_code": 0, "oom_killed": False, "wall_s": 1.0, "wall_limit_s": 10.0}


def test_every_outcome_is_somebodys_and_has_a_sentence():
    assert set(FAULTS) == set(SENTENCES) == set(Outcome)
    assert [outcome for outcome in Outcome if outcome.fault is Fault.NOBODY] == [Outcome.FINISHED]


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        ({}, Outcome.FINISHED),
        ({"exit_code": 1}, Outcome.CRASHED),
        ({"exit_code": 139}, Outcome.CRASHED),
        ({"exit_code": 1, "disk_full": True}, Outcome.OUT_OF_DISK),
        ({"disk_full": True}, Outcome.FINISHED),
        ({"exit_code": 137, "oom_killed": True}, Outcome.OUT_OF_MEMORY),
        ({"oom_killed": True}, Outcome.OUT_OF_MEMORY),
        ({"exit_code": 1, "oom_killed": True, "disk_full": True}, Outcome.OUT_OF_MEMORY),
        ({"exit_code": 137, "wall_s": 10.0}, Outcome.TIMED_OUT),
        ({"wall_s": 10.0, "oom_killed": True}, Outcome.TIMED_OUT),
        ({"exit_code": 127}, Outcome.NOT_STARTABLE),
        ({"exit_code": 126}, Outcome.NOT_STARTABLE),
        ({"exit_code": 137}, Outcome.SANDBOX_LOST),
        ({"exit_code": 143}, Outcome.SANDBOX_LOST),
        ({"exit_code": 255}, Outcome.SANDBOX_LOST),
        ({"exit_code": 1, "engine_error": "no space left"}, Outcome.SANDBOX_LOST),
        ({"exit_code": 137, "stopped": True}, Outcome.STOPPED),
        ({"exit_code": 137, "stopped": True, "wall_s": 11.0}, Outcome.STOPPED),
    ],
)
def test_what_a_runtime_reports_is_judged_once(report, outcome):
    assert verdict(Report(**GOOD | report)) is outcome
