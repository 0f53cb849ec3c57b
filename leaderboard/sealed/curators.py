"""Who knows a sealed study from the inside."""

from leaderboard.models import SealedStudy, StudyStep


def curators_of(study: SealedStudy) -> set[int]:
    """Who brought the study in, or moved it."""
    people = {study.uploaded_by_id}
    for pair in StudyStep.objects.filter(study=study).values_list("proposed_by", "answered_by"):
        people |= {person for person in pair if person is not None}
    return people
