"""Submitting, withdrawing, deleting: what is taken, what is refused in plain words, what stays."""

import math
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as site
from django.utils import timezone

from leaderboard.models import Model, Run, Submission, Upload
from leaderboard.submitting import drafts, submissions, uploads
from leaderboard.submitting.drafts import Draft
from tests.site import builders
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once


@pytest.fixture
def track(db):
    return builders.make_track()


@pytest.fixture
def stopped(monkeypatch):
    """What `hosting` was told to stop."""
    from leaderboard.hosting import work

    told = []
    monkeypatch.setattr(work, "stop", told.append)
    return told


@pytest.fixture
def recomputed(monkeypatch):
    from leaderboard.publishing import boards

    told = []
    monkeypatch.setattr(boards, "recompute", told.append)
    return told


@pytest.fixture
def draft(cast, track):
    return Draft(team=cast.team.slug, track=track.slug, new_model="Two arms", image=builders.DIGEST)


def refused(cast, draft, **changes):
    before = (Submission.objects.count(), Model.objects.count())
    answer = refusal(submissions.submit, cast.owner, replace(draft, **changes))
    assert (Submission.objects.count(), Model.objects.count()) == before
    return answer


def test_a_first_submission_makes_the_model(cast, draft):
    made = submissions.submit(cast.owner, replace(draft, description="two towers", code_url="https://example.org/code"))
    assert (made.state, made.version, made.person, made.image_name) == ("received", 1, cast.owner, builders.DIGEST)
    assert (made.model.slug, made.model.name, made.model.team) == ("two-arms", "Two arms", cast.team)
    assert (made.model.description, made.model.kind) == ("two towers", "participant")


def test_the_next_version_is_a_teammates_too_and_empty_texts_change_nothing(cast, draft):
    submissions.submit(cast.owner, replace(draft, description="two towers"))
    again = replace(draft, new_model="", model="two-arms", licence="MIT")
    made = submissions.submit(cast.teammate, again)
    made.model.refresh_from_db()
    assert (made.version, made.model.description, made.model.licence) == (2, "two towers", "MIT")


def test_the_site_is_woken_when_a_submission_is_there(cast, draft, monkeypatch, django_capture_on_commit_callbacks):
    sent = []
    monkeypatch.setattr(submissions.current_app, "send_task", lambda name, **_: sent.append(name))
    with django_capture_on_commit_callbacks(execute=True):
        submissions.submit(cast.owner, draft)
        assert sent == []
    assert sent == ["leaderboard.tick"]


def test_a_broker_that_is_away_loses_no_submission(cast, draft, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        made = submissions.submit(cast.owner, draft)
    assert Submission.objects.filter(pk=made.pk).exists()


def test_a_stranger_finds_no_such_team(cast, draft):
    answer = refusal(submissions.submit, cast.stranger, draft)
    assert (answer.code, answer.status, answer.field) == ("not_found", 404, "team")


@pytest.mark.parametrize("slug", ["nothing", "a\0b", "", "\ud800", "x" * 10_000])
@pytest.mark.parametrize("field", ["team", "track"])
def test_what_does_not_exist_is_not_found(cast, draft, field, slug):
    assert refused(cast, draft, **{field: slug}).status == 404


def test_another_teams_model_is_not_found(cast, draft):
    builders.make_model(name="Theirs")
    assert refused(cast, draft, new_model="", model="theirs").status == 404


def test_a_closed_track_takes_nothing(cast, draft, track):
    track.is_open = False
    track.save()
    assert refused(cast, draft).code == "track_closed"


@pytest.mark.parametrize(("model", "new_model"), [("", ""), ("two-arms", "Two arms")])
def test_a_model_is_an_old_one_or_a_new_one(cast, draft, model, new_model):
    assert refused(cast, draft, model=model, new_model=new_model).code == "which_model"


def test_a_model_of_the_same_name_in_the_team_is_refused(cast, draft):
    submissions.submit(cast.owner, draft)
    assert refused(cast, draft, new_model="TWO  ARMS").code == "name_taken"


def test_two_teams_may_name_a_model_alike_and_get_two_addresses(cast, draft):
    builders.make_model(name="Two arms")
    assert submissions.submit(cast.owner, draft).model.slug == "two-arms-2"


@pytest.mark.parametrize(
    "name",
    ["x" * 101, "a\0b", "Gr\u0430phDRP", "Uno\u200b2", "\u202eonU", "a\nb", "\ud800", "<b>x</b>", "🧬", "...", "Ωmega"],
)
def test_a_name_that_could_deceive_is_refused(cast, draft, name):
    assert refused(cast, draft, new_model=name).field == "new_model"


def test_a_name_keeps_its_accents_and_its_address_has_none(cast, draft):
    made = submissions.submit(cast.owner, replace(draft, new_model="Réseau à deux  bras"))
    assert (made.model.name, made.model.slug) == ("Réseau à deux bras", "reseau-a-deux-bras")


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:text/html,x", "ftp://example.org", "//example.org", "example.org", "http://",
        "https://example.org@evil.example", "https://example.org/\0", "https://example.org/\nx", "http://[::1",
        "https://example.org/" + "x" * 200, "JaVaScRiPt:alert(1)", "https://exa mple.org",
    ],
)  # fmt: skip
def test_a_code_link_is_a_web_address(cast, draft, url):
    assert refused(cast, draft, code_url=url).field == "code_url"


