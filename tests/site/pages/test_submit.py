"""The form that sends a model."""

import json
import re
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from leaderboard.models import Submission, Upload
from leaderboard.models.entries import UploadState
from leaderboard.submitting import uploads
from tests.site.builders import DIGEST, make_cast, make_model, make_person, make_submission, make_track, make_upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast(client):
    cast = make_cast()
    client.force_login(cast.owner)
    return cast


@pytest.fixture
def track(settings):
    settings.REGISTRIES = ["registry.example.org"]
    return make_track(title="Tiny", per_day=3)


def typed(cast, track, **values):
    return {
        "team": cast.team.slug,
        "track": track.slug,
        "key": "one",
        "new_model": "Mine",
        "image": DIGEST,
        "contract": "holdout",
        **values,
    }


def test_limits_and_quota_are_shown_before_anything_is_typed(client, cast, track):
    make_submission(team=cast.team, track=track, state="running")
    page = " ".join(client.get(reverse("submit")).text.split())
    assert "<strong>2 of 3</strong> left today" in page
    assert "1 of at most 2 under way" in page
    assert "1 CPU, 4,096 MB of memory, 1 h" in page
    assert "holdout check" in page


def test_a_new_model_is_sent_and_its_page_follows(client, cast, track):
    answer = client.post(
        reverse("submit"),
        typed(cast, track, description="Short.", settings='{"epochs": 2}', train_memory_mb="512", licence="MIT"),
    )
    made = Submission.objects.get()
    assert answer.url == reverse("submission", args=[made.pk])
    assert (made.model.name, made.version, made.image_name, made.person) == ("Mine", 1, DIGEST, cast.owner)
    assert (made.settings, made.resources) == ({"epochs": 2}, {"train": {"memory_mb": 512}})
    assert (made.model.description, made.model.licence) == ("Short.", "MIT")


def test_an_old_model_gets_its_next_version(client, cast, track):
    model = make_model(team=cast.team, name="Known")
    make_submission(model=model, track=track)
    page = client.get(reverse("submit")).text
    assert "Known (this will be version 2)" in page
    client.post(reverse("submit"), typed(cast, track, new_model="", model=model.slug))
    assert model.submissions.get(version=2).track == track


def test_a_version_declares_its_own_pretraining(client, cast, track):
    declared = {"pretraining": "A <b>language model</b>,\r\nPubMed", "pretrained_until": "2024-06-30"}
    client.post(reverse("submit"), typed(cast, track, **declared))
    first = Submission.objects.get()
    assert (first.pretraining, first.pretrained_until) == ("A <b>language model</b>,\nPubMed", date(2024, 6, 30))
    page = client.get(reverse("submission", args=[first.pk])).text
    assert "A &lt;b&gt;language model&lt;/b&gt;,\nPubMed" in page and "data until" in page
    client.post(reverse("submit"), typed(cast, track, new_model="", model=first.model.slug))
    second = first.model.submissions.get(version=2)
    assert (second.pretraining, second.pretrained_until) == ("", None)
    assert "none declared" in client.get(reverse("submission", args=[second.pk])).text


