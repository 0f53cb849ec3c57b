"""The status page: what takes work, what waits and why, and nobody's names."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluator.agent.fitness import Fitness
from leaderboard.models import Board, Submission
from leaderboard.reads.standing import HostStanding, SelfTest, standing
from leaderboard.states import AttemptState, Purpose, RunState, SubmissionState
from tests.site.builders import (
    make_attempt,
    make_host,
    make_model,
    make_person,
    make_run,
    make_submission,
    make_team,
    make_track,
)
from tests.site.pages.stored import store_board

pytestmark = pytest.mark.django_db
SECRET = "hush-hush"


def ago(**time):
    return timezone.now() - timedelta(**time)


def page_of(client):
    return client.get(reverse("status")).text


def submitted(state, *, since, **values):
    submission = make_submission(state=state, **values)
    Submission.objects.filter(pk=submission.pk).update(state_since=since)
    return submission


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({}, HostStanding.TAKES_WORK),
        ({"is_draining": True}, HostStanding.DRAINING),
        ({"unfit": "its disk has 3 MB free"}, HostStanding.UNFIT),
        ({"unfit": "the sandbox's self test is under way"}, HostStanding.TESTING),
        ({"reported_at": None}, HostStanding.NEVER_HEARD),
        ({"reported_at": ago(hours=1), "is_draining": True}, HostStanding.SILENT),
    ],
)
def test_a_host_stands_as_it_last_said(client, values, says):
    make_host(name="one", **values)
    assert standing().hosts[0].standing is says
    assert f">{says}</span>" in page_of(client)


class Ended:
    """A self test that is over, with what it found."""

    def __init__(self, sentence="", error=None):
        self.sentence, self.error = sentence, error

    def done(self):
        return True

    def exception(self):
        return self.error

    def result(self):
        return self.sentence


@pytest.mark.parametrize(
    ("testing", "says"),
    [
        (None, SelfTest.PASSED),
        (Ended("the sandbox's self test failed: network (it got out)"), SelfTest.NOT_PASSED),
        (Ended(error=RuntimeError("no engine")), SelfTest.NOT_PASSED),
    ],
)
def test_a_self_test_is_read_from_what_an_agent_says_of_it(tmp_path, testing, says):
    """The sentences are the agent's own."""
    fitness = Fitness(tmp_path, releases=type("Releases", (), {"ids": ("id",)})(), least_free_mb=0, test=None)
    fitness._testing = testing
    make_host(unfit=fitness.sentence(), record={"sandbox": "docker 27"})
    assert standing().hosts[0].self_test is says


def test_a_host_of_the_process_sandbox_has_no_self_test():
    make_host(record={"sandbox": "process"})
    assert standing().hosts[0].self_test is SelfTest.NONE


def test_what_does_not_hold_on_a_host_is_told_to_operators_alone(client):
    make_host(unfit=f"the sandbox's self test failed: {SECRET} <b>x</b>")
    for person in (None, make_person(), make_person(curator=True)):
        client.logout()
        if person:
            client.force_login(person)
        assert SECRET not in page_of(client)
    client.force_login(make_person(staff=True))
    page = page_of(client)
    assert SECRET in page
    assert "<b>x</b>" not in page
    assert SECRET not in client.get("/api/v1/status/").text


def test_what_runs_on_a_sealed_study_moves_no_number_that_its_team_could_watch(client):
    make_host(name="one", free_disk_mb=100_000)
    address = "/api/v1/status/"

    def told():
        page = re.sub(r"<time.*?</time>|[0-9.]+ s ago", "", page_of(client))
        return page, {name: said for name, said in client.get(address).json().items() if name not in ("at", "hosts")}

    before = told()
    run = make_run(purpose=Purpose.SEALED, state=RunState.RUNNING, submission=make_submission(state="published"))
    make_run(purpose=Purpose.SEALED, submission=run.submission)
    make_attempt(run=run, host=standing_host("one"))
    type(standing_host("one")).objects.update(free_disk_mb=90_000)
    assert told() == before
    assert {(host["taken"], "free_disk_mb" in host) for host in client.get(address).json()["hosts"]} == {(0, False)}


def test_nobodys_names_are_told(client):
    model = make_model(team=make_team(name=f"Team {SECRET}"), name=f"Model {SECRET}")
    for state in SubmissionState:
        run = make_run(submission=make_submission(model=model, state=state, note=SECRET), state=RunState.RUNNING)
        make_attempt(run=run)
    assert SECRET not in page_of(client)
    assert SECRET not in client.get("/api/v1/status/").text


