"""What a team may send, what counts of it, and that two at once do not both get the last place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from leaderboard.models import TeamQuota
from leaderboard.states import AttemptState, SubmissionState
from leaderboard.submitting import quotas, submissions
from leaderboard.submitting.drafts import Draft
from tests.site import builders
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once


@pytest.fixture
def track(db):
    return builders.make_track(per_day=3, at_once=2)


def sent(cast, track, state, **values):
    return builders.make_submission(team=cast.team, track=track, state=state, **values)


def used(cast, track):
    return quotas.left(cast.team, track).used_today


def test_nothing_sent_leaves_all(cast, track):
    quota = quotas.left(cast.team, track)
    assert (quota.left_today, quota.left_at_once, quota.left) == (3, 2, 2)


@pytest.mark.parametrize(
    ("state", "counts"),
    [(state, state not in ("rejected", "waiting", "withdrawn")) for state in SubmissionState.values],
)
def test_what_we_failed_at_and_what_was_rejected_does_not_count(cast, track, state, counts):
    sent(cast, track, state)
    assert used(cast, track) == counts


@pytest.mark.parametrize(
    ("attempt", "counts"), [(None, 0), (AttemptState.GIVEN_UP, 0), (AttemptState.STOPPED, 1), (AttemptState.DONE, 1)]
)
def test_one_withdrawn_counts_when_a_host_has_worked_for_it(cast, track, attempt, counts):
    entry = sent(cast, track, "withdrawn")
    run = builders.make_run(submission=entry, state="stopped")
    if attempt:
        builders.make_attempt(run=run, state=attempt)
    assert used(cast, track) == counts


def test_which_of_them_count_is_asked_only_when_the_day_may_be_used_up(cast, track, django_assert_num_queries):
    track.at_once = 9
    for _ in range(2):
        sent(cast, track, "running")
    with django_assert_num_queries(2):
        quotas.demand(cast.team, track)
    sent(cast, track, "rejected")
    with django_assert_num_queries(3):
        quotas.demand(cast.team, track)


def test_one_withdrawn_in_its_smoke_run_does_not_count(cast, track):
    run = builders.make_run(submission=sent(cast, track, "withdrawn"), purpose="smoke")
    builders.make_attempt(run=run, state=AttemptState.STOPPED)
    assert used(cast, track) == 0


@pytest.mark.parametrize(("has_run", "counts"), [(True, 1), (False, 0)])
def test_deleting_neither_gives_back_nor_costs_anything(cast, track, has_run, counts):
    entry = sent(cast, track, "withdrawn")
    if has_run:
        builders.make_attempt(run=builders.make_run(submission=entry), state=AttemptState.DONE)
    submissions.delete(cast.owner, entry)
    assert used(cast, track) == counts


def test_what_an_operator_made_free_does_not_count(cast, track):
    sent(cast, track, "failed", is_free=True)
    assert used(cast, track) == 0


def test_other_teams_other_tracks_and_other_days_do_not_count(cast, track):
    builders.make_submission(track=track, state="failed")
    builders.make_submission(team=cast.team, state="failed")
    sent(cast, track, "failed", created_at=timezone.now() - timedelta(days=1))
    assert used(cast, track) == 0


def test_a_day_ends_at_midnight_of_utc(cast, track, monkeypatch):
    monkeypatch.setattr(quotas.timezone, "now", lambda: datetime(2026, 2, 28, 23, 59, 59, tzinfo=UTC))
    sent(cast, track, "failed", created_at=datetime(2026, 2, 27, 23, 59, 59, tzinfo=UTC))
    sent(cast, track, "failed", created_at=datetime(2026, 2, 28, 0, 0, tzinfo=UTC))
    quota = quotas.left(cast.team, track)
    assert (quota.used_today, quota.resets_at) == (1, datetime(2026, 3, 1, tzinfo=UTC))


def test_a_full_day_says_when_it_ends(cast, track):
    for _ in range(3):
        sent(cast, track, "failed")
    refused = refusal(quotas.demand, cast.team, track)
    tomorrow = timezone.now().date() + timedelta(days=1)
    assert (refused.code, refused.status) == ("quota_day", 429)
    assert f"{tomorrow} 00:00 UTC" in refused.remedy


def test_too_many_under_way_are_refused_and_one_that_waits_for_us_is_none(cast, track):
    yesterday = timezone.now() - timedelta(days=1)
    sent(cast, track, "running", created_at=yesterday)
    sent(cast, track, "waiting", created_at=yesterday)
    quotas.demand(cast.team, track)
    sent(cast, track, "queued", created_at=yesterday)
    assert refusal(quotas.demand, cast.team, track).code == "quota_at_once"


def test_a_track_that_allows_less_than_was_used_leaves_none_and_not_less(cast, track):
    for _ in range(3):
        sent(cast, track, "running")
    track.per_day = 1
    quota = quotas.left(cast.team, track)
    assert (quota.left_today, quota.left_at_once, quota.left) == (0, 0, 0)


@pytest.mark.django_db(transaction=True)
def test_the_last_places_are_given_once_when_all_send_at_once(cast, track):
    draft = Draft(team=cast.team.slug, track=track.slug, new_model="A", image=builders.DIGEST)
    drafts = [replace(draft, new_model=f"Model {number}") for number in range(6)]
    results = at_once(*[lambda one=one: submissions.submit(cast.owner, one) for one in drafts])
    assert sorted(result for result in results if isinstance(result, str)) == ["quota_at_once"] * 4
    assert quotas.left(cast.team, track).under_way == 2


def test_a_team_may_have_a_quota_of_its_own_on_a_track(cast, track):
    own = TeamQuota.objects.create(team=cast.team, track=track, per_day=9)
    assert (quotas.left(cast.team, track).per_day, quotas.left(cast.team, track).at_once) == (9, 2)
    TeamQuota.objects.filter(pk=own.pk).update(per_day=0, at_once=1)
    assert (quotas.left(cast.team, track).left, quotas.left(cast.team, track).at_once) == (0, 1)
    assert quotas.left(builders.make_team(), track).per_day == 3
