"""From the first piece of an archive to a submission that is withdrawn, over HTTP."""

import hashlib
import uuid

import pytest
from rest_framework.serializers import ModelSerializer

from leaderboard.api.standing import SubmissionShape
from leaderboard.models import Submission, Upload
from leaderboard.states import SubmissionState
from tests.site.builders import make_stage, make_submission, make_track, make_upload
from tests.site.pages.stored import publish

pytestmark = pytest.mark.django_db
SUBMISSIONS, UPLOADS = "/api/v1/submissions/", "/api/v1/uploads/"
ARCHIVE = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def storage(tmp_path, settings):
    settings.STORAGE = str(tmp_path)
    settings.UPLOAD_CHUNK_BYTES = 4096
    return tmp_path


@pytest.fixture
def owner(cast, client_of):
    return client_of(cast.owner)


@pytest.fixture
def stranger(cast, client_of):
    return client_of(cast.stranger)


@pytest.fixture
def upload(cast, owner):
    sha256 = hashlib.sha256(ARCHIVE).hexdigest()
    draft = {"team": cast.team.slug, "name": "model.tar", "size_bytes": len(ARCHIVE), "sha256": sha256}
    return owner.post(UPLOADS, draft, format="json").json()


def send(client, upload, offset, piece):
    headers = {"upload-offset": str(offset)}
    return client.generic(
        "PATCH", f"{UPLOADS}{upload['id']}/", piece, content_type="application/octet-stream", headers=headers
    )


def draft_of(cast, **values):
    return {"team": cast.team.slug, "track": make_track().slug, "new_model": "Ours", **values}


def test_an_archive_goes_in_pieces_and_is_complete_with_the_last(owner, upload, storage):
    for offset in range(0, len(ARCHIVE), upload["piece_bytes"]):
        answer = send(owner, upload, offset, ARCHIVE[offset : offset + upload["piece_bytes"]])
        assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "complete"
    assert (storage / "uploads" / upload["id"]).read_bytes() == ARCHIVE


def test_a_client_that_has_lost_count_asks_where_to_go_on(owner, upload):
    send(owner, upload, 0, ARCHIVE[:1000])
    assert owner.head(f"{UPLOADS}{upload['id']}/")["Upload-Offset"] == "1000"
    answer = send(owner, upload, 0, ARCHIVE[:1000])
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_offset")
    assert "1000" in answer.json()["remedy"]


def test_too_long_a_piece_leaves_nothing(owner, upload):
    assert send(owner, upload, 0, ARCHIVE[:5000]).status_code == 413
    assert owner.head(f"{UPLOADS}{upload['id']}/")["Upload-Offset"] == "0"


@pytest.mark.parametrize(("offset", "piece"), [("", b"a"), ("-1", b"a"), ("x", b"a"), ("9" * 30, b"a"), ("0", b"")])
def test_a_piece_without_a_place_or_a_byte_is_refused(owner, upload, offset, piece):
    assert send(owner, upload, offset, piece).status_code == 400


def test_a_body_is_streamed_and_never_held(owner, upload, monkeypatch):
    monkeypatch.setattr("django.http.HttpRequest.body", property(lambda _: pytest.fail("read into memory")))
    assert send(owner, upload, 0, ARCHIVE[:4096]).status_code == 200


def test_a_stranger_can_neither_send_nor_ask_nor_remove(stranger, upload):
    address = f"{UPLOADS}{upload['id']}/"
    answers = [stranger.get(address), send(stranger, upload, 0, b"a"), stranger.delete(address)]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert Upload.objects.get().received_bytes == 0


def test_a_complete_archive_is_submitted(cast, owner):
    upload = make_upload(team=cast.team)
    answer = owner.post(SUBMISSIONS, draft_of(cast, upload=str(upload.pk)), format="json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["state"] == "received"
    assert Submission.objects.get().upload == upload


def test_declared_pretraining_comes_back_as_it_was_sent(cast, owner):
    draft = draft_of(cast, upload=str(make_upload(team=cast.team).pk), pretraining="PubMed")
    for until in ("30.6.2024", "2999-01-01"):
        answer = owner.post(SUBMISSIONS, draft | {"pretrained_until": until}, format="json")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "pretrained_until")
    made = owner.post(SUBMISSIONS, draft | {"pretrained_until": "2024-06-30"}, format="json").json()
    assert (made["pretraining"], made["pretrained_until"]) == ("PubMed", "2024-06-30")
    standing = owner.get(f"{SUBMISSIONS}{made['id']}/").json()
    assert (standing["pretraining"], standing["pretrained_until"]) == ("PubMed", "2024-06-30")


