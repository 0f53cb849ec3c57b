"""Who knows a sealed study from the inside."""

from leaderboard.models import Act, Membership, SealedStudy, StudyStep

MEMBERSHIP_ENDED = "end of a membership"


def curators_of(study: SealedStudy) -> set[int]:
    """Who brought the study in, or moved it."""
    people = {study.uploaded_by_id}
    for pair in StudyStep.objects.filter(study=study).values_list("proposed_by", "answered_by"):
        people |= {person for person in pair if person is not None}
    return people


def teams_of_curators(study: SealedStudy) -> set[int]:
    """Teams that one of them is in, or was in at any time since it was brought here: who leaves a team has told it.

    Ended memberships are in the audit, where the database itself writes them (migration 0005).
    """
    people = curators_of(study)
    ended = Act.objects.filter(
        kind="membership", what=MEMBERSHIP_ENDED, at__gte=study.created_at, detail__person__in=list(people)
    )
    now = Membership.objects.filter(person__in=people)
    return {*now.values_list("team", flat=True), *ended.values_list("detail__team", flat=True)}