@pytest.mark.parametrize("field", ["note", "pretraining", "description", "citation", "licence"])
@pytest.mark.parametrize("text", ["a\0b", "\x1b[31m", "x" * 5001, "\u202e", "\udc80"])
def test_a_text_that_cannot_be_shown_is_refused(cast, draft, field, text):
    assert refused(cast, draft, **{field: text}).field == field


def test_a_note_keeps_its_lines(cast, draft):
    assert submissions.submit(cast.owner, replace(draft, note=" one\r\ntwo ")).note == "one\ntwo"


def test_pretraining_is_a_text_with_the_newest_date_of_its_data_or_without(cast, draft):
    today = timezone.now().date()
    assert refused(cast, draft, pretraining=" \n", pretrained_until=today).code == "no_pretraining"
    declared = replace(draft, pretraining=" PubMed\r\nand ChEMBL ")
    late = refused(cast, declared, pretrained_until=today + timedelta(days=2))
    assert (late.code, late.field) == ("bad_date", "pretrained_until")
    made = submissions.submit(cast.owner, declared)
    assert (made.pretraining, made.pretrained_until) == ("PubMed\nand ChEMBL", None)
    dated = replace(declared, new_model="", model=made.model.slug, pretrained_until=today)
    assert submissions.submit(cast.owner, dated).pretrained_until == today


@pytest.mark.parametrize(
    ("image", "code"),
    [
        ("registry.example.org/team/model:latest", "bad_digest"),
        ("registry.example.org/team/model@sha256:" + "AB" * 32, "bad_digest"),
        ("registry.example.org/team/model@sha256:" + "ab" * 31, "bad_digest"),
        ("registry.example.org/../model@sha256:" + "ab" * 32, "bad_digest"),
        (builders.DIGEST + "\n", "bad_digest"),
        ("a\0b", "bad_digest"),
        ("docker.io/team/model@sha256:" + "ab" * 32, "registry_not_allowed"),
        ("registry.example.org:80/team/model@sha256:" + "ab" * 32, "registry_not_allowed"),
        ("registry.example.org.evil.example/m@sha256:" + "ab" * 32, "registry_not_allowed"),
        ("registry.example.org/" + "a" * 500 + "@sha256:" + "ab" * 32, "registry_not_allowed"),
    ],
)
def test_an_image_is_one_by_digest_at_a_registry_that_is_allowed(cast, draft, image, code):
    answer = refused(cast, draft, image=image)
    assert (answer.code, answer.field) == (code, "image")


def test_an_image_is_given_in_one_way(cast, draft):
    assert refused(cast, draft, image="").code == "which_image"
    assert refused(cast, draft, reference="drug_mean").code == "which_image"


def test_a_complete_archive_is_submitted_once(cast, draft):
    upload = builders.make_upload(team=cast.team)
    made = submissions.submit(cast.owner, replace(draft, image="", upload=upload.id))
    assert (made.image_origin, made.upload, made.image_name) == ("archive", upload, "model.tar")
    again = refused(cast, draft, new_model="", model="two-arms", image="", upload=upload.id)
    assert (again.code, again.field) == ("upload_used", "upload")


@pytest.mark.parametrize("state", ["open", "expired"])
def test_an_archive_that_is_not_all_there_is_refused(cast, draft, state):
    upload = builders.make_upload(team=cast.team, state=state)
    assert refused(cast, draft, image="", upload=upload.id).code == "not_complete"


def test_another_teams_archive_is_not_found(cast, draft):
    upload = builders.make_upload()
    assert refused(cast, draft, image="", upload=upload.id).status == 404


@pytest.mark.parametrize("upload", ["x", "a\0b", "1" * 5000])
def test_what_is_no_id_of_an_upload_is_not_found(cast, draft, upload):
    assert refused(cast, draft, image="", upload=upload).status == 404


