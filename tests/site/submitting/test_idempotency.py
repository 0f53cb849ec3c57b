"""One key, one deed, whatever is repeated."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leaderboard.models import KeptAnswer, Submission
from leaderboard.submitting import idempotency, submissions
from leaderboard.submitting.drafts import Draft
from leaderboard.submitting.errors import Refused
from tests.site import builders
from tests.site.submitting.refusals import refusal
from tests.site.submitting.threads import at_once


@pytest.fixture
def deeds():
    return []


@pytest.fixture
def act(deeds):
    def done():
        deeds.append(1)
        return {"n": len(deeds)}

    return done


def test_the_same_request_gets_the_first_answer_again(cast, act, deeds):
    asked = idempotency.fingerprint("POST", "/x", {"a": 1})
    assert idempotency.once(cast.owner, "k", asked, act) == ({"n": 1}, False)
    assert idempotency.once(cast.owner, "k", asked, act) == ({"n": 1}, True)
    assert deeds == [1]


def test_a_key_is_its_persons_own(cast, act):
    asked = idempotency.fingerprint("x")
    idempotency.once(cast.owner, "k", asked, act)
    assert idempotency.once(cast.stranger, "k", asked, act) == ({"n": 2}, False)


def test_a_key_of_another_request_is_refused(cast, act, deeds):
    idempotency.once(cast.owner, "k", idempotency.fingerprint({"a": 1}), act)
    assert refusal(idempotency.once, cast.owner, "k", idempotency.fingerprint({"a": 2}), act).status == 422
    assert deeds == [1]


def test_a_refusal_is_not_kept(cast, act):
    def refuses():
        raise Refused("no", "No.", "Ask again.")

    refusal(idempotency.once, cast.owner, "k", "f", refuses)
    assert idempotency.once(cast.owner, "k", "f", act) == ({"n": 1}, False)


def test_a_key_is_forgotten_after_a_day(cast, act):
    idempotency.once(cast.owner, "k", "f", act)
    KeptAnswer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert idempotency.once(cast.owner, "k", "another", act) == ({"n": 2}, False)


def test_old_answers_are_removed(cast, act):
    idempotency.once(cast.owner, "old", "f", act)
    KeptAnswer.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    idempotency.once(cast.owner, "new", "f", act)
    assert idempotency.expire() == 1
    assert KeptAnswer.objects.get().key == "new"


@pytest.mark.parametrize("key", ["", " ", "x" * 101, "a\0b", "a\nb", "\ud800"])
def test_a_key_that_cannot_be_stored_is_refused(cast, act, deeds, key):
    refusal(idempotency.once, cast.owner, key, "f", act)
    assert deeds == []


def test_the_order_of_names_makes_no_other_request():
    assert idempotency.fingerprint({"a": 1, "b": 2}) == idempotency.fingerprint({"b": 2, "a": 1})
    assert idempotency.fingerprint("a", "b") != idempotency.fingerprint("ab")


@pytest.mark.django_db(transaction=True)
def test_the_same_request_from_many_threads_makes_one_submission(cast):
    track = builders.make_track()
    draft = Draft(team=cast.team.slug, track=track.slug, new_model="A", image=builders.DIGEST)

    def send():
        return idempotency.once(cast.owner, "k", "f", lambda: {"id": str(submissions.submit(cast.owner, draft).pk)})

    results = at_once(*[send] * 5)
    assert [repeated for _, repeated in results].count(False) == 1
    assert {answer["id"] for answer, _ in results} == {str(Submission.objects.get().pk)}
