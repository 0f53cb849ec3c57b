"""The board of sealed targets: released values alone."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from evaluator.sealing import keys
from evaluator.sealing.certificates import sign
from leaderboard.models import Certificate, SealedScore, SealedStudy, Submission
from leaderboard.states import StudyState, SubmissionState
from tests.site.builders import make_evaluation, make_model, make_person, make_track
from tests.site.pages.markup import faults
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return store_board(track=make_track()).track


@pytest.fixture
def ask(client, track):
    def asked(**query):
        return client.get(reverse("board", args=[track.slug]), {"data": "sealed"} | query)

    return asked


def make_study(track, *, state=StudyState.LIVE, name="Hidden screen"):
    return SealedStudy.objects.create(
        study_id=f"{SealedStudy.objects.count():064x}",
        name=name,
        version="1",
        track=track,
        state=state,
        commitment="c" * 64,
        key_id="d" * 64,
        uploaded_by=make_person(curator=True),
    )


def release(study, name, *, first=1, sources=None, **values):
    sent = publish(model=make_model(name=name), track=study.track)
    interval = {"estimate": 0.31, "low": 0.2, "high": 0.42, "too_narrow": False}
    rank = {"first": first, "last": first + 1, "of": 2, "tie_group": 1}
    found = {"metric": "r2", "rank": rank, "sources": {"alpha": interval} if sources is None else sources}
    usual = {"released": found, "shown_from": timezone.now() - timedelta(hours=1), "is_standing": True}
    return SealedScore.objects.create(
        evaluation=make_evaluation(submission=sent, study=study), study=study, **usual | values
    )


def certify(score):
    made = sign({"certifies": "it"}, keys.new(keys.Kind.SIGNING))
    return Certificate.objects.create(
        evaluation=score.evaluation, content=made.content, signature=made.signature, public_key=made.key.text
    )


def models(page):
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)</a>', page)


def test_without_a_live_study_the_page_says_so_in_a_sentence(ask):
    page = ask().text
    assert "No sealed study is live on this track now." in page
    assert faults(page) == []


def test_a_draft_and_one_that_is_only_sealed_are_not_named(ask, track):
    for state in (StudyState.DRAFT, StudyState.SEALED):
        release(make_study(track, state=state, name=f"Too early {state}"), f"Model {state}")
    assert "Too early" not in ask().text


def test_released_values_stand_by_rank_with_their_marks(ask, track):
    study = make_study(track)
    release(study, "Second", first=2)
    release(study, "First", first=1, is_prospective=True, is_blind=True)
    page = ask().text
    assert models(page) == ["First", "Second"]
    assert "0.310" in page
    assert "0.200 to 0.420" in page
    assert "From alpha" in page
    assert page.count(">prospective</span>") == 1
    assert page.count(">neither</span>") == 1
    assert faults(page) == []


@pytest.mark.parametrize(("marks", "left"), [("prospective", ["Both", "Early"]), ("blind", ["Both"])])
def test_marks_leave_rows_out_and_change_no_rank(ask, track, marks, left):
    study = make_study(track)
    release(study, "Plain", first=1)
    release(study, "Both", first=2, is_prospective=True, is_blind=True)
    release(study, "Early", first=3, is_prospective=True)
    page = ask(marks=marks).text
    assert models(page) == left
    assert "<b>2–3</b>" in page
    assert f"{len(left)} of 3 shown" in page


def test_before_its_time_of_release_nobody_sees_a_score(ask, track):
    release(make_study(track), "Early", shown_from=timezone.now() + timedelta(hours=1))
    page = ask().text
    assert "Early" not in page
    assert "No score has been released yet" in page


def test_of_a_study_with_ranks_alone_no_number_is_shown(ask, track):
    release(make_study(track), "Ranked", sources={})
    page = ask().text
    assert "Ranks alone" in page
    assert "0.310" not in page


def test_what_the_ladder_passed_over_says_why_it_has_no_number(ask, track):
    why = "not better than the team's best by more than noise"
    release(make_study(track), "Passed over", released={"metric": "r2", "ladder": why})
    page = ask().text.replace("&#x27;", "'")
    assert why in page
    assert "<b>" not in page.split("<tbody>")[1].split("</tbody>")[0]


@pytest.mark.parametrize("state", [StudyState.LIVE, StudyState.FROZEN, StudyState.RELEASED])
def test_a_score_that_has_a_certificate_leads_to_it_and_no_other_does(client, ask, track, state):
    study = make_study(track, state=state)
    signed, _ = release(study, "Signed"), release(study, "Unsigned")
    before = ask()
    assert ">certificate" not in before.text
    made = certify(signed)
    after = ask()
    assert after["ETag"] != before["ETag"]
    links = re.findall(r'<a href="([^"]+)">certificate<', after.text)
    assert [client.get(link).json()["signature"] for link in links] == [made.signature]
    assert faults(after.text) == []


def test_a_withdrawn_model_is_gone_and_a_superseded_score_is_marked(ask, track):
    study = make_study(track)
    gone = release(study, "Gone")
    release(study, "Old", is_superseded=True)
    Submission.objects.filter(pk=gone.evaluation.submission_id).update(state=SubmissionState.WITHDRAWN)
    page = ask().text
    assert models(page) == ["Old"]
    assert "superseded" in page


def test_a_live_study_comes_first_and_another_can_be_chosen(ask, track):
    release(make_study(track, name="Living"), "New")
    release(make_study(track, name="Over", state=StudyState.FROZEN), "Older")
    assert models(ask().text) == ["New"]
    assert models(ask(target="Over 1").text) == ["Older"]


def test_names_are_text(ask, track):
    release(make_study(track, name="<b>Study</b>"), "<i>Model</i>")
    page = ask().text
    assert "<b>Study" not in page
    assert "<i>Model" not in page


def test_the_page_takes_few_queries_and_is_not_sent_again(client, ask, track, django_assert_max_num_queries):
    study = make_study(track)
    scores = [release(study, f"Model {i}") for i in range(5)]
    for score in scores:
        certify(score)
    with django_assert_max_num_queries(5):
        tag = ask()["ETag"]
    address = reverse("board", args=[track.slug])
    assert client.get(address, {"data": "sealed"}, headers={"If-None-Match": tag}).status_code == 304
    SealedScore.objects.filter(pk=scores[0].pk).update(is_blind=True)
    assert client.get(address, {"data": "sealed"}, headers={"If-None-Match": tag}).status_code == 200
