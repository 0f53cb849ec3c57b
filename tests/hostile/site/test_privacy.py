"""A stranger looks for what is not theirs: by page, API, file and guess, and in what a cache in between may keep."""

import json

import pytest
from django.conf import settings as site
from rest_framework.test import APIClient

from leaderboard.api import tokens
from leaderboard.models import Scope, Stage
from leaderboard.pages import conditional
from leaderboard.states import StageState
from leaderboard.submitting import teams, uploads
from tests.site.builders import (
    PASSWORD,
    make_attempt,
    make_ending,
    make_model,
    make_run,
    make_stage,
    make_submission,
    make_upload,
)

pytestmark = pytest.mark.django_db
SECRET = "only the team knows this"


@pytest.fixture
def entry(cast):
    """Failed, with a log, a note, settings and an archive: nothing of it is published."""
    model = make_model(team=cast.team, name="Hidden", description=SECRET)
    upload = make_upload(team=cast.team, name=f"{SECRET}.tar")
    entry = make_submission(
        model=model,
        state="failed",
        note=SECRET,
        settings={"a": SECRET},
        upload=upload,
        told="crashed",
        told_detail=SECRET,
    )
    run = make_run(submission=entry, state="failed")
    stage = make_stage(attempt=make_attempt(run=run, state="failed"), state=StageState.ENDED)
    ending = make_ending(outcome="crashed", reason=SECRET) | {"log": {"head": SECRET, "tail": SECRET}}
    Stage.objects.filter(pk=stage.pk).update(ending=ending)
    path = uploads.path_of(upload)
    path.parent.mkdir(parents=True)
    path.write_text(SECRET)
    return entry


def addresses(entry, cast):
    run, upload = entry.runs.get(), entry.upload
    one = f"/submissions/{entry.pk}/"
    return [
        one,
        f"{one}runs/{run.pk}/",
        f"{one}withdraw/",
        f"{one}delete/",
        f"/teams/{cast.team.slug}/",
        f"/models/{entry.model.slug}/",
        f"/uploads/{upload.pk}/",
        f"/storage/uploads/{upload.pk}",
        f"/static/../storage/uploads/{upload.pk}",
        f"/static/..%2f..%2fuploads/{upload.pk}",
        f"/api/v1{one}",
        f"/api/v1{one}runs/",
        f"/api/v1{one}runs/{run.pk}/logs/",
        f"/api/v1{one}scores/",
        f"/api/v1{one}matrices/",
        f"/api/v1/uploads/{upload.pk}/",
        f"/api/v1/models/{entry.model.slug}/",
        f"/admin/leaderboard/submission/{entry.pk}/change/",
        f"/admin/leaderboard/submission/?q={entry.model.name}",
    ]


LISTS = ("/", "/boards/", "/submissions/", "/teams/", "/submit/", "/tokens/", "/account/")
API_LISTS = ("boards/", "models/", "tracks/", "submissions/", "uploads/", "me/", "tokens/")


@pytest.mark.parametrize("who", ["stranger", None])
def test_nothing_of_another_teams_submission_can_be_seen(client, cast, entry, who):
    if who:
        client.force_login(cast.stranger)
    for address in addresses(entry, cast):
        answer = client.get(address)
        assert answer.status_code in (302, 401, 403, 404), address
        assert SECRET not in answer.content.decode()
    for address in (*LISTS, *(f"/api/v1/{name}" for name in API_LISTS)):
        content = client.get(address, follow=True).content.decode()
        assert SECRET not in content
        assert "Hidden" not in content
        assert str(entry.pk) not in content


def test_what_is_not_there_and_what_is_not_yours_are_told_apart_by_nothing(client, cast, entry):
    client.force_login(cast.stranger)
    other = "00000000-0000-4000-8000-000000000000"
    for address in (
        f"/submissions/{entry.pk}/",
        f"/api/v1/submissions/{entry.pk}/",
        f"/api/v1/uploads/{entry.upload.pk}/",
    ):
        mine, none = client.get(address), client.get(address.replace(address.split("/")[-2], other))
        assert mine.status_code == none.status_code == 404
        assert mine.content.decode().replace(str(entry.pk), other) == none.content.decode()


@pytest.mark.parametrize("tag", ["*", '"guess"', 'W/"guess"'])
def test_a_tag_that_is_guessed_tells_nothing(client, cast, entry, tag):
    client.force_login(cast.stranger)
    for address in addresses(entry, cast):
        assert client.get(address, headers={"If-None-Match": tag}).status_code != 304


def test_what_is_somebodys_is_kept_by_nobody_in_between(client, cast, entry):
    client.force_login(cast.owner)
    run = entry.runs.get()
    one = f"/submissions/{entry.pk}/"
    pages = ("/submissions/", one, f"{one}runs/{run.pk}/", f"/teams/{cast.team.slug}/", "/tokens/", "/submit/")
    doors = (f"/api/v1{one}", f"/api/v1{one}runs/{run.pk}/logs/", "/api/v1/me/", "/api/v1/uploads/", "/api/v1/tokens/")
    for address in (*pages, *doors):
        answer = client.get(address)
        assert answer.status_code in (200, 302)
        assert "private" in answer.headers["Cache-Control"]
        assert "no-store" in answer.headers["Cache-Control"]
        assert "public" not in answer.headers["Cache-Control"]


