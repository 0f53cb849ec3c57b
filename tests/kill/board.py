"""A board of real processes that tests kill, freeze and ask; whatever becomes of a test, nothing of it stays."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg2
import requests

from evaluator.engine.host import SandboxKind
from leaderboard.states import ENDED
from leaderboard.up.board import Board, python
from leaderboard.up.command import make_ready
from leaderboard.up.folder import BoardFolder
from leaderboard.up.postgres import FOR_TESTS
from leaderboard.up.sandbox import end_stages
from leaderboard.up.supervisor import Part, Supervisor
from tests.kill.prepare import TRACK

PATIENCE_S = 180.0
LOOK_S = 0.02
ROOT = Path(__file__).resolve().parents[2]
SITE_ALONE = ("SECRET_KEY", "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "REDIS_URL", "HOLDOUT_", "PG")
OF_MODELS = "leaderboard_submission s JOIN leaderboard_model m ON m.id = s.model_id"
PARTS = ("postgres", "redis-site", "redis-hosts", "worker", "scorer", "gate", "web", "host")


@dataclass
class KilledBoard:
    board: Board
    supervisor: Supervisor
    said: list[str]
    client: dict[str, str] = field(default_factory=dict)

    # What happens to parts.

    def pid(self, name: str) -> int:
        self.until(f"{name} lives", lambda: self.supervisor.pid(name))
        return self.supervisor.pid(name) or 0

    def kill(self, name: str) -> None:
        """-9, its own process alone: what it leaves is the supervisor's to bury."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        self.until(f"{name} starts again", lambda: self.supervisor.pid(name) not in (None, pid))

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """It does nothing meanwhile, and may be killed so."""
        group = self.pid(name)
        os.killpg(group, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):
                os.killpg(group, signal.SIGCONT)

    # What is asked.

    def sql(self, query: str, *values: object) -> list[tuple]:
        with closing(self.connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def connection(self) -> "psycopg2.extensions.connection":
        """To a server that may be about to start."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                connection = psycopg2.connect(self.board.postgres.url)
            except psycopg2.OperationalError:
                assert time.monotonic() < deadline, f"PostgreSQL does not come back\n{self.tails()}"
                time.sleep(LOOK_S)
            else:
                connection.autocommit = True
                return connection

    def one(self, query: str, *values: object) -> object:
        return self.sql(query, *values)[0][0]

    def until(self, what: str, holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < deadline, f"it never came that {what}\n{self.tails()}"
            time.sleep(LOOK_S)

    def tails(self) -> str:
        """What a failure shows: where submissions stand, what happened to parts, the ends of their logs."""
        submissions = f"SELECT m.name, s.state, s.told FROM {OF_MODELS}"
        with suppress(psycopg2.Error, AssertionError):
            states = self.sql(submissions) if self.board.postgres.answers() else "PostgreSQL is away"
            return "\n".join([str(states), *self._tails()])
        return "\n".join(self._tails())

    def _tails(self) -> list[str]:
        logs = sorted(self.supervisor.logs.glob("*.log"))
        return [*self.said[-20:], *(f"--- {log.name}\n{self.supervisor.last_lines(log.stem, 25)}" for log in logs)]

    # What a participant's program asks.

    def asked(self, method: str, path: str, **more: object) -> requests.Response:
        headers = {"Authorization": f"Token {self.client['token']}", **more.pop("headers", {})}
        return requests.request(method, f"{self.address}/api/v1/{path}", headers=headers, timeout=60, **more)

    def insistent(self, method: str, path: str, **more: object) -> requests.Response:
        """As a client is told to be: what broke off or failed on our side is sent again."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(requests.ConnectionError):
                answer = self.asked(method, path, **more)
                if answer.status_code < 500:
                    return answer
            assert time.monotonic() < deadline, f"the site does not answer {method} {path}\n{self.tails()}"
            time.sleep(LOOK_S)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.board.port}"

    def draft(self, name: str) -> dict[str, str]:
        return {"team": self.client["team"], "track": TRACK, "new_model": name, "reference": "drug_mean"}

    def submit(self, name: str) -> str:
        """Its id."""
        answer = self.insistent("POST", "submissions/", json=self.draft(name), headers={"Idempotency-Key": name})
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def quota(self) -> tuple[int, int]:
        """Used today and under way, as the site counts them."""
        command = python("-m", "tests.kill.prepare", "quota")
        done = subprocess.run(command, env=self.board.site_environment(), capture_output=True, check=True, text=True)
        return tuple(json.loads(done.stdout))

    def withdraw_all(self) -> None:
        under_way = "SELECT id::text FROM leaderboard_submission WHERE state NOT IN %s"
        for (submission,) in self.sql(under_way, tuple(ENDED)):
            self.insistent("POST", f"submissions/{submission}/withdraw/")

    def state(self, submission: str) -> str:
        return self.one("SELECT state FROM leaderboard_submission WHERE id = %s", submission)

    def until_state(self, submission: str, *states: str) -> None:
        self.until(f"the submission is {' or '.join(states)}", lambda: self.state(submission) in states)