def test_our_reference_models_are_for_staff_on_a_board_without_docker(cast, draft, settings):
    settings.SANDBOX = "process"
    of_ours = replace(draft, image="", reference="drug_mean", kind="control")
    assert refusal(submissions.submit, cast.owner, of_ours).status == 403
    operator = builders.make_person(staff=True)
    assert refusal(submissions.submit, operator, of_ours).field == "team"
    mine = replace(of_ours, team=builders.make_team(owner=operator).slug)
    made = submissions.submit(operator, mine)
    assert (made.image_origin, made.image_name, made.model.kind) == ("reference", "reference:drug_mean", "control")
    settings.SANDBOX = "docker"
    assert refusal(submissions.submit, operator, replace(mine, new_model="B")).code == "no_process_sandbox"


def test_a_board_without_docker_says_at_once_that_it_takes_no_images(cast, draft, settings):
    settings.SANDBOX = "process"
    assert refused(cast, draft).code == "no_images"


@pytest.mark.parametrize("name", ["nothing", "../job", "os", "a\0b", "job;rm"])
def test_no_other_module_can_be_named_as_a_reference(cast, draft, name):
    assert refused(cast, draft, image="", reference=name).field == "reference"


def test_a_control_is_made_by_staff_alone(cast, draft):
    assert refused(cast, draft, kind="control").status == 403
    assert refused(cast, draft, kind="winner").code == "bad_kind"


def nested(levels):
    made = {}
    for _ in range(levels):
        made = {"a": made}
    return made


