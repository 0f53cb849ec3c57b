"""Every part killed -9 once, at the moment of a submission that hurts most. It ends right, without a person."""

import fcntl
import hashlib
import http.client
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import redis
import requests

from evaluator.worker import reports_of
from tests.kill.board import OF_MODELS
from tests.kill.ending import left_on
from tests.kill.moments import held, ticks_held

PIECE_BYTES = 4 << 20


def emptied(server):
    with closing(client_of(server)) as client:
        client.flushall()


def client_of(server):
    return redis.Redis(unix_socket_path=str(server.socket))


def attempts_in(board, purpose):
    rows = board.sql(
        "SELECT replace(a.id::text, '-', '') FROM leaderboard_attempt a JOIN leaderboard_run r ON r.id = a.run_id "
        "WHERE a.state = 'open' AND r.purpose = %s",
        purpose,
    )
    return [attempt for (attempt,) in rows]


def running_stages(board):
    """Those of which the host's folder says that they run."""
    rooms = (board.board.host_folder / "sandbox" / "stages").glob("*/supervisor.json")
    return [room.parent for room in rooms if not (room.parent / "ending.json").exists()]


def given_up(board, name):
    """How many attempts at a model."""
    return board.one(
        "SELECT count(*) FROM leaderboard_attempt a JOIN leaderboard_run r ON r.id = a.run_id "
        f"JOIN ({OF_MODELS}) ON s.id = r.submission_id WHERE m.name = %s AND a.state = 'given up'",
        name,
    )


@contextmanager
def host_away(board):
    """The host is dead, and another has its place for a while."""
    with (board.board.host_folder / "lock").open("w") as lock:
        with board.frozen("host"):
            os.kill(board.pid("host"), signal.SIGKILL)
            board.until("the dead host lets go of its folder", lambda: _locked(lock))
        yield


def _locked(lock):
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def test_postgresql_dies_in_the_middle_of_a_reconciliation(board, name, ends_right):
    with held(board, "stage", "NEW.state = 'ended' AND NEW.kind = 'infer'") as moment:
        board.submit(name)
        moment.wait()
        board.kill("postgres")
    ends_right()


def test_a_host_dies_after_a_container_has_ended_and_before_it_says_so(board, name, ends_right):
    board.submit(name)
    board.until("a stage runs", lambda: running_stages(board))
    with board.frozen("host"):
        board.until("it has ended", lambda: not running_stages(board))
        board.kill("host")
    ends_right()
    assert given_up(board, name) == 0


def test_a_host_dies_between_the_upload_and_its_manifest(board, name, ends_right):
    board.submit(name)
    board.until("the track is begun", lambda: len(attempts_in(board, "track")) == 2)
    storage = board.board.folder / "storage" / "attempts"
    folders = [storage / attempt / "infer-SynthA" for attempt in attempts_in(board, "track")]
    for folder in folders:
        (folder / "manifest.json" / "in the way").mkdir(parents=True)
    board.until("predictions are uploaded", lambda: any((folder / "predictions.f4").exists() for folder in folders))
    with board.frozen("host"):
        for folder in folders:
            (folder / "manifest.json" / "in the way").rmdir()
            (folder / "manifest.json").rmdir()
        board.kill("host")
    ends_right()
    assert given_up(board, name) == 0


def test_a_host_that_stays_away_loses_what_it_ran_and_finds_it_removed(board, name, ends_right):
    submission = board.submit(name)
    board.until("the track is begun", lambda: len(attempts_in(board, "track")) == 2 and running_stages(board))
    with host_away(board):
        board.sql("UPDATE leaderboard_host SET reported_at = now() - interval '1 hour'")  # so long is an outage
        board.until("its attempts are given up", lambda: not attempts_in(board, "track"))
        assert left_on(board)
        board.until("the tick takes it as begun", lambda: board.state(submission) == "running")
    ends_right()
    assert given_up(board, name) == 2


def test_the_scorer_dies_in_the_middle_of_scoring_and_again_of_publishing(board, name, ends_right):
    with held(board, "submission", "NEW.state = 'published'") as moment:
        board.submit(name)
        board.until("a scorer is at it", lambda: board.one(SCORERS) == 1)
        board.kill("scorer")
        moment.wait()
        board.kill("scorer")
    ends_right()


SCORERS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = x'5C0E'::int AND granted"


def test_the_gate_dies_when_a_report_is_committed_and_not_yet_answered(board, name, ends_right):
    with held(board, "stage", "NEW.state = 'ended' AND NEW.kind = 'train'") as moment:
        board.submit(name)
        moment.wait()
        with board.frozen("redis-hosts"):
            moment.release()
            board.until("the report is committed", lambda: board.one(ENDED_TRAININGS) == 1)
            board.kill("gate")
    ends_right()
    assert given_up(board, name) == 0


