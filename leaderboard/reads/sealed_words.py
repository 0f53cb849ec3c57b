"""What a team is told of its model on sealed studies, besides scores: one word for each, at its time."""

from leaderboard.models import Evaluation, Submission
from leaderboard.sealed import release
from leaderboard.sealed.allowed import Can, allows


def words_of(submission: Submission) -> list[tuple[str, str]]:
    """Each study with its word. What is under way, and what its curators try out, is not named."""
    found = Evaluation.objects.filter(submission=submission, study__isnull=False).select_related("study").order_by("pk")
    told = [(one.study, release.told(one)) for one in found if one.study and allows(one.study, Can.SHOW_SCORES)]
    return [(str(study), word) for study, word in told if word]
