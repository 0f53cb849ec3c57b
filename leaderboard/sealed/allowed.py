"""What each state of a sealed study allows, and what follows it: the one table."""

from collections.abc import Mapping
from enum import StrEnum

from leaderboard.models import SealedStudy
from leaderboard.states import StudyState

S = StudyState


class Can(StrEnum):
    """What may be done with a study, or shown of it, besides moving it on."""

    CHANGE_RULES = "change its rules"  # looks, rank alone, teams kept out
    BE_SEEN = "be seen by everybody"  # its page: counts, commitment, dates; never an answer
    TRY_OUT = "be tried out"  # reference models are scored on it, for curators alone
    SCORE = "score models"
    SHOW_SCORES = "show its scores"
    SHOW_ALL = "show everything that was scored"  # strata, drugs, other metrics
    GIVE_ANSWERS = "give its answers away"


ALLOWS: Mapping[StudyState, frozenset[Can]] = {
    S.DRAFT: frozenset({Can.CHANGE_RULES}),
    S.SEALED: frozenset({Can.BE_SEEN, Can.TRY_OUT}),
    S.LIVE: frozenset({Can.BE_SEEN, Can.SCORE, Can.SHOW_SCORES}),
    S.FROZEN: frozenset({Can.BE_SEEN, Can.SHOW_SCORES, Can.SHOW_ALL}),
    S.RETIRED: frozenset({Can.BE_SEEN, Can.SHOW_SCORES, Can.SHOW_ALL}),
    S.RELEASED: frozenset({Can.BE_SEEN, Can.SHOW_SCORES, Can.SHOW_ALL, Can.GIVE_ANSWERS}),
}
NEXT: Mapping[StudyState, StudyState] = dict(zip(S, list(S)[1:], strict=False))


def allows(study: SealedStudy, what: Can) -> bool:
    return what in ALLOWS[S(study.state)]