ENDED_TRAININGS = (
    "SELECT count(*) FROM leaderboard_stage s JOIN leaderboard_attempt a ON a.id = s.attempt_id "
    "WHERE a.state = 'open' AND s.kind = 'train' AND s.state = 'ended'"
)


def test_the_hosts_redis_dies_with_the_report_of_an_end_in_it(board, name, ends_right):
    board.submit(name)
    board.until("a stage runs", lambda: running_stages(board))
    with board.frozen("gate"), closing(client_of(board.board.host_redis)) as client:
        board.until("it has ended", lambda: not running_stages(board))
        emptied(board.board.host_redis)
        board.until("reports wait", lambda: client.llen(reports_of(board.board.host_name)) > 1)
        board.kill("redis-hosts")
    ends_right()
    assert given_up(board, name) == 0


def test_the_sites_redis_dies_with_the_call_to_begin_and_with_the_call_to_score(board, name, ends_right):
    with held(board, "evaluation", "NEW.scoring_asked_at IS NOT NULL") as moment:
        with board.frozen("worker"):
            board.submit(name)
            board.kill("redis-site")
        moment.wait()
        board.kill("redis-site")
    ends_right()


def test_a_worker_is_not_deaf_after_its_redis_died_with_tasks_in_its_hands(board, name, ends_right):
    """What it could not acknowledge counts against no bound of what it may take."""
    for _ in range(5):
        with ticks_held(board):
            board.kill("redis-site")
    board.submit(name)
    ends_right()


def test_each_redis_is_emptied_in_every_state(board, name, ends_right):
    submission, seen = board.submit(name), set()

    def has_ended():
        state = board.state(submission)
        if state not in seen:
            seen.add(state)
            emptied(board.board.site_redis)
            emptied(board.board.host_redis)
        return state == "published"

    board.until("it is published", has_ended)
    ends_right()
    assert {"smoke", "running", "scoring"} <= seen


def test_a_submission_is_taken_while_the_sites_redis_hangs(board, name, ends_right):
    with board.frozen("redis-site"):
        assert board.submit(name)
    ends_right()


def test_the_web_server_dies_before_a_submission_is_committed_and_after(board, name, ends_right):
    used, _ = board.quota()
    with held(board, "submission", "true", of="INSERT") as moment, asking(board, name) as client:
        moment.wait()
        board.kill("web")
        assert broke_off(client)
    with board.frozen("redis-site"), asking(board, name) as client:
        board.until("it is committed", lambda: board.one(OF_NAME, name) == 1)
        board.kill("web")
        assert broke_off(client)
    board.submit(name)
    assert board.one(OF_NAME, name) == 1
    ends_right()
    assert board.quota() == (used + 1, 0)


OF_NAME = f"SELECT count(*) FROM {OF_MODELS} WHERE m.name = %s"


@contextmanager
def asking(board, name):
    """A client whose request is on its way."""
    assert board.insistent("GET", "me/").ok
    with ThreadPoolExecutor(1) as one:
        yield one.submit(board.asked, "POST", "submissions/", json=board.draft(name), headers={"Idempotency-Key": name})


def broke_off(client):
    return isinstance(client.exception(timeout=60), requests.ConnectionError)


def test_the_web_server_dies_in_the_middle_of_a_piece_of_an_upload(board):
    content = os.urandom(2 * PIECE_BYTES)
    sha256 = hashlib.sha256(content).hexdigest()
    draft = {"team": board.client["team"], "name": "model.tar", "size_bytes": len(content), "sha256": sha256}
    upload = board.insistent("POST", "uploads/", json=draft).json()["id"]
    file = board.board.folder / "storage" / "uploads" / upload
    assert patch(board, upload, content[:PIECE_BYTES], 0).json()["received_bytes"] == PIECE_BYTES
    with closing(http.client.HTTPConnection("127.0.0.1", board.board.port)) as client:
        client.putrequest("PATCH", f"/api/v1/uploads/{upload}/")
        for header, value in (patch_headers(board, PIECE_BYTES) | {"Content-Length": str(PIECE_BYTES)}).items():
            client.putheader(header, value)
        client.endheaders(content[PIECE_BYTES:-1])
        board.until("some of the piece is there", lambda: file.stat().st_size > PIECE_BYTES)
        board.kill("web")
    known = board.insistent("GET", f"uploads/{upload}/").json()["received_bytes"]
    assert known == PIECE_BYTES
    answer = patch(board, upload, content[known:], known).json()
    assert (answer["state"], answer["sha256"]) == ("complete", sha256)
    assert file.read_bytes() == content
    assert board.insistent("DELETE", f"uploads/{upload}/").status_code == 204


def patch_headers(board, offset):
    return {
        "Authorization": f"Token {board.client['token']}",
        "Content-Type": "application/octet-stream",
        "Upload-Offset": str(offset),
    }


def patch(board, upload, piece, offset):
    return board.insistent("PATCH", f"uploads/{upload}/", data=piece, headers=patch_headers(board, offset))
