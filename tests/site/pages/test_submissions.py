"""A submission's page: what it says, what it costs, who sees it, and taking it back."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluator.agent.messages import StageKind
from evaluator.arms import Arm, ArmKind
from leaderboard.hosting.forecast import Cost, Estimate, Forecast
from leaderboard.models import Submission
from leaderboard.pages import submissions as pages
from leaderboard.states import AttemptState, Purpose, RunState, StageState
from leaderboard.vocabulary import ARMS, VOCABULARY, Reason
from tests.site.builders import (
    make_attempt,
    make_cast,
    make_ending,
    make_host,
    make_person,
    make_run,
    make_spec,
    make_stage,
    make_submission,
    make_track,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def cast(client):
    cast = make_cast()
    client.force_login(cast.owner)
    return cast


def page_of(submission):
    return reverse("submission", args=[submission.pk])


def with_runs(submission, n_runs, host=None):
    host = host or make_host()
    for _ in range(n_runs):
        run = make_run(submission=submission, state=RunState.DONE)
        attempt = make_attempt(run=run, host=host, state=AttemptState.DONE)
        make_stage(attempt=attempt, state=StageState.ENDED, ending=make_ending())
    return submission


def rejected(cast, **ending):
    submission = make_submission(
        team=cast.team, state="rejected", told=Reason.CRASHED, told_detail="train ended with exit code 1"
    )
    run = make_run(submission=submission, purpose=Purpose.SMOKE, state=RunState.FAILED)
    attempt = make_attempt(run=run, state=AttemptState.FAILED)
    stage = make_stage(
        attempt=attempt, state=StageState.ENDED, ending=make_ending(outcome="crashed", exit_code=1) | ending
    )
    return submission, run, stage


def test_an_active_submission_asks_again_every_two_seconds_and_without_scripts_every_ten(client, cast):
    page = client.get(page_of(make_submission(team=cast.team, state="running"))).text
    assert 'hx-trigger="every 2s"' in page
    assert '<noscript><meta http-equiv="refresh" content="10"></noscript>' in page
    assert re.search(r'aria-current="step">running', page)


@pytest.mark.parametrize("state", ["published", "rejected", "failed", "withdrawn"])
def test_one_that_has_ended_asks_no_more(client, cast, state):
    submission = make_submission(team=cast.team, state=state)
    for headers in ({}, HTMX):
        page = client.get(page_of(submission), headers=headers).text
        assert "hx-trigger" not in page
        assert "refresh" not in page


def test_a_poll_that_brings_nothing_new_leaves_the_page_alone(client, cast):
    submission = make_submission(team=cast.team, state="queued")
    part = client.get(page_of(submission), headers=HTMX).text
    again = re.search(r'hx-get="([^"]+)"', part)[1]
    assert client.get(again, headers=HTMX).status_code == 204
    Submission.objects.filter(pk=submission.pk).update(state="running")
    changed = client.get(again, headers=HTMX)
    assert changed.status_code == 200
    assert "<html" not in changed.text


def test_a_poll_after_the_session_has_ended_reloads_the_page(client, cast):
    submission = make_submission(team=cast.team, state="queued")
    client.logout()
    assert client.get(page_of(submission), headers=HTMX)["HX-Refresh"] == "true"


@pytest.mark.parametrize("state", ["queued", "running", "published", "failed"])
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_the_page_and_its_part_take_few_queries_however_many_runs(
    client, cast, state, headers, django_assert_max_num_queries
):
    submission = with_runs(make_submission(team=cast.team, state=state), 20)
    client.get(page_of(submission))  # what forecasts are made of is read every ten seconds, not at every poll
    with django_assert_max_num_queries(8):
        client.get(page_of(submission), headers=headers)


def test_place_and_estimates_are_shown_as_intervals_and_cost_as_cpu_time(client, cast, monkeypatch):
    noon = timezone.now().replace(hour=12, minute=0)
    estimate = Estimate(noon, noon - timedelta(minutes=20), noon + timedelta(minutes=30))
    made = Forecast(2, estimate, None, Cost(90.0, 120.0, 30.0, 3600.0))
    monkeypatch.setattr(pages, "forecast", lambda _: made)
    page = client.get(page_of(make_submission(team=cast.team, state="queued"))).text
    assert "<dt>Place in the queue</dt><dd>2</dd>" in page
    assert "<dt>Expected start</dt><dd>12:00 UTC (from 11:40 UTC to 12:30 UTC)</dd>" in page
    assert "<dt>Expected end</dt><dd>no estimate yet" in page
    assert "1 min 30 s of CPU time, of about 1 h in all; 30 s given back" in page


def test_a_rejected_one_says_why_what_to_do_and_what_the_container_said(client, cast):
    submission, _, _ = rejected(cast, log={"head": "start", "tail": "<script>alert(1)</script>"})
    page = client.get(page_of(submission)).text
    entry = VOCABULARY[Reason.CRASHED]
    assert entry.sentence in page
    assert "Read the end of its log; <code>holdout check</code> shows the same." in page
    assert "train ended with exit code 1" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page
    assert "What the container said" in page


def test_the_stages_of_a_run_are_shown_with_their_outcome_wall_memory_and_logs(client, cast):
    submission = make_submission(team=cast.team, state="running")
    attempt = make_attempt(run=(run := make_run(submission=submission, state=RunState.RUNNING)))
    ending = make_ending(wall_s=75.0) | {"peaks": {"memory_mb": 812.0}, "log": {"head": "epoch 1", "tail": "epoch 9"}}
    make_stage(attempt=attempt, state=StageState.ENDED, ending=ending)
    make_stage(attempt=attempt, kind=StageKind.INFER, phase="running")
    page = " ".join(client.get(reverse("run", args=[submission.pk, run.pk])).text.split())
    assert "finished</span> in 1 min 15 s, 812 MB of memory at most" in page
    assert "epoch 1" in page
    assert "epoch 9" in page
    assert "infer alpha" in page


@pytest.mark.parametrize(
    ("arm", "words"),
    [
        ("real", "true labels"),
        ("intradrug", "permuted labels"),
        ("k-cells:20", "at most 20 cells a drug"),
        ("one-mechanism:EGFR inhibitor", "EGFR inhibitor alone"),
    ],
)
def test_a_run_says_in_words_what_it_was_trained_on(client, cast, arm, words):
    submission = make_submission(team=cast.team, state="running")
    run = make_run(submission=submission, spec=make_spec(arm=Arm.parse(arm)))
    for address in (page_of(submission), reverse("run", args=[submission.pk, run.pk])):
        page = client.get(address).text
        assert (f"alpha, split 0, {words}<" in page, f"split 0, {arm}" in page) == (True, False)
    assert [one["arm"] for one in client.get(reverse("api-runs", args=[submission.pk])).json()] == [arm]


def test_every_arm_has_words():
    assert set(ARMS) == set(ArmKind)


def test_what_was_lost_by_us_is_never_shown_as_a_failure_of_theirs(client, cast):
    submission = make_submission(team=cast.team, state="running")
    run = make_run(submission=submission, state=RunState.QUEUED)
    attempt = make_attempt(run=run, state=AttemptState.GIVEN_UP)
    make_stage(attempt=attempt, state=StageState.ENDED, ending=make_ending(outcome="sandbox_lost"))
    page = client.get(page_of(submission)).text
    assert "started again: 1 lost by us" in page
    assert "failed" not in page
    assert "lost by us" in client.get(reverse("run", args=[submission.pk, run.pk])).text


def test_nobody_else_sees_the_page_its_runs_or_its_ends(client, cast):
    submission, run, _ = rejected(cast)
    paths = [
        page_of(submission),
        reverse("run", args=[submission.pk, run.pk]),
        reverse("withdraw", args=[submission.pk]),
        reverse("delete", args=[submission.pk]),
    ]
    client.force_login(cast.stranger)
    assert [client.get(path).status_code for path in paths] == [404] * 4
    assert [client.post(path).status_code for path in paths[2:]] == [404] * 2
    client.logout()
    assert {client.get(path).status_code for path in paths} == {302}


def test_a_run_of_another_submission_is_not_found_under_this_one(client, cast):
    submission, _, _ = rejected(cast)
    another = make_run()
    assert client.get(reverse("run", args=[submission.pk, another.pk])).status_code == 404


def test_operators_see_every_page(client, cast):
    submission, _, _ = rejected(cast)
    client.force_login(make_person(staff=True))
    assert client.get(page_of(submission)).status_code == 200


def test_withdrawing_is_asked_first_and_done_by_post(client, cast):
    submission = make_submission(team=cast.team, state="queued")
    path = reverse("withdraw", args=[submission.pk])
    assert "Everything of it that runs is stopped." in client.get(path).text
    submission.refresh_from_db()
    assert submission.state == "queued"
    client.post(path)
    submission.refresh_from_db()
    assert submission.state == "withdrawn"


def test_deleting_is_for_owners_and_is_asked_first(client, cast):
    submission, _, _ = rejected(cast)
    path = reverse("delete", args=[submission.pk])
    client.force_login(cast.teammate)
    assert path not in client.get(page_of(submission)).text
    assert client.post(path).status_code == 403
    client.force_login(cast.owner)
    assert "Nobody can bring them back." in client.get(path).text
    client.post(path)
    assert client.get(page_of(submission)).status_code == 404


def test_the_list_shows_those_of_ones_teams_in_few_queries(client, cast, django_assert_max_num_queries):
    track = make_track()
    for _ in range(30):
        make_submission(team=cast.team, track=track, state="running")
    theirs = make_submission()
    with django_assert_max_num_queries(6):
        page = client.get(reverse("submissions")).text
    assert page.count("state-running") == 30
    assert theirs.model.name not in page


def test_somebody_without_a_team_is_led_to_teams(client):
    client.force_login(make_person())
    assert client.get(reverse("submissions")).url == reverse("teams")