@contextmanager
def running_board() -> Iterator[KilledBoard]:
    place = Path(tempfile.mkdtemp(prefix="holdout-kill-"))
    place.chmod(0o711)  # PostgreSQL may run as another user than ours
    folder = place / "board"
    said: list[str] = []
    board = _board(folder)
    supervisor = Supervisor(logs=folder / "logs", say=said.append, first_delay_s=0.01)
    watcher = threading.Thread(target=supervisor.run)
    try:
        killed = KilledBoard(board, supervisor, said)
        _start(killed)
        watcher.start()
        yield killed
    finally:
        supervisor.stopping.set()
        if watcher.ident:
            watcher.join()
        supervisor.stop()
        _end(board)
        shutil.rmtree(place)


def _board(folder: Path) -> Board:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    given = {name: value for name, value in os.environ.items() if not name.startswith(SITE_ALONE)}
    given |= {
        "HOLDOUT_LEASE_S": "30",
        "HOLDOUT_TICK_S": "1",
        "HOLDOUT_HOST_REPORT_S": "0.3",
        "HOLDOUT_HOST_SLOTS": "2",
        "HOLDOUT_HOST_LEAST_FREE_MB": "1",
        "PYTHONPATH": str(ROOT),
    }
    return Board(folder=folder, port=port, sandbox=SandboxKind.PROCESS, secret_key="only-for-tests", given=given)


def _start(killed: KilledBoard) -> None:
    board, supervisor = killed.board, killed.supervisor
    make_ready(board)
    supervisor.logs.mkdir(exist_ok=True)
    supervisor.start([_as_tested(board, part) for part in board.servers()])
    site = board.site_environment()
    for name, command in (
        ("migrate", ("django", "migrate", "--no-input")),
        ("grant_scorer", ("django", "grant_scorer", "--no-password")),
        ("add_host", ("django", "add_host", board.host_name)),
        ("prepare", ("tests.kill.prepare",)),
    ):
        assert supervisor.once(name, python("-m", *command), site) == 0, supervisor.last_lines(name)
    killed.client = json.loads(supervisor.last_lines("prepare", 1))
    supervisor.start([_as_tested(board, part) for part in board.processes()])


def _as_tested(board: Board, part: Part) -> Part:
    """Nothing is asked to end in peace, and PostgreSQL does not wait for the disk: no machine is killed here."""
    postgres = replace(board.postgres, options=FOR_TESTS)
    command = postgres.command() if part.name == "postgres" else part.command
    return replace(part, command=command, stop_s=0.0)


def _end(board: Board) -> None:
    """What a failed test may have left: frozen parts, parts that were on their way, stages."""
    for pid in BoardFolder(board.folder).marked():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    end_stages(board.sandbox, board.host_folder)
    for pid in of_folder(board.folder):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def of_folder(folder: Path) -> dict[int, str]:
    """Processes that were started for something in a folder, or have something of it mounted."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone, or somebody else's
            texts = [(process / name).read_bytes() for name in ("cmdline", "environ", "mountinfo")]
            if any(os.fsencode(folder) in text for text in texts) and int(process.name) != os.getpid():
                found[int(process.name)] = texts[0].replace(b"\0", b" ").decode(errors="replace")
    return found