def test_the_same_key_and_body_are_submitted_once(cast, owner):
    draft = draft_of(cast, upload=str(make_upload(team=cast.team).pk))
    key = {"idempotency-key": str(uuid.uuid4())}
    first, second = (owner.post(SUBMISSIONS, draft, format="json", headers=key) for _ in range(2))
    assert first.json() == second.json()
    assert (first.status_code, second.status_code) == (201, 201)
    assert second["Idempotency-Replayed"] == "true"
    assert Submission.objects.count() == 1


def test_the_same_key_for_another_body_is_refused(cast, owner):
    key = {"idempotency-key": "one"}
    draft = draft_of(cast, upload=str(make_upload(team=cast.team).pk))
    owner.post(SUBMISSIONS, draft, format="json", headers=key)
    answer = owner.post(SUBMISSIONS, draft | {"note": "another"}, format="json", headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")


def test_a_submission_is_listed_for_its_team_alone(cast, owner, stranger, django_assert_max_num_queries):
    for _ in range(3):
        make_submission(team=cast.team, state=SubmissionState.RUNNING)
    with django_assert_max_num_queries(3):
        assert owner.get(SUBMISSIONS).json()["count"] == 3
    assert stranger.get(SUBMISSIONS).json()["count"] == 0


@pytest.mark.parametrize("told", ["", "no_output"])
def test_a_line_says_what_its_fields_would_say(told):
    made = make_submission(told=told, settings={"epochs": 3}, pretraining="PubMed", pretrained_until="2024-06-30")
    for submission in (Submission.objects.get(pk=made.pk), publish()):
        field_by_field = ModelSerializer.to_representation(SubmissionShape(), submission)
        assert SubmissionShape(submission).data == field_by_field
        assert list(SubmissionShape(submission).data) == list(field_by_field)


def test_a_team_sees_where_it_stands_with_a_reason_and_a_remedy(cast, owner):
    submission = make_submission(team=cast.team, state=SubmissionState.REJECTED, told="no_output")
    standing = owner.get(f"{SUBMISSIONS}{submission.pk}/").json()
    assert (standing["state"], standing["told"]["fault"]) == ("rejected", "theirs")
    assert "predictions" in standing["told"]["remedy"]
    assert standing["forecast"] is None


def test_one_under_way_has_a_forecast(cast, owner):
    submission = make_submission(team=cast.team, state=SubmissionState.QUEUED)
    assert owner.get(f"{SUBMISSIONS}{submission.pk}/").json()["forecast"]["cost"]["cpu_s"] == 0


def test_logs_are_head_and_tail_of_each_stage(cast, owner):
    stage = make_stage(ending={"outcome": "crashed", "wall_s": 1.0, "log": {"head": "a", "tail": "z"}})
    run = stage.attempt.run
    run.submission.model.team.people.add(cast.owner)
    address = f"{SUBMISSIONS}{run.submission_id}/runs/"
    assert owner.get(address).json()[0]["stages"][0]["outcome"] == "crashed"
    logs = owner.get(f"{address}{run.pk}/logs/").json()
    assert [(log["head"], log["tail"]) for log in logs] == [("a", "z")]
    assert owner.get(f"{address}{run.pk + 1}/logs/").status_code == 404


def test_scores_are_for_everybody_once_published(anybody):
    submission = publish()
    card = anybody.get(f"{SUBMISSIONS}{submission.pk}/scores/").json()["card"]
    assert card["targets"] == ["alpha", "beta"]
    assert "files" not in card


def test_scores_are_gone_for_others_once_withdrawn(cast, anybody, owner):
    submission = publish(team=cast.team)
    assert owner.post(f"{SUBMISSIONS}{submission.pk}/withdraw/").json()["state"] == "withdrawn"
    assert anybody.get(f"{SUBMISSIONS}{submission.pk}/scores/").status_code == 404
    assert anybody.get(f"/api/v1/models/{submission.model.slug}/").status_code == 404


def test_a_matrix_that_there_is_not_is_not_found(anybody):
    address = f"{SUBMISSIONS}{publish().pk}/matrices/"
    assert anybody.get(address, {"metric": "magic"}).status_code == 404
    assert anybody.get(address, {"arm": "k-9"}).status_code == 404
    assert anybody.get(address, {"metrik": "r2"}).status_code == 400


def test_deleting_is_for_an_owner(cast, owner, client_of):
    submission = make_submission(team=cast.team, state=SubmissionState.FAILED)
    address = f"{SUBMISSIONS}{submission.pk}/"
    assert client_of(cast.teammate).delete(address).status_code == 403
    assert owner.delete(address).status_code == 204
    assert owner.get(address).status_code == 404
