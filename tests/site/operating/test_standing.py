"""The operators' first page: what is stuck, why, and the button that helps; and what teams have used."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluator.sandbox.stages import Peaks
from leaderboard.models import Host, Refund, Submission, Track
from tests.site import builders
from tests.site.curating.builders import make_sealed_score, make_study
from tests.site.pages.markup import faults

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def staff(client):
    person = builders.make_person(staff=True)
    client.force_login(person)
    return person


@pytest.fixture
def trouble():
    """One of everything that may be stuck."""
    entry = builders.make_submission(state="waiting", told="host_trouble")
    Submission.objects.filter(pk=entry.pk).update(state_since=timezone.now() - timedelta(days=3))
    run = builders.make_run(submission=entry, state="parked", failures_of_ours=2)
    silent = builders.make_host(name="quiet-host", reported_at=timezone.now() - timedelta(hours=1))
    for reason in ("its disk is full", "the container vanished"):
        builders.make_attempt(run=run, host=silent, state="given up", reason=reason, ended_at=timezone.now())
    builders.make_host(name="broken-host", unfit="the sandbox's self test failed")
    builders.make_host(name="busy-host", is_draining=True)
    builders.make_evaluation(submission=builders.make_submission(state="scoring"))
    upload = builders.make_upload(state="open")
    type(upload).objects.filter(pk=upload.pk).update(touched_at=timezone.now() - timedelta(hours=5))
    return run


def test_all_that_is_stuck_is_named_with_why(client, trouble):
    html = client.get(reverse("admin:index")).text
    for said in (
        "Our machines failed three times",
        "its disk is full",
        "the container vanished",
        "quiet-host",
        "silent",
        "self test failed",
        "draining",
        "its first scores",
        "model.tar",
        'class="late"',
    ):
        assert said in html


def test_nothing_stuck_is_said_too(client):
    html = client.get(reverse("admin:index")).text
    assert "None waits." in html
    assert 'class="late"' not in html


def test_the_button_beside_a_row_does_what_it_says_and_leads_back(client, trouble):
    sent = {"from": "standing", "action": "release", "_selected_action": str(trouble.pk)}
    answer = client.post(reverse("admin:leaderboard_run_changelist"), sent)
    trouble.refresh_from_db()
    assert (answer["Location"], trouble.state) == (reverse("admin:index"), "queued")


def test_what_does_not_wait_is_not_said_to_go_on(client):
    entry = builders.make_submission(state="published")
    sent = {"action": "release", "_selected_action": str(entry.pk)}
    told = client.post(reverse("admin:leaderboard_submission_changelist"), sent, follow=True).text
    assert "It does not wait for us." in told


def test_a_reason_that_is_asked_for_has_to_be_given(client):
    evaluation = builders.make_evaluation()
    sent = {"action": "ask to rescore", "_selected_action": str(evaluation.pk), "confirmed": "yes", "why": " "}
    answer = client.post(reverse("admin:leaderboard_evaluation_changelist"), sent)
    assert (answer.status_code, 'name="why"' in answer.text) == (200, True)


def test_scores_on_a_sealed_study_are_not_offered_to_be_computed_again(client):
    on_open, study = builders.make_evaluation(), make_study(state="live")
    on_sealed = make_sealed_score(study).evaluation
    offer, rows = "Compute its scores again", reverse("admin:leaderboard_evaluation_changelist")
    for evaluation, is_offered in ((on_open, True), (on_sealed, False)):
        page = client.get(reverse("admin:leaderboard_evaluation_change", args=[evaluation.pk])).text
        assert (offer in page) is is_offered
    assert offer in client.get(rows).text
    assert offer not in client.get(rows, {"study__exact": study.pk}).text


def test_a_host_is_drained_and_put_back(client):
    host = builders.make_host()
    for action, is_draining in (("drain", True), ("undrain", False)):
        client.post(reverse("admin:leaderboard_host_changelist"), {"action": action, "_selected_action": str(host.pk)})
        assert Host.objects.get(pk=host.pk).is_draining is is_draining


def test_a_track_is_paused_and_opened(client):
    track = builders.make_track()
    for action, is_open in (("pause", False), ("open", True)):
        client.post(
            reverse("admin:leaderboard_track_changelist"), {"action": action, "_selected_action": str(track.pk)}
        )
        assert Track.objects.get(pk=track.pk).is_open is is_open


def test_pages_of_the_operators_keep_to_the_policy(client, trouble):
    run = trouble
    asked = {"action": "empty", "_selected_action": str(Host.objects.get(name="busy-host").pk)}
    pages = [
        client.get(reverse("admin:index")),
        client.get(reverse("admin:cost")),
        client.get(reverse("admin:leaderboard_run_changelist")),
        client.get(reverse("admin:leaderboard_submission_changelist")),
        client.get(reverse("admin:leaderboard_act_changelist")),
        client.get(reverse("admin:leaderboard_run_change", args=[run.pk])),
        client.post(reverse("admin:leaderboard_host_changelist"), asked),
    ]
    for answer in pages:
        assert answer.status_code == 200
        assert [fault for fault in faults(answer.text) if "inline" in fault or "style" in fault] == []
        assert "unsafe" not in answer["Content-Security-Policy"]


def test_the_first_page_takes_as_many_queries_for_many_rows_as_for_a_few(client, django_assert_max_num_queries):
    for number in range(30):
        entry = builders.make_submission(state="waiting")
        run = builders.make_run(submission=entry, state="parked", failures_of_ours=1)
        builders.make_attempt(run=run, state="given up", reason=f"reason {number}", ended_at=timezone.now())
    with django_assert_max_num_queries(16):
        client.get(reverse("admin:index"))


@pytest.fixture
def used():
    stage = builders.make_stage(
        state="ended",
        ended_at=timezone.now(),
        ending=builders.make_ending(wall_s=9000, peaks=Peaks(cpu_s=7200.0, gpu_s=3600.0)),
    )
    Refund.objects.create(attempt=stage.attempt, cpu_s=1800.0)
    type(stage.attempt).objects.update(ended_at=timezone.now())
    return stage.attempt.run.team


def test_cost_is_by_team_track_and_month_with_refunds_beside_it(client, used):
    html = client.get(reverse("admin:cost")).text
    for cell in (used.name, "2.00", "1.00", "0.50", "1.50"):
        assert f">{cell}</td>" in html


def test_cost_as_a_file_is_no_formula_for_a_spreadsheet(client, used):
    type(used).objects.update(name="=HYPERLINK(1)")
    lines = client.get(reverse("admin:cost_csv")).text.splitlines()
    assert lines[0].startswith("month,team,track,submissions,cpu_h")
    month = f"{timezone.now():%Y-%m}"
    assert lines[1].startswith(f"{month},'=HYPERLINK(1),")
    assert lines[1].endswith(",1,2.0000,1.0000,0.5000,1.5000")
