"""Operators read every row, write few, and none of it without a second factor."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.urls import reverse

from leaderboard.admin.rows import Rows
from leaderboard.hosting import work
from leaderboard.models import Act, Attempt, Run, Stage, Submission, TeamQuota, Token
from tests.site import builders

OURS = list(admin.site._registry)
ADDED = (TeamQuota,)


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
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{what}", args=args)


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_every_kind_of_row_can_be_listed_searched_and_read(client, staff, everything, model):
    assert client.get(page(model, "changelist"), {"q": "a"}).status_code == 200
    first = model._default_manager.first()
    if first is not None:
        assert client.get(page(model, "change", first.pk)).status_code == 200


@pytest.mark.parametrize("asked", [{"q": "a\0"}, {"who__exact": "a\0"}, {"id__exact": "\0"}, {"\0": "a"}, {"o": "\0"}])
def test_a_nul_character_in_an_address_is_not_understood_and_no_failure_of_ours(client, staff, asked):
    answer = client.get(page(Act, "changelist"), asked)
    assert (answer.status_code, "could not be understood" in answer.text) == (400, True)


def test_nor_is_one_in_a_rows_key_or_in_the_form_of_an_action(client, staff):
    entry = builders.make_submission(state="queued")
    assert client.get(page(Token, "change", "a\0")).status_code == 400
    why = {"action": "withdraw", "_selected_action": str(entry.pk), "confirmed": "yes", "why": "\0"}
    assert client.post(page(Submission, "changelist"), why).status_code == 400
    entry.refresh_from_db()
    assert entry.state == "queued"


def test_every_kind_of_row_is_one_of_ours_whose_acts_are_audited():
    assert [rows for rows in admin.site._registry.values() if not isinstance(rows, Rows)] == []


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.model_name)
def test_nothing_is_added_here_but_what_is_the_operators_own(client, staff, model):
    assert client.get(page(model, "add")).status_code == (200 if model in ADDED else 403)


def test_a_list_takes_no_more_queries_for_more_rows(client, staff, django_assert_max_num_queries):
    for _ in range(4):
        builders.make_stage()
        builders.make_upload()
    rows = {model: list(model._default_manager.all()) for model in (Run, Attempt, Stage)}
    Run.objects.bulk_create(copies(rows[Run]))
    runs = list(Run.objects.order_by("pk"))
    Attempt.objects.bulk_create(copies(rows[Attempt], run=runs[4:]))
    Stage.objects.bulk_create(copies(rows[Stage], attempt=list(Attempt.objects.all()), key=map(str, range(500))))
    for model in OURS:
        with django_assert_max_num_queries(12):
            client.get(page(model, "changelist"))


def copies(rows, *, number=496, **values):
    """So many more rows that are like these, but for what has to be another in each."""
    made = []
    values = {name: iter(given) for name, given in values.items()}
    for n in range(number):
        copy = type(rows[0]).objects.get(pk=rows[n % len(rows)].pk) if n < len(rows) else made[n % len(rows)]
        copy = type(copy)(**{field.name: getattr(copy, field.name) for field in copy._meta.concrete_fields
                             if not field.primary_key and not field.generated})  # fmt: skip
        for name, given in values.items():
            setattr(copy, name, next(given))
        made.append(copy)
    return made


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


def act(client, model, action, *rows, **more):
    sent = {"action": action, "_selected_action": [str(row.pk) for row in rows]} | more
    return client.post(page(model, "changelist"), sent, follow=True)


def test_an_operator_withdraws_and_is_told_what_cannot_be(client, staff, monkeypatch):
    monkeypatch.setattr(work, "stop", lambda _: None)
    going, ended = builders.make_submission(state="queued"), builders.make_submission(state="failed")
    told = act(client, Submission, "withdraw", going, ended, confirmed="yes").content.decode()
    going.refresh_from_db()
    ended.refresh_from_db()
    assert (going.state, ended.state) == ("withdrawn", "failed")
    assert "nothing of it runs" in told


def test_an_operator_lets_a_parked_run_go_on(client, staff):
    run = builders.make_run(submission=builders.make_submission(state="waiting"), state="parked")
    act(client, type(run), "release", run)
    run.refresh_from_db()
    assert run.state == "queued"
