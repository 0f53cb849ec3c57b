"""The one place that says who may see or do what.

What is not somebody's to see does not exist for them: "not found", never "forbidden". Staff count as such with a
second factor alone; without one they are people like others.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from allauth.mfa.adapter import get_adapter
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models import Model as Row

from leaderboard.models import Membership, Model, Person, Role, Submission, Team, Upload
from leaderboard.states import SubmissionState
from leaderboard.submitting.errors import Refused

Who = Person | AnonymousUser
T = TypeVar("T", bound=Row)


def is_operator(person: Who) -> bool:
    return bool(person.is_authenticated and person.is_active and person.is_staff) and _has_second_factor(person)


def is_curator(person: Who) -> bool:
    """A step of a study takes two people, and a password alone may be known to one."""
    is_theirs = bool(person.is_authenticated and person.is_active and person.is_curator)
    return is_operator(person) or (is_theirs and _has_second_factor(person))


def needs_second_factor(person: Who) -> bool:
    """Whoever can do what only staff or curators do, and has none."""
    has_rights = person.is_authenticated and (person.is_staff or person.is_curator)
    return bool(has_rights) and not _has_second_factor(person)


def _has_second_factor(person: Who) -> bool:
    known: bool | None = getattr(person, "_known_second_factor", None)
    if known is None:
        known = bool(get_adapter().is_mfa_enabled(person))
        person._known_second_factor = known  # type: ignore[union-attr]  # asked once a request
    return known


def role_in(person: Who, team: Team) -> Role | None:
    if not person.is_authenticated or not person.is_active:
        return None
    found = Membership.objects.filter(team=team, person=person).values_list("role", flat=True).first()
    return None if found is None else Role(found)


# What somebody sees


def teams_of(person: Who) -> QuerySet[Team]:
    """Those that somebody is in; a team's page is for its people and for operators alone."""
    return Team.objects.filter(_in_team(person, "pk"))


def teams_seen_by(person: Who) -> QuerySet[Team]:
    return Team.objects.all() if is_operator(person) else teams_of(person)


def submissions_of(person: Who) -> QuerySet[Submission]:
    """Those of somebody's teams, deleted ones left out."""
    return Submission.objects.filter(_in_team(person, "model__team"), deleted_at=None)


def submissions_seen_by(person: Who) -> QuerySet[Submission]:
    """Published ones, also when withdrawn since: others may have cited them. Of the rest the team's own."""
    if is_operator(person):
        return Submission.objects.all()
    public = Q(published_at__isnull=False)
    return Submission.objects.filter(public | Q(_in_team(person, "model__team"), deleted_at=None))


def models_of(person: Who) -> QuerySet[Model]:
    return Model.objects.filter(_in_team(person, "team"))


def models_seen_by(person: Who) -> QuerySet[Model]:
    """Those with something published; a model that is only begun is its team's."""
    if is_operator(person):
        return Model.objects.all()
    public = Submission.objects.filter(model=OuterRef("pk"), published_at__isnull=False)
    return Model.objects.filter(Exists(public) | _in_team(person, "team"))


def uploads_of(person: Who) -> QuerySet[Upload]:
    """Archives: their team's alone."""
    return Upload.objects.filter(_in_team(person, "team"))


def may_see(person: Who, submission: Submission) -> bool:
    return submission.published_at is not None or (submission.deleted_at is None and may_see_inside(person, submission))


def may_see_scores(person: Who, submission: Submission) -> bool:
    return submission.state == SubmissionState.PUBLISHED or may_see_inside(person, submission)


def may_see_inside(person: Who, submission: Submission) -> bool:
    """The archive, logs, notes, reasons and everything else that is not published."""
    return is_operator(person) or role_in(person, submission.model.team) is not None


# What somebody does


def may_submit(person: Who, team: Team) -> bool:
    return role_in(person, team) is not None


def may_change(person: Who, submission: Submission) -> bool:
    """Withdraw it: anybody of its team, and operators."""
    return submission.deleted_at is None and may_see_inside(person, submission)


def may_delete(person: Who, submission: Submission) -> bool:
    """With its data, for good: an owner of its team, and operators."""
    owns = role_in(person, submission.model.team) == Role.OWNER
    return submission.deleted_at is None and (owns or is_operator(person))


def may_own(person: Who, team: Team) -> bool:
    """Invite, remove, change roles, delete the team."""
    return role_in(person, team) == Role.OWNER


def demand(right: Callable[..., bool], person: Who, thing: Submission | Team) -> None:
    """The refusal that fits: not found for a stranger, who may for somebody who sees it."""
    if right(person, thing):
        return
    team = thing if isinstance(thing, Team) else thing.model.team
    seen = role_in(person, team) is not None if isinstance(thing, Team) else may_see(person, thing)
    if not seen:
        raise not_found(thing._meta.verbose_name)
    sentence = "Your role in the team does not allow this." if role_in(person, team) else "This is another team's."
    raise Refused("not_allowed", sentence, f"Ask an owner of {team.name} to do it.", status=403)


def one(rows: QuerySet[T], *, field: str = "", **lookup: Any) -> T:
    """The one row that a door was asked for, of those that its person sees; `field` is what named it in a form."""
    try:
        return rows.get(**lookup)
    except (ObjectDoesNotExist, ValidationError, ValueError, OverflowError):
        raise not_found(rows.model._meta.verbose_name, field) from None


def not_found(noun: object, field: str = "") -> Refused:
    remedy = "Look at its name or address again; what is not yours to see looks the same."
    return Refused("not_found", f"There is no such {noun}.", remedy, field, 404)


def _in_team(person: Who, team: str) -> Q:
    who = person.pk if person.is_authenticated and person.is_active else None
    return Q((f"{team}__in", Membership.objects.filter(person=who).values("team")))
