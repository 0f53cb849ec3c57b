"""The rows of the site, by noun."""

from leaderboard.models.answers import KeptAnswer
from leaderboard.models.audit import Act
from leaderboard.models.benchmark import Release, TeamQuota, Track
from leaderboard.models.boards import PastBoard, WholeBoard
from leaderboard.models.entries import Model, ModelKind, Submission, Upload
from leaderboard.models.people import Invitation, Membership, Person, Role, Team
from leaderboard.models.published import PublishedBoard, PublishedScore
from leaderboard.models.scores import Board, DrugList, Scorecard, ScorePart
from leaderboard.models.sealed import Certificate, Opening, SealedScore, SealedStudy, StudyStep
from leaderboard.models.tokens import Scope, Token
from leaderboard.models.work import Attempt, Evaluation, Host, Refund, Run, Stage

__all__ = [
    "Act",
    "Attempt",
    "Board",
    "Certificate",
    "DrugList",
    "Evaluation",
    "Host",
    "Invitation",
    "KeptAnswer",
    "Membership",
    "Model",
    "ModelKind",
    "Opening",
    "PastBoard",
    "Person",
    "PublishedBoard",
    "PublishedScore",
    "Refund",
    "Release",
    "Role",
    "Run",
    "Scope",
    "ScorePart",
    "Scorecard",
    "SealedScore",
    "SealedStudy",
    "Stage",
    "StudyStep",
    "Submission",
    "Team",
    "TeamQuota",
    "Token",
    "Track",
    "Upload",
    "WholeBoard",
]
