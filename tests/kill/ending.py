"""What has to be so when a submission has ended, whatever was killed meanwhile."""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from leaderboard.states import ENDED
from tests.kill.board import OF_MODELS, KilledBoard, of_folder
from tests.kill.prepare import TRACK

RUNS = {"check": 1, "smoke": 1, "track": 2}
OF_SUBMISSION = "JOIN leaderboard_run r ON r.id = a.run_id WHERE r.submission_id = %s"
ATTEMPTS = f"SELECT r.id, a.state, a.id::text, r.failures_of_ours, r.state FROM leaderboard_attempt a {OF_SUBMISSION}"
REFUNDS = (
    "SELECT f.attempt_id::text FROM leaderboard_refund f "
    f"JOIN leaderboard_attempt a ON a.id = f.attempt_id {OF_SUBMISSION}"
)
DELIVERED = (
    "SELECT r.purpose, r.spec->>'arm', s.target, replace(a.id::text, '-', ''), s.manifest FROM leaderboard_stage s "
    f"JOIN leaderboard_attempt a ON a.id = s.attempt_id {OF_SUBMISSION} AND a.state = 'done' AND s.kind = 'infer'"
)
CARD = (
    "SELECT c.card::text, c.summary::text, c.draws FROM leaderboard_scorecard c "
    "JOIN leaderboard_evaluation e ON e.id = c.evaluation_id WHERE e.submission_id = %s"
)
OF_THE_HOST = ("attempts", "collected", "images", "sandbox/stages", "stages")


@dataclass(frozen=True, slots=True)
class Scores:
    """To the last bit: JSON as PostgreSQL has it, files by their sha256."""

    card: str
    summary: str
    draws: str
    predictions: dict[tuple[str, str, str], str]


def scores_of(board: KilledBoard, submission: str) -> Scores:
    storage = board.board.folder / "storage"
    ((card, summary, draws),) = board.sql(CARD, submission)
    predictions = {}
    for purpose, arm, target, attempt, manifest in board.sql(DELIVERED, submission):
        folder = storage / "attempts" / attempt / f"infer-{target}"
        assert _sha256(folder / "manifest.json") == manifest
        assert (purpose, arm, target) not in predictions
        predictions[purpose, arm, target] = _sha256(folder / "predictions.f4")
    return Scores(card, summary, _sha256(storage / draws), predictions)


def published(board: KilledBoard, name: str) -> str:
    """The id of the one submission of that name, published by itself, with everything that follows from that."""
    ((submission,),) = board.sql(f"SELECT s.id::text FROM {OF_MODELS} WHERE m.name = %s", name)
    board.until_state(submission, *ENDED, "waiting")
    assert board.state(submission) == "published", board.tails()
    _counted_once(board, submission)
    _shown_once(board, name)
    _nothing_left(board)
    return submission


def _counted_once(board: KilledBoard, submission: str) -> None:
    made = board.sql("SELECT purpose, count(*) FROM leaderboard_run WHERE submission_id = %s GROUP BY 1", submission)
    assert dict(made) == RUNS
    given_up = set()
    attempts = board.sql(ATTEMPTS, submission)
    for run in {row[0] for row in attempts}:
        mine = [row for row in attempts if row[0] == run]
        lost = {attempt for _, state, attempt, _, _ in mine if state == "given up"}
        assert sorted(state for _, state, *_ in mine if state != "given up") == ["done"], board.tails()
        assert {row[3:] for row in mine} == {(len(lost), "done")}
        given_up |= lost
    refunded = [attempt for (attempt,) in board.sql(REFUNDS, submission)]
    if len(refunded) < len(given_up):
        board.until("what was lost is refunded", lambda: len(board.sql(REFUNDS, submission)) == len(given_up))
        refunded = [attempt for (attempt,) in board.sql(REFUNDS, submission)]
    assert sorted(refunded) == sorted(given_up)


def _shown_once(board: KilledBoard, name: str) -> None:
    def shown() -> int:
        rows = json.loads(board.insistent("GET", f"boards/{TRACK}/").text)["rows"]
        return [row["model"] for row in rows].count(name)

    board.until(f"{name} is on the board", shown)
    assert shown() == 1


def _nothing_left(board: KilledBoard) -> None:
    board.until(f"nothing is left on the host, where there is {left_on(board)}", lambda: not left_on(board))


def left_on(board: KilledBoard) -> list[str]:
    """Stages, containers, models, files, processes and mounts of submissions."""
    host = board.board.host_folder
    found = [str(path) for name in OF_THE_HOST for path in host.glob(f"{name}/*")]
    found += [str(path) for path in host.glob("jobs/*/*") if path.name != "shared"]
    found += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(host) in line]
    return found + [what for pid, what in of_folder(host).items() if not _is_of_a_part(board, pid)]


def _is_of_a_part(board: KilledBoard, pid: int) -> bool:
    try:
        group = os.getpgid(pid)
    except ProcessLookupError:
        return True  # gone
    return group == board.supervisor.pid("host")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
