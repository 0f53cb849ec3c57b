"""How many drafts of sealed studies a curator brings."""

from datetime import timedelta
from io import BytesIO
from itertools import count
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from leaderboard.models import SealedStudy
from leaderboard.sealed import intake
from leaderboard.states import StudyState
from tests.site.builders import make_track
from tests.site.curating.builders import make_study
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def track():
    return make_track()


@pytest.fixture(autouse=True)
def read(monkeypatch, settings):
    """Whatever is sent is another well-sealed study."""
    numbers = count(1)

    def read(tar, _folder, _track):
        facts = SimpleNamespace(name="hush", version=tar.read_text(), commitment="c" * 64, key_id="k" * 64, plain=dict)
        return SimpleNamespace(study_id=f"f{next(numbers):063x}", facts=facts)

    settings.DRAFTS_PER_CURATOR = 2
    monkeypatch.setattr(intake, "_read", read)
    monkeypatch.setattr(intake, "_demand_known_key", lambda _bundle: None)
    monkeypatch.setattr(intake, "_keep", lambda _bundle, _tar: None)


def send(person, track, version):
    return intake.take(person, track.slug, BytesIO(version.encode()))


def test_a_curator_with_as_many_drafts_as_the_setting_allows_is_told_which_and_what_helps(ann, track):
    send(ann, track, "v1")
    send(ann, track, "v2")
    unread = BytesIO(b"v3")
    refused = refusal(intake.take, ann, track.slug, unread)
    assert (refused.code, refused.status, unread.tell()) == ("too_many_drafts", 409, 0)
    assert "hush v1, hush v2" in str(refused)
    assert "sealed first" in refused.remedy


def test_others_drafts_and_what_was_sealed_do_not_count(ann, ben, track):
    for state in (StudyState.SEALED, StudyState.LIVE):
        make_study(state=state, track=track, uploaded_by=ann)
    for version in ("v1", "v2"):
        make_study(track=track, uploaded_by=ben)
        send(ann, track, version)
    assert refusal(send, ann, track, "v3").code == "too_many_drafts"


def test_a_draft_of_long_ago_counts_no_more(ann, track):
    first = send(ann, track, "v1")
    send(ann, track, "v2")
    SealedStudy.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert send(ann, track, "v3").state == StudyState.DRAFT


@pytest.mark.django_db(transaction=True)
def test_of_two_that_come_at_once_one_is_refused(ann, track):
    send(ann, track, "v1")
    found = at_once(lambda: send(ann, track, "v2"), lambda: send(ann, track, "v3"))
    assert found.count("too_many_drafts") == 1
    assert SealedStudy.objects.filter(uploaded_by=ann).count() == 2


def test_the_page_says_so_beside_the_file(client, ann, track):
    for _ in range(2):
        make_study(track=track, uploaded_by=ann)
    client.force_login(ann)
    page = client.post(reverse("curating"), {"track": track.slug, "file": BytesIO(b"v3")}).text
    assert "You brought 2 drafts" in page
    assert "Have one of them sealed first" in page