def test_two_presses_of_one_button_are_one_submission(client, cast, track):
    answers = [client.post(reverse("submit"), typed(cast, track)).url for _ in range(2)]
    assert Submission.objects.count() == 1
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"new_model": ""}, "new_model", "Give it a name."),
        ({"image": "mine:latest"}, "image", "This is no image by digest."),
        ({"image": ""}, "image", "Give one image."),
        ({"settings": "[1]"}, "settings", "This is no JSON object"),
        ({"settings": "{"}, "settings", "This is no JSON:"),
        ({"train_memory_mb": "99999999"}, None, "is outside of the track&#x27;s limits"),
        ({"contract": "improve"}, "improve_model", "This is no name of an IMPROVE model."),
        ({"pretrained_until": "2024-06-30"}, "pretraining", "A date of pretraining is given, and no pretraining."),
        ({"pretraining": "PubMed", "pretrained_until": "2999-01-01"}, "pretrained_until", "lies in the future."),
        ({"pretraining": "PubMed", "pretrained_until": "30/06/2024"}, "pretrained_until", "Enter a valid date."),
        ({"code_url": "javascript:alert(1)"}, "code_url", "Enter a valid URL."),
        ({"model": "anothers"}, "model", "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept(client, cast, track, values, field, said):
    answer = client.post(reverse("submit"), typed(cast, track, note="What I typed <b>", **values))
    assert answer.status_code == 400
    assert "What I typed &lt;b&gt;" in answer.text
    assert re.search(r'error-summary"[^>]*autofocus', answer.text)
    if field:
        beside = re.search(rf'<ul class="errorlist" id="id_{field}_error">(.*?)</ul>', answer.text)[1]
        assert said in beside
        assert re.search(rf'aria-describedby="[^"]*id_{field}_error"', answer.text)
    assert said in answer.text
    assert Submission.objects.count() == 0


def test_a_full_quota_is_said_with_the_time_that_it_resets(client, cast, track):
    for _ in range(3):
        make_submission(team=cast.team, track=track, state="published")
    answer = client.post(reverse("submit"), typed(cast, track))
    assert "has sent 3 of 3 submissions" in answer.text
    assert re.search(r"Send it after \d{4}-\d\d-\d\d 00:00 UTC", answer.text)


def test_an_archive_comes_with_the_form(client, cast, track):
    client.post(
        reverse("submit"), typed(cast, track, image="", archive=SimpleUploadedFile("model.tar", b"x" * 100_000))
    )
    made = Submission.objects.get()
    assert (made.image_origin, made.image_name, made.upload.size_bytes) == ("archive", "model.tar", 100_000)
    assert uploads.path_of(made.upload).read_bytes() == b"x" * 100_000


def test_an_archive_that_has_come_is_not_sent_again_when_something_else_is_wrong(client, cast, track):
    answer = client.post(
        reverse("submit"),
        typed(cast, track, image="", new_model="", archive=SimpleUploadedFile("model.tar", b"x" * 100)),
    )
    upload = Upload.objects.get(state=UploadState.COMPLETE)
    assert f'<option value="{upload.pk}" selected>' in answer.text
    client.post(reverse("submit"), typed(cast, track, image="", upload=str(upload.pk)))
    assert Submission.objects.get().upload == upload


def test_an_empty_archive_is_refused_beside_its_field(client, cast, track):
    answer = client.post(reverse("submit"), typed(cast, track, image="", archive=SimpleUploadedFile("model.tar", b"")))
    assert answer.status_code == 400
    assert "id_archive_error" in answer.text


def test_archives_of_other_teams_are_not_offered(client, cast, track):
    make_upload(team=cast.team, name="ours.tar")
    make_upload(name="theirs.tar")
    page = client.get(reverse("submit")).text
    assert "ours.tar" in page
    assert "theirs.tar" not in page


def test_an_archive_that_no_submission_uses_can_be_removed(client, cast, track):
    client.force_login(cast.stranger)
    mine, other = make_upload(team=cast.stranger.teams.get(), name="ours.tar"), make_upload(name="theirs.tar")
    assert reverse("remove_upload", args=[mine.pk]) in client.get(reverse("submit")).text
    client.post(reverse("remove_upload", args=[mine.pk]))
    assert "ours.tar</span>" not in client.get(reverse("submit")).text
    assert client.post(reverse("remove_upload", args=[other.pk])).status_code == 404
    assert set(Upload.objects.values_list("name", "state")) == {("ours.tar", "expired"), ("theirs.tar", "complete")}


def test_a_team_that_is_not_ones_own_is_not_sent_for(client, cast, track):
    theirs = cast.stranger.teams.get()
    assert client.post(reverse("submit"), typed(cast, track, team=theirs.slug)).status_code == 404
    assert not Submission.objects.exists()


def test_somebody_without_a_team_is_led_to_found_one(client, track):
    client.force_login(make_person())
    assert client.get(reverse("submit")).url == reverse("teams")


def test_somebody_who_is_not_signed_in_signs_in_first(client):
    assert client.get(reverse("submit")).url == f"{reverse('account_login')}?next=/submit/"


def test_a_closed_track_is_not_offered(client, cast):
    make_track(is_open=False)
    assert "No track takes submissions now." in client.get(reverse("submit")).text


def test_the_shell_lines_name_this_team_and_this_site(client, cast, track, settings):
    settings.SITE_URL = "https://board.example.org"
    page = client.get(reverse("submit")).text
    assert "api=https://board.example.org/api/v1/uploads/" in page
    assert f'"team": "{cast.team.slug}"' in page
    assert json.dumps(settings.UPLOAD_CHUNK_BYTES) in page
