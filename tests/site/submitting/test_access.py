"""Who sees what, and who may do what: one table for each kind of person."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone

from leaderboard.models import Submission
from leaderboard.submitting import access
from leaderboard.submitting.errors import Refused
from tests.site import builders

WITHIN = ("owner", "teammate", "staff")


@pytest.fixture
def people(cast):
    gone = builders.make_person(name="gone")
    builders.make_team(owner=gone)
    cast.team.people.add(gone)
    gone.is_active = False
    gone.save()
    bare = builders.make_person(name="bare", staff=True)
    bare.authenticator_set.all().delete()
    return {
        "anonymous": AnonymousUser(),
        "stranger": cast.stranger,
        "curator": builders.make_person(curator=True),
        "bare_staff": bare,  # staff without a second factor
        "gone": gone,  # a member whose account was closed
        "teammate": cast.teammate,
        "owner": cast.owner,
        "staff": builders.make_person(staff=True),
    }


def who(people, right, *things):
    return {name for name, person in people.items() if right(person, *things)}


def seen(people, rows, thing):
    return {name for name, person in people.items() if rows(person).filter(pk=thing.pk).exists()}


@pytest.mark.parametrize("state", ["received", "running", "scoring", "rejected", "failed", "waiting", "withdrawn"])
def test_what_is_not_published_is_the_teams_and_the_staffs(cast, people, state):
    entry = builders.make_submission(team=cast.team, state=state)
    assert seen(people, access.submissions_seen_by, entry) == set(WITHIN)
    for right in (access.may_see, access.may_see_scores, access.may_see_inside, access.may_change):
        assert who(people, right, entry) == set(WITHIN)
    assert seen(people, access.models_seen_by, entry.model) == set(WITHIN)


def test_what_is_published_is_everybodys_and_its_inside_is_not(cast, people):
    entry = builders.make_submission(team=cast.team, state="published")
    for rows, thing in ((access.submissions_seen_by, entry), (access.models_seen_by, entry.model)):
        assert seen(people, rows, thing) == set(people)
    assert who(people, access.may_see, entry) == who(people, access.may_see_scores, entry) == set(people)
    assert who(people, access.may_see_inside, entry) == who(people, access.may_change, entry) == set(WITHIN)


def test_of_what_was_withdrawn_after_publication_everybody_sees_that_it_was(cast, people):
    entry = builders.make_submission(team=cast.team, state="withdrawn", published_at=timezone.now())
    assert seen(people, access.submissions_seen_by, entry) == set(people)
    assert who(people, access.may_see_scores, entry) == set(WITHIN)


def test_a_deleted_one_that_was_never_published_is_gone_for_its_team_too(cast, people):
    entry = builders.make_submission(team=cast.team, state="failed", deleted_at=timezone.now())
    assert seen(people, access.submissions_seen_by, entry) == {"staff"}
    assert seen(people, access.submissions_of, entry) == set()
    assert who(people, access.may_see, entry) == who(people, access.may_change, entry) == set()


def test_an_owner_deletes(cast, people):
    entry = builders.make_submission(team=cast.team, state="failed")
    assert who(people, access.may_delete, entry) == {"owner", "staff"}
    assert who(people, access.may_own, cast.team) == {"owner"}
    assert who(people, access.may_submit, cast.team) == {"owner", "teammate"}


def test_archives_and_teams_are_their_peoples(cast, people):
    upload = builders.make_upload(team=cast.team)
    assert seen(people, access.uploads_of, upload) == {"owner", "teammate"}
    assert seen(people, access.teams_of, cast.team) == seen(
        people, access.models_of, builders.make_model(team=cast.team)
    )
    assert seen(people, access.teams_of, cast.team) == {"owner", "teammate"}
    assert seen(people, access.teams_seen_by, cast.team) == set(WITHIN)


def test_staff_are_operators_and_curators_with_a_second_factor_alone(people):
    assert who(people, access.is_operator) == {"staff"}
    assert who(people, access.is_curator) == {"staff", "curator"}


def test_a_person_in_two_teams_sees_each_submission_once(cast):
    builders.make_team(owner=cast.owner, members=[cast.teammate])
    builders.make_submission(team=cast.team)
    assert access.submissions_of(cast.owner).count() == access.submissions_seen_by(cast.owner).count() == 1


@pytest.mark.parametrize("pk", ["x", "", "a\0b", None, 7, "\ud800", "../1"])
def test_what_is_no_id_is_not_found(cast, pk):
    with pytest.raises(Refused) as caught:
        access.one(Submission.objects.all(), pk=pk)
    assert caught.value.status == 404


def test_the_second_factor_is_asked_for_once_a_request(people, django_assert_num_queries):
    staff = people["staff"]
    with django_assert_num_queries(1):
        assert access.is_operator(staff) and access.is_operator(staff)


def test_what_is_refused_to_strangers_is_not_told_from_what_is_not_there(cast):
    entry = builders.make_submission(team=cast.team, state="running")
    answers = []
    for act in (
        lambda: access.demand(access.may_change, cast.stranger, entry),
        lambda: access.one(access.submissions_of(cast.stranger), pk=entry.pk),
        lambda: access.one(access.submissions_of(cast.stranger), pk="0" * 32),
    ):
        with pytest.raises(Refused) as caught:
            act()
        answers.append((caught.value.code, caught.value.sentence, caught.value.remedy, caught.value.status))
    assert len(set(answers)) == 1
