"""Operators read every row, write few, and none of it without a second factor."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse

from leaderboard.admin import Rows
from leaderboard.hosting import work
from leaderboard.models import Submission
from tests.site import builders

OURS = [model for model, rows in admin.site._registry.items() if isinstance(rows, Rows)]


@pytest.fixture
def everything(db):
    """A row of most kinds."""
    stage = builders.make_stage()
    builders.make_upload()
    return stage.attempt


@pytest.fixture
def staff(client, db):
    person = builders.make_person(staff=True)
    client.force_login(person)
    return person


def page(model, what, *args):
    return reverse(f"admin:leaderboard_{model._meta.model_name}_{what}", args=args)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_every_kind_of_row_can_be_listed_searched_and_read(client, staff, everything, model):
    assert client.get(page(model, "changelist"), {"q": "a"}).status_code == 200
    first = model._default_manager.first()
    if first is not None:
        assert client.get(page(model, "change", first.pk)).status_code == 200


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_nothing_is_added_here(client, staff, model):
    assert client.get(page(model, "add")).status_code == 403


def test_a_list_takes_no_more_queries_for_more_rows(client, staff, django_assert_max_num_queries):
    for _ in range(5):
        builders.make_attempt()
    for model in OURS:
        with django_assert_max_num_queries(12):
            client.get(page(model, "changelist"))


@pytest.mark.parametrize("kind", ["anonymous", "stranger", "bare"])
def test_nobody_else_comes_in(client, cast, kind):
    person = cast.stranger if kind == "stranger" else builders.make_person(staff=True)
    person.authenticator_set.all().delete()
    if kind != "anonymous":
        client.force_login(person)
    for url in (reverse("admin:index"), page(Submission, "changelist")):
        assert client.get(url).status_code in (302, 403)


def test_a_state_cannot_be_written_by_hand(client, staff):
    entry = builders.make_submission(state="running")
    client.post(page(Submission, "change", entry.pk), {"state": "published", "is_free": "on"})
    entry.refresh_from_db()
    assert (entry.state, entry.is_free) == ("running", True)


def test_secrets_of_others_are_not_shown(client, staff, everything):
    attempt = client.get(page(type(everything), "change", everything.pk)).content.decode()
    password = client.get(page(type(staff), "change", staff.pk)).content.decode()
    assert everything.token not in attempt
    assert staff.password not in password


def test_staff_who_are_no_superusers_make_nobody_staff(client, staff, cast):
    type(staff).objects.filter(pk=staff.pk).update(is_superuser=False)
    staff.user_permissions.set(Permission.objects.filter(codename__in=("view_person", "change_person")))
    client.post(
        page(type(staff), "change", cast.stranger.pk), {"is_staff": "on", "is_active": "on", "is_curator": "on"}
    )
    cast.stranger.refresh_from_db()
    assert (cast.stranger.is_staff, cast.stranger.is_curator) == (False, True)


def act(client, model, action, *rows):
    sent = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(page(model, "changelist"), sent, follow=True)


def test_an_operator_withdraws_and_is_told_what_cannot_be(client, staff, monkeypatch):
    monkeypatch.setattr(work, "stop", lambda _: None)
    going, ended = builders.make_submission(state="queued"), builders.make_submission(state="failed")
    told = act(client, Submission, "withdraw", going, ended).content.decode()
    going.refresh_from_db()
    ended.refresh_from_db()
    assert (going.state, ended.state) == ("withdrawn", "failed")
    assert "nothing of it runs" in told


def test_an_operator_lets_a_parked_run_go_on(client, staff):
    run = builders.make_run(submission=builders.make_submission(state="waiting"), state="parked")
    act(client, type(run), "release", run)
    run.refresh_from_db()
    assert run.state == "queued"