def test_the_oldest_in_each_state_is_told_with_the_reason(client):
    make_host(name="one", capacity={"cpus": 1.0, "memory_mb": 10, "gpus": 0, "slots": 1})
    make_attempt(host=standing_host("one"), run=make_run(submission=submitted("running", since=ago(minutes=1))))
    submitted("queued", since=ago(hours=3))
    submitted("queued", since=ago(minutes=5))
    submitted("waiting", since=ago(days=2))
    submitted("received", since=ago(minutes=10))
    submitted("published", since=ago(days=9))
    lines = {line.state: line for line in standing().states}
    assert {state: line.n for state, line in lines.items()} == {"received": 1, "queued": 2, "running": 1, "waiting": 1}
    assert lines["queued"].oldest_s == pytest.approx(3 * 3600, abs=60)
    assert lines["queued"].why == "All places on hosts are taken; teams take turns."
    assert "worker does not come to them" in lines["received"].why
    page = page_of(client)
    assert "3 h" in page
    assert "1 submission waits for an operator" in page


def standing_host(name):
    from leaderboard.models import Host

    return Host.objects.get(name=name)


def test_without_a_host_that_takes_work_that_is_the_reason(client):
    make_host(is_draining=True)
    submitted("queued", since=ago(minutes=1))
    assert standing().states[0].why == "No host takes work now; they go on when one does."
    assert "No host takes work now." in page_of(client)


def test_work_ahead_is_the_runs_left_by_what_runs_took_lately():
    """Two runs took 100 s and 300 s; three are left on two places: 3 × 200 / 2 s."""
    make_host(name="two")
    submission = make_submission(state="running")
    for wall_s in (100, 300):
        run = make_run(submission=submission, state=RunState.DONE)
        make_attempt(
            run=run, host=standing_host("two"), state=AttemptState.DONE, started_at=ago(seconds=wall_s), ended_at=ago()
        )
    for _ in range(3):
        make_run(submission=submission)
    made = standing()
    assert (made.runs_queued, made.runs_running, made.runs_parked) == (3, 0, 0)
    assert made.ahead_s == pytest.approx(300, abs=1)


def test_work_ahead_is_not_known_where_nothing_has_run_yet_and_none_where_nothing_waits(client):
    make_host()
    assert standing().ahead_s == 0
    assert "<dd>none</dd>" in page_of(client)
    make_run()
    assert standing().ahead_s is None
    assert "not known yet" in page_of(client)


def test_waits_are_from_sent_to_the_first_run_of_the_track():
    """Waits of 10, 20 and 60 s: half waited 20 s or less."""
    for wait_s in (10, 20, 60):
        submission = make_submission(state="running", created_at=ago(seconds=wait_s))
        run = make_run(submission=submission, state=RunState.RUNNING)
        make_attempt(run=run, started_at=ago())
        make_attempt(run=make_run(submission=submission), started_at=ago(seconds=-999))
        smoke = make_run(submission=submission, purpose=Purpose.SMOKE, state=RunState.DONE)
        make_attempt(run=smoke, state=AttemptState.DONE, started_at=ago(days=1))
    waits = standing().waits
    assert (waits.n, waits.begin_s, waits.longest_begin_s) == (3, pytest.approx(20, abs=2), pytest.approx(60, abs=2))


def test_a_board_of_other_rows_than_the_newest_is_behind(client):
    track = make_track(title="Main")
    for metric in ("primary", "r2", "mae"):
        store_board(track=track, metric=metric)
    assert [(line.n, line.behind) for line in standing().boards] == [(3, 0)]
    Board.objects.filter(metric="primary").update(made_of="newer", computed_at=timezone.now() + timedelta(seconds=1))
    assert [(line.n, line.behind) for line in standing().boards] == [(3, 2)]
    assert "2 boards are being made" in page_of(client)


def test_an_empty_board_stands(client):
    page = page_of(client)
    for shown in ("No host takes work now.", "Nothing is under way.", "No board has been made yet."):
        assert shown in page


def test_it_takes_a_few_queries_whatever_there_is(client, django_assert_num_queries):
    for _ in range(6):
        run = make_run(submission=make_submission(state="running"), state=RunState.RUNNING)
        make_attempt(run=run)
        store_board()
    with django_assert_num_queries(6):
        page_of(client)
    with django_assert_num_queries(6):
        client.get("/api/v1/status/")


def test_the_same_stands_in_the_api(client):
    make_host(name="one")
    submitted("queued", since=ago(seconds=30))
    said = client.get("/api/v1/status/").json()
    assert [(host["name"], host["standing"], host["taken"], host["slots"]) for host in said["hosts"]] == [
        ("one", "takes work", 0, 2)
    ]
    assert [(line["state"], line["n"]) for line in said["states"]] == [("queued", 1)]
    assert "reason" not in said["hosts"][0]