def test_a_page_kept_for_strangers_names_nobody(client, cast, tmp_path):
    entry = make_submission(team=cast.team, state="published")
    address = f"/models/{entry.model.slug}/"
    client.force_login(cast.owner)
    own = client.get(address)
    client.logout()
    strangers = client.get(address)
    assert own.headers["ETag"] != strangers.headers["ETag"]
    assert cast.owner.username in own.content.decode()
    assert not any(cast.owner.username.encode() in page or b"csrf" in page for page in conditional._kept.values())
    for answer in (own, strangers):
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert "Cookie" in answer.headers["Vary"]


def test_a_token_is_written_down_nowhere(client, cast, caplog):
    client.force_login(cast.owner)
    made = client.post(
        "/api/v1/tokens/", json.dumps({"name": "ci", "scope": "submit"}), content_type="application/json"
    )
    secret = made.json()["token"]
    assert "no-store" in made.headers["Cache-Control"]
    for address in ("/tokens/", "/api/v1/tokens/", "/api/v1/me/"):
        assert secret not in client.get(address).content.decode()
    row = tokens.live(cast.owner).get()
    assert secret not in str({field.name: getattr(row, field.name) for field in row._meta.fields})
    assert secret not in caplog.text


def test_a_token_ends_with_its_person_and_reads_alone_where_it_may(cast, entry):
    api = APIClient()
    row, secret = tokens.make(cast.owner, name="x", scope=Scope.READ)
    api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    address = f"/api/v1/submissions/{entry.pk}/"
    assert api.get(address).status_code == 200
    for method, to in (("delete", address), ("post", f"{address}withdraw/"), ("post", "/api/v1/tokens/")):
        assert getattr(api, method)(to).status_code == 403
    for wrong in (secret[:-1], secret.upper(), secret + "0", "0" * 64, "\u00e9" * 64, f"{secret} {secret}", ""):
        api.credentials(HTTP_AUTHORIZATION=f"Token {wrong}")
        assert api.get(address).status_code == 401
    api.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    cast.owner.is_active = False
    cast.owner.save()
    assert api.get(address).status_code == 401
    assert row.user == cast.owner


def test_staff_without_a_second_factor_do_nothing_by_token_either(cast):
    cast.owner.is_staff = True
    cast.owner.save()
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Token {tokens.make(cast.owner, name='x', scope=Scope.SUBMIT)[1]}")
    assert api.get("/api/v1/me/").status_code == 401


def test_who_was_removed_sees_nothing_from_then_on(client, cast, entry):
    client.force_login(cast.teammate)
    assert client.get(f"/submissions/{entry.pk}/").status_code == 200
    teams.remove(cast.owner, cast.team, cast.teammate)
    assert client.get(f"/submissions/{entry.pk}/").status_code == 404
    assert client.get(f"/api/v1/submissions/{entry.pk}/").status_code == 404


def test_a_member_makes_no_owner_of_themselves(client, cast):
    client.force_login(cast.teammate)
    for person in (cast.teammate, cast.owner):
        client.post(f"/teams/{cast.team.slug}/people/{person.pk}/role/", {"role": "owner"})
        client.post(f"/teams/{cast.team.slug}/people/{person.pk}/role/", {"role": "member"})
    client.post(f"/teams/{cast.team.slug}/people/{cast.owner.pk}/remove/")
    client.post(f"/teams/{cast.team.slug}/", {"email": "new@example.org"})
    roles = dict(cast.team.memberships.values_list("person", "role"))
    assert roles == {cast.owner.pk: "owner", cast.teammate.pk: "member"}
    assert not cast.team.invitations.exists()


def test_nobody_becomes_staff_by_a_form(client, cast):
    client.force_login(cast.owner)
    client.post(
        "/account/", {"name": "x", "is_staff": "on", "is_superuser": "on", "is_curator": "on", "email": "a@b.org"}
    )
    client.post(
        "/accounts/signup/",
        {
            "email": "n@example.org",
            "password1": PASSWORD,
            "password2": PASSWORD,
            "is_staff": "on",
            "username": "holdout",
        },
    )
    cast.owner.refresh_from_db()
    assert not (cast.owner.is_staff or cast.owner.is_superuser or cast.owner.is_curator)
    assert not type(cast.owner).objects.filter(is_staff=True).exists()
    assert cast.owner.email.startswith("owner")


def test_a_stranger_learns_of_no_address_by_trying_it(client, cast):
    known = client.post("/accounts/password/reset/", {"email": cast.owner.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.org"})
    assert (known.status_code, known.headers.get("Location")) == (unknown.status_code, unknown.headers.get("Location"))
    made = {"password1": PASSWORD, "password2": PASSWORD}
    client.logout()
    taken = client.post("/accounts/signup/", made | {"email": cast.owner.email})
    free = client.post("/accounts/signup/", made | {"email": "free@example.org"})
    assert (taken.status_code, taken.headers.get("Location")) == (free.status_code, free.headers.get("Location"))


def test_another_host_in_the_header_gets_into_no_mail(client, cast):
    answer = client.post("/accounts/password/reset/", {"email": cast.owner.email}, headers={"Host": "evil.example"})
    assert answer.status_code == 400


def test_cookies_are_for_this_site_and_no_script():
    assert site.SESSION_COOKIE_HTTPONLY
    assert site.SESSION_COOKIE_SAMESITE == "Lax"
    assert site.CSRF_COOKIE_SAMESITE == "Lax"
