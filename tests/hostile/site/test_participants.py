"""A participant who wants more than there is: free work, other teams' places, a queue that stands still."""

import hashlib
from datetime import timedelta

import pytest
from allauth.core.internal.httpkit import get_client_ip
from django.core import mail
from django.test import RequestFactory
from django.utils import timezone

from leaderboard import settings as site_settings
from leaderboard.hosting.advance import advance
from leaderboard.models import Submission
from leaderboard.publishing.tables import as_csv
from leaderboard.submitting import quotas, submissions, teams, texts, uploads
from leaderboard.submitting.drafts import Draft
from leaderboard.submitting.errors import Refused
from tests.site.builders import (
    DIGEST,
    make_model,
    make_person,
    make_release,
    make_run,
    make_submission,
    make_team,
    make_track,
    make_upload,
)

pytestmark = pytest.mark.django_db


def code_of(act, *args):
    with pytest.raises(Refused) as caught:
        act(*args)
    return caught.value.code


@pytest.mark.parametrize("state", ["rejected", "withdrawn", "waiting"])
def test_what_counts_in_no_quota_is_not_sent_without_end(cast, settings, state):
    settings.REGISTRIES = ["registry.example.org"]
    track = make_track(per_day=1, at_once=50)
    model = make_model(team=cast.team)
    draft = Draft(team=cast.team.slug, track=track.slug, model=model.slug, image=DIGEST)
    for _ in range(quotas.TRIES):
        entry = submissions.submit(cast.owner, draft)
        Submission.objects.filter(pk=entry.pk).update(state=state)
    assert quotas.left(cast.team, track).left_today == 1
    assert code_of(submissions.submit, cast.owner, draft) == "quota_tries"
    Submission.objects.update(created_at=timezone.now() - timedelta(days=1))
    submissions.submit(cast.owner, draft)


def test_deleting_what_was_rejected_gives_no_further_tries(cast):
    track = make_track(per_day=1)
    for _ in range(quotas.TRIES):
        submissions.delete(cast.owner, make_submission(team=cast.team, track=track, state="rejected"))
    assert code_of(quotas.demand, cast.team, track) == "quota_tries"


def test_teams_that_are_handed_on_are_not_owned_without_end(cast):
    accomplice = make_person()
    for n in range(teams.MOST_OWNED):
        make_team(name=f"Theirs {n}", owner=accomplice)
    made = teams.found(cast.stranger, "One more")
    token = teams.token_of(teams.invite(cast.stranger, made, accomplice.email))
    teams.accept(accomplice, token)
    assert code_of(teams.change_role, cast.stranger, made, accomplice, "owner") == "too_many_teams"
    teams.change_role(cast.stranger, made, accomplice, "member")


def test_a_large_archive_that_is_not_the_announced_one_is_theirs_and_waits_for_nobody(cast, monkeypatch, settings):
    monkeypatch.setattr(uploads, "HASHED_HERE_BYTES", 10)
    upload = make_upload(team=cast.team)
    entry = make_submission(
        team=cast.team,
        state="checking",
        image_origin="archive",
        upload=upload,
        track=make_track(release=make_release()),
    )
    make_run(submission=entry, purpose="check", state="parked")
    path = uploads.path_of(upload)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 100)
    advance()
    entry.refresh_from_db()
    assert (entry.state, entry.told) == ("rejected", "image_refused")
    assert "sha256" in entry.told_detail
    assert entry.runs.get().state == "stopped"


def test_a_large_archive_that_is_the_announced_one_still_waits_for_us(cast, monkeypatch):
    monkeypatch.setattr(uploads, "HASHED_HERE_BYTES", 10)
    upload = make_upload(team=cast.team, sha256=hashlib.sha256(b"x" * 100).hexdigest())
    entry = make_submission(team=cast.team, state="checking", image_origin="archive", upload=upload)
    make_run(submission=entry, purpose="check", state="parked")
    path = uploads.path_of(upload)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 100)
    advance()
    entry.refresh_from_db()
    assert (entry.state, entry.told) == ("waiting", "host_trouble")


HOSTILE_NAMES = [
    "=cmd|' /C calc'!A0",
    "@SUM(A1)",
    "a\r\nBcc: everybody@example.org",
    "a\0b",
    "\x1b[31mred",
    "\u202eevil",
    "\ud800",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }}",
    "\u0430dmin",
    "a" * 10_000,
    "\u200b",
    "a\u0000",
    " ",
    "../../etc/passwd|",
    "%s%n",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=ascii)
def test_hostile_names_are_refused_for_teams_and_models(cast, settings, name):
    settings.REGISTRIES = ["registry.example.org"]
    with pytest.raises(Refused):
        teams.found(cast.owner, name)
    draft = Draft(team=cast.team.slug, track=make_track().slug, new_model=name, image=DIGEST)
    with pytest.raises(Refused):
        submissions.submit(cast.owner, draft)
    assert mail.outbox == []


