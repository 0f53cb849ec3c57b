"""Badges: rank or score of a model as SVG, for other people's pages."""

import xml.etree.ElementTree as Xml

import pytest
from django.urls import reverse

from leaderboard.models import Submission
from leaderboard.states import SubmissionState
from tests.site.builders import make_model, make_submission, make_track
from tests.site.pages.cards import UNDEFINED, a_row, an_interval
from tests.site.pages.stored import publish, store_board

pytestmark = pytest.mark.django_db
SVG = "{http://www.w3.org/2000/svg}"


def published(name="Mine", *, track=None, **values):
    track = track or make_track(title="Main track")
    sent = publish(model=make_model(name=name), track=track)
    store_board(a_row(name, slug=sent.model.slug, **values), track=track)
    return sent


def badge(client, sent, **query):
    return client.get(reverse("badge", args=[sent.model.slug]), query)


def said(answer):
    drawn = Xml.fromstring(answer.content)
    return drawn.find(f"{SVG}title").text, [text.text for text in drawn.iter(f"{SVG}text")]


@pytest.mark.parametrize(
    ("of", "title", "text"),
    [
        ("rank", "Mine on Main track: rank 2–4", ["Holdout rank", "2–4"]),
        ("score", "Mine on Main track: skill over mean effects −0.123", ["Holdout skill", "−0.123"]),
    ],
)
def test_a_badge_says_rank_or_score_to_eyes_and_to_screen_readers(client, of, title, text):
    answer = badge(client, published(rank=[2, 4], score=an_interval(-0.1234)), of=of)
    assert answer["Content-Type"] == "image/svg+xml"
    assert said(answer) == (title, text)


@pytest.mark.parametrize(("of", "title"), [("rank", "not ranked"), ("score", "its score is undefined")])
def test_what_is_undefined_is_n_a(client, of, title):
    sent = published(rank=None, tie_group=None, score=an_interval(UNDEFINED))
    assert said(badge(client, sent, of=of)) == (
        f"Mine on Main track: {title}",
        [f"Holdout {of if of == 'rank' else 'skill'}", "n/a"],
    )


def test_a_model_whose_board_is_not_made_yet_has_none(client):
    sent = publish(model=make_model(name="New"), track=make_track(title="Main track"))
    assert said(badge(client, sent))[1][1] == "n/a"


def test_a_withdrawn_model_says_so(client):
    sent = published()
    Submission.objects.filter(pk=sent.pk).update(state=SubmissionState.WITHDRAWN)
    title, texts = said(badge(client, sent))
    assert (title, texts[1]) == ("Mine on Main track: withdrawn by its team", "withdrawn")


def test_what_was_never_published_has_no_badge(client):
    running = make_submission(state=SubmissionState.RUNNING)
    assert badge(client, running).status_code == 404
    assert badge(client, published(), track="elsewhere").status_code == 404


def test_of_two_tracks_the_asked_one_is_said(client):
    sent = published(rank=[1, 1])
    other = make_track(title="Other track")
    second = publish(model=sent.model, track=other)
    store_board(a_row("Mine", slug=sent.model.slug, version=second.version, rank=[7, 9]), track=other)
    assert said(badge(client, sent, track=sent.track.slug))[0] == "Mine on Main track: rank 1"
    assert said(badge(client, sent))[0] == "Mine on Other track: rank 7–9"


def test_hostile_names_are_text(client):
    name = '"><script>alert(1)</script>&'
    sent = publish(model=make_model(name=name, slug="hostile"), track=make_track(title="]]><b>"))
    answer = badge(client, sent)
    assert b"<script" not in answer.content
    assert said(answer)[0] == f"{name} on ]]><b>: not ranked"


def test_a_badge_may_be_kept_and_is_not_sent_again(client, django_assert_num_queries):
    sent = published()
    first = badge(client, sent)
    assert first["Cache-Control"] == "public, max-age=300"
    with django_assert_num_queries(2):
        again = client.get(reverse("badge", args=[sent.model.slug]), headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again["ETag"]) == (304, first["ETag"])


def test_the_dark_one_is_another(client):
    sent = published()
    assert badge(client, sent, theme="dark").content != badge(client, sent).content


@pytest.mark.parametrize("query", [{"of": "price"}, {"theme": "<b>"}, {"of": "\0"}, {"theme": "x" * 5000}])
def test_a_badge_that_there_is_not_is_refused_in_one_sentence(client, query):
    answer = badge(client, published(), **query)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert len(answer.text) < 200
