"""What changed, as Atom."""

import xml.etree.ElementTree as Xml

import pytest
from django.urls import reverse
from django.utils import timezone

from leaderboard.models import Submission
from leaderboard.states import SubmissionState
from tests.site.builders import make_model, make_release, make_submission, make_team, make_track
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def entries(answer):
    return [entry.find(f"{ATOM}title").text for entry in Xml.fromstring(answer.content).iter(f"{ATOM}entry")]


def withdraw(sent):
    Submission.objects.filter(pk=sent.pk).update(state=SubmissionState.WITHDRAWN, state_since=timezone.now())


def test_the_feed_tells_who_came_and_went_newest_first(client):
    release = make_release(name="CSA")
    track = make_track(title="Main", release=release)
    first = publish(model=make_model(name="First"), track=track)
    publish(model=make_model(name="Second"), track=track)
    withdraw(first)
    assert entries(client.get(reverse("feed"))) == [
        "First v1: withdrawn on Main",
        "Second v1: published on Main",
        "First v1: published on Main",
        f"Release {release}",
    ]


def test_the_feed_of_a_track_is_of_that_track_alone(client):
    ours, other = make_track(title="Ours"), make_track(title="Other")
    publish(model=make_model(name="Mine"), track=ours)
    publish(model=make_model(name="Theirs"), track=other)
    answer = client.get(reverse("board_feed", args=[ours.slug]))
    assert entries(answer) == ["Mine v1: published on Ours", f"Release {ours.release}"]


def test_what_is_not_published_is_in_no_feed(client):
    for state in (SubmissionState.RUNNING, SubmissionState.WITHDRAWN, SubmissionState.FAILED):
        make_submission(state=state, model=make_model(name="Hidden", slug=f"hidden-{state}"))
    assert "Hidden" not in client.get(reverse("feed")).text


def test_names_are_text_whatever_is_in_them(client):
    team = make_team(name="<b>Team</b>")
    publish(model=make_model(name="<script>x</script>&\x0b", team=team, slug="hostile"), track=make_track(title="T"))
    answer = client.get(reverse("feed"))
    assert "<script>x</script>&\N{REPLACEMENT CHARACTER} v1: published on T" in entries(answer)
    summary = next(Xml.fromstring(answer.content).iter(f"{ATOM}summary"))
    assert "&lt;b&gt;Team&lt;/b&gt;" in summary.text  # HTML in XML: escaped twice


def test_a_feed_is_not_sent_again_and_takes_three_queries(client, django_assert_num_queries):
    for _ in range(3):
        publish()
    address = reverse("feed")
    with django_assert_num_queries(3):
        tag = client.get(address)["ETag"]
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


def test_pages_name_their_feed(client):
    board = store_board()
    page = client.get(reverse("board", args=[board.track.slug])).text
    assert f'type="application/atom+xml" title="Changes of {board.track.title}"' in page
    assert f'href="{reverse("feed")}"' in client.get(reverse("home")).text


def test_a_track_that_there_is_not_has_no_feed(client):
    assert client.get(reverse("board_feed", args=["nothing"])).status_code == 404
