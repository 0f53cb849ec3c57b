"""The rooms that everybody reads: what is withdrawn, what is asked for to break a page, and what a few letters cost."""

import pytest
from django.utils import timezone

from leaderboard.models import Certificate, Scorecard, Submission
from leaderboard.pages.model_card import markdown
from leaderboard.states import SubmissionState
from tests.site.pages.cards import a_summary, an_interval
from tests.site.pages.stored import publish

pytestmark = pytest.mark.django_db


@pytest.fixture
def withdrawn():
    """Version 2 of a model, with a score and a certificate; version 1 stands."""
    first = publish()
    summary = a_summary()
    summary["intervals"]["primary/"] = an_interval(0.377)
    second = publish(summary=summary, model=first.model, track=first.track, published_at=timezone.now())
    evaluation = Scorecard.objects.get(evaluation__submission=second).evaluation
    Certificate.objects.create(evaluation=evaluation, content="{}", signature="", public_key="")
    Submission.objects.filter(pk=second.pk).update(state=SubmissionState.WITHDRAWN)
    second.refresh_from_db()
    return second


def test_what_is_withdrawn_shows_its_score_at_none_of_its_addresses(client, withdrawn):
    model, track = withdrawn.model.slug, withdrawn.track.slug
    one = f"models/{model}/v{withdrawn.version}/"
    names = ("cite.bib", "certificate.json", "drugs/", "mechanisms/", "entries/")
    addresses = [one, *(f"{one}{name}" for name in names)]
    addresses += [f"api/v1/{one}", f"api/v1/{one}scorecard/", f"api/v1/{one}drugs/", f"api/v1/{one}seeds/"]
    addresses += [f"api/v1/submissions/{withdrawn.pk}/scores/", f"api/v1/submissions/{withdrawn.pk}/matrices/"]
    addresses += [f"compare/?track={track}&models={model},{model}@{withdrawn.version}"]
    addresses += [f"api/v1/compare/?track={track}&models={model},{model}@{withdrawn.version}"]
    for address in addresses:
        answer = client.get(f"/{address}")
        assert answer.status_code in (404, 410), address
        assert "0.377" not in answer.text
    for address in (f"models/{model}/", f"models/{model}/badge.svg?of=score", "feed.atom", f"api/v1/models/{model}/"):
        answer = client.get(f"/{address}")
        assert (answer.status_code, "0.377" in answer.text) == (200, False), address


@pytest.mark.parametrize(
    "query", ["study=%00", "study=a%00", "number=%00", "number=" + "9" * 5000, "number=-" + "9" * 40]
)
def test_no_query_breaks_a_certificate(client, query):
    entry = publish()
    answer = client.get(f"/models/{entry.model.slug}/v{entry.version}/certificate.json?{query}")
    assert answer.status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "|a" * 500 + "\n" + "|-" * 500 + "\n" + "|b\n" * 900,
        "|a" * 500 + "\n" + "|-" * 500 + "\n" + "b\n" * 1500,
        "> " + "|a" * 500 + "\n> " + "|-" * 500 + "\n" + "> b\n" * 900,
        "[" * 5000,
        "*a_ " * 1250,
        "<" * 5000,
        "- " * 2500,
    ],
    ids=["table", "short rows", "quoted table", "brackets", "emphasis", "angles", "lists"],
)
def test_a_description_makes_no_page_of_megabytes(text):
    assert len(markdown(text)) < 10 * len(text)


def test_a_table_of_the_usual_size_is_one():
    assert markdown("|a|b|\n|-|-|\n" + "|1|2|\n" * 50).count("<tr>") == 51