@pytest.mark.parametrize("name", ["-1+1", "+1+1", "- 2", "+A1", "-(1)"])
def test_no_spreadsheet_computes_a_name(name):
    name = texts.name(name, field="name")
    nothing = dict.fromkeys(("estimate", "low", "high"), None)
    row = {"rank": [1, 1], "tie_group": 1, "model": name, "version": 1, "team": name, "kind": "participant"}
    row |= {"score": nothing, "skill_over_drug_average": nothing, "gap": nothing, "beats_drug_average": "no"}
    row |= {"memory_alarm": {"state": "quiet"}, "published_at": ""}
    (_, line) = as_csv({"rows": [row]}).decode().splitlines()
    assert not [cell for cell in line.split(",") if cell[:1] in ("=", "+", "-", "@")]


@pytest.mark.parametrize(
    "values",
    [
        {"image": "169.254.169.254/a/b@sha256:" + "0" * 64},
        {"image": "localhost:6379/a/b@sha256:" + "0" * 64},
        {"image": "registry.example.org@evil.example/a/b@sha256:" + "0" * 64},
        {"image": "registry.example.org.evil.example/a/b@sha256:" + "0" * 64},
        {"image": "http://registry.example.org/a@sha256:" + "0" * 64},
        {"image": "registry.example.org/../../a@sha256:" + "0" * 64},
        {"image": "registry.example.org/a/b:latest"},
        {"image": "reference:lgbm"},
        {"reference": "drug_mean"},
        {"reference": "../../evaluator"},
        {"reference": "os", "kind": "control"},
        {"image": DIGEST, "kind": "control"},
        {"image": DIGEST, "kind": "reference"},
        {"image": DIGEST, "contract": "improve", "improve_model": "../../x"},
        {"image": DIGEST, "contract": "improve", "improve_model": "a; rm -rf /"},
        {"image": DIGEST, "contract": "improve", "improve_model": "graphdrp", "settings": {"epochs; x": 1}},
        {"image": DIGEST, "code_url": "javascript:alert(1)"},
        {"image": DIGEST, "code_url": "https://a@evil.example/"},
        {"image": DIGEST, "resources": {"train": {"memory_mb": 10**30}}},
        {"image": DIGEST, "resources": {"train": {"log_kb": 10**9}}},
        {"image": DIGEST, "resources": {"__class__": {}}},
        {"image": DIGEST, "settings": {"a": "x" * 10_000}},
    ],
    ids=repr,
)
def test_hostile_drafts_are_refused(cast, settings, values):
    settings.REGISTRIES = ["registry.example.org"]
    settings.SANDBOX = "process"
    draft = Draft(**{"team": cast.team.slug, "track": make_track().slug, "new_model": "Mine"} | values)
    with pytest.raises(Refused):
        submissions.submit(cast.owner, draft)
    assert not Submission.objects.exists()


def test_nobody_submits_for_another_team_or_with_its_archive_or_model(cast, settings):
    settings.REGISTRIES = ["registry.example.org"]
    theirs = make_team(owner=cast.stranger)
    track, upload = make_track(), make_upload(team=cast.team)
    usual = {"team": theirs.slug, "track": track.slug}
    model = make_model(team=cast.team)
    for values in (
        {"team": cast.team.slug, "new_model": "Mine", "image": DIGEST},
        {"new_model": "Mine", "upload": str(upload.pk)},
        {"model": model.slug, "image": DIGEST},
    ):
        assert code_of(submissions.submit, cast.stranger, Draft(**usual | values)) == "not_found"


def test_open_uploads_do_not_fill_the_disk(cast, settings, monkeypatch):
    settings.UPLOAD_MOST_BYTES = 1000
    for n in range(uploads.MOST_HELD):
        uploads.begin(cast.owner, cast.team, f"{n}.tar", 1000, "0" * 64)
    assert code_of(uploads.begin, cast.teammate, cast.team, "more.tar", 1, "0" * 64) == "too_many_bytes"
    monkeypatch.setattr(uploads.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 10}))
    assert code_of(uploads.begin, cast.stranger, cast.stranger.teams.get(), "a.tar", 1, "0" * 64) == "storage_full"


@pytest.mark.parametrize("name", ["../../../etc/passwd", "..\\..\\x", "/dev/null", "a/b.tar", "reference:lgbm"])
def test_an_archives_name_leads_nowhere(cast, name):
    upload = uploads.begin(cast.owner, cast.team, name, 10, "0" * 64)
    assert uploads.path_of(upload).parent == uploads.folder()


def test_sign_in_is_counted_by_the_address_before_the_proxy(settings):
    """Else one who tries passwords shuts everybody behind the proxy out."""
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="6.6.6.6, 7.7.7.7")
    assert get_client_ip(request) == "7.7.7.7"
    assert site_settings.ALLAUTH_TRUSTED_PROXY_COUNT == site_settings.REST_FRAMEWORK["NUM_PROXIES"] == 0