@pytest.mark.parametrize(
    "asked",
    [
        [], "x", None, {"a": "x" * 9000}, {"a": math.nan}, {"a": math.inf}, {"a": "\0"}, {"a": "\ud800"}, {"\0": 1},
        {1: 2}, {"a": 10**400}, nested(9), nested(3000), {"a": {1, 2}}, {"a": b"x"},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_stored_are_refused(cast, draft, asked):
    answer = refused(cast, draft, settings=asked)
    assert (answer.code, answer.field) == ("bad_settings", "settings")


def test_settings_are_kept_as_they_are(cast, draft):
    asked = {"epochs": 3, "rate": 1e-3, "layers": [1, {"a": None}], "on": True}
    made = submissions.submit(cast.owner, replace(draft, settings=asked))
    made.refresh_from_db()
    assert made.settings == asked


@pytest.mark.parametrize(
    "resources",
    [
        {"test": {}}, {"train": []}, {"train": {"log_kb": 1}}, {"train": {"memory_mb": 4097}}, {"infer": {"gpus": 1}},
        {"train": {"memory_mb": 1.5}}, {"train": {"memory_mb": True}}, {"train": {"cpus": math.nan}},
        {"train": {"cpus": "1"}}, {"train": {"wall_s": 0}}, {"train": {"wall_s": -1}}, {"train": {"a\0b": 1}},
        {"\0": {}}, {"train": {"cpus": 0}},
    ],
)  # fmt: skip
def test_resources_stay_within_the_tracks_limits(cast, draft, resources):
    answer = refused(cast, draft, resources=resources)
    assert (answer.code, answer.field) == ("bad_resources", "resources")


def test_less_than_the_track_gives_may_be_asked_for(cast, draft):
    asked = {"train": {"memory_mb": 4096, "cpus": 0.5, "gpus": 0}, "infer": {"wall_s": 60}}
    assert submissions.submit(cast.owner, replace(draft, resources=asked)).resources == asked


def test_an_improve_model_is_named_and_takes_its_own_settings(cast, draft):
    improve = replace(draft, contract="improve", improve_model="graphdrp", settings={"epochs": 2})
    assert submissions.submit(cast.owner, improve).improve_model == "graphdrp"
    other = replace(improve, new_model="Other")
    assert refused(cast, other, improve_model="../x").field == "improve_model"
    assert refused(cast, other, settings={"layers": 2}).field == "settings"
    assert refused(cast, other, contract="holdout", settings={}).field == "improve_model"
    assert refused(cast, other, contract="mine").field == "contract"


def test_a_submission_takes_few_queries(cast, draft, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        submissions.submit(cast.owner, draft)


@pytest.mark.django_db(transaction=True)
def test_versions_sent_at_once_are_numbered_one_after_the_other(cast, draft, track):
    track.per_day, track.at_once = 20, 20
    track.save()
    submissions.submit(cast.owner, draft)
    again = replace(draft, new_model="", model="two-arms")
    made = at_once(*[lambda: submissions.submit(cast.owner, again)] * 5)
    assert sorted(one.version for one in made) == [2, 3, 4, 5, 6]


@pytest.mark.django_db(transaction=True)
def test_one_archive_sent_at_once_is_taken_once(cast, draft, track):
    upload = builders.make_upload(team=cast.team)
    results = at_once(
        *[
            lambda name=name: submissions.submit(
                cast.owner, replace(draft, new_model=name, image="", upload=str(upload.id))
            )
            for name in ("A", "B")
        ]
    )
    assert [result for result in results if isinstance(result, str)] == ["upload_used"]


# Withdrawing


@pytest.mark.parametrize(
    "state", ["received", "checking", "smoke", "queued", "running", "scoring", "waiting", "published"]
)
def test_any_of_the_team_withdraws_at_any_time(cast, state, stopped, recomputed, django_capture_on_commit_callbacks):
    entry = builders.make_submission(team=cast.team, state=state)
    with django_capture_on_commit_callbacks(execute=True):
        submissions.withdraw(cast.teammate, entry)
        submissions.withdraw(cast.owner, entry)
    assert (entry.state, entry.told, stopped) == ("withdrawn", "withdrawn", [entry])
    assert recomputed == ([entry.track] if state == "published" else [])


@pytest.mark.parametrize("state", ["rejected", "failed"])
def test_what_has_failed_cannot_be_withdrawn(cast, state, stopped):
    entry = builders.make_submission(team=cast.team, state=state)
    assert refusal(submissions.withdraw, cast.owner, entry).code == "ended"
    assert stopped == []


def test_a_stranger_cannot_withdraw_and_learns_nothing_of_what_is_not_published(cast, stopped):
    entry = builders.make_submission(team=cast.team, state="running")
    assert refusal(submissions.withdraw, cast.stranger, entry).status == 404
    published = builders.make_submission(team=cast.team, state="published")
    assert refusal(submissions.withdraw, cast.stranger, published).status == 403
    assert stopped == []


# Deleting


def with_data(cast, **values):
    """A submission with an archive and an attempt that has left files."""
    upload = builders.make_upload(team=cast.team)
    entry = builders.make_submission(team=cast.team, upload=upload, settings={"a": 1}, note="mine", **values)
    uploads.folder().mkdir(parents=True, exist_ok=True)
    uploads.path_of(upload).write_bytes(b"archive")
    attempt = builders.make_stage(attempt=builders.make_attempt(run=builders.make_run(submission=entry))).attempt
    left = Path(site.STORAGE) / "attempts" / attempt.id.hex / "infer-alpha"
    left.mkdir(parents=True)
    (left / "predictions.f4").write_bytes(b"1234")
    draws = Path(site.STORAGE) / "scores" / str(attempt.run.evaluation_id)
    draws.mkdir(parents=True)
    (draws / "draws.npz").write_bytes(b"1234")
    return entry


@pytest.mark.parametrize("state", ["running", "failed", "published"])
def test_deleting_leaves_a_row_without_data(
    cast, state, stopped, recomputed, settings, django_capture_on_commit_callbacks
):
    entry = with_data(cast, state=state)
    upload = entry.upload
    with django_capture_on_commit_callbacks(execute=True):
        submissions.delete(cast.owner, entry)
    assert (entry.state, entry.deleted_at is None) == ("failed" if state == "failed" else "withdrawn", False)
    assert (entry.upload, entry.note, entry.settings, entry.image_name, entry.person) == (None, "", {}, "", None)
    assert not Run.objects.filter(submission=entry).exists() and not entry.evaluations.exists()
    assert Upload.objects.get(pk=upload.pk).state == "expired"
    assert [path for path in Path(settings.STORAGE).rglob("*") if path.is_file()] == []
    assert (Path(settings.STORAGE) / "attempts").exists()


def test_declared_pretraining_outlives_a_deletion(cast, stopped):
    entry = builders.make_submission(team=cast.team, state="failed", pretraining="PubMed")
    submissions.delete(cast.owner, entry)
    assert (entry.pretraining, entry.deleted_at is None) == ("PubMed", False)


def test_what_is_deleted_cannot_be_deleted_or_withdrawn_again(cast, stopped):
    entry = builders.make_submission(team=cast.team, state="failed")
    submissions.delete(cast.owner, entry)
    assert refusal(submissions.delete, cast.owner, entry).status == 404
    assert refusal(submissions.withdraw, cast.owner, entry).status == 404


def test_a_member_who_is_no_owner_cannot_delete(cast, stopped):
    entry = builders.make_submission(team=cast.team, state="failed")
    assert refusal(submissions.delete, cast.teammate, entry).status == 403
    assert refusal(submissions.delete, cast.stranger, entry).status == 404


def test_a_deleted_version_keeps_its_number(cast, draft, stopped):
    first = submissions.submit(cast.owner, draft)
    submissions.delete(cast.owner, first)
    assert submissions.submit(cast.owner, replace(draft, new_model="", model="two-arms")).version == 2


def test_drafts_ask_for_limits_that_exist(track):
    assert set(track.definition["train"]) > drafts.ASKABLE
