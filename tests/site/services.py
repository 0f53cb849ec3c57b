"""Real servers for tests, in a short-named temporary folder, gone at the end."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from leaderboard.up.postgres import FOR_TESTS, Postgres, environment
from leaderboard.up.redis import Redis


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    with _folder("holdout-pg-") as folder:
        postgres = Postgres(folder=folder / "made", sockets=folder / "socket", options=FOR_TESTS)
        postgres.make()
        with _running(postgres.command(), postgres.answers, folder / "log", environment()):
            yield postgres


@contextmanager
def running_redis() -> Iterator[Redis]:
    with _folder("holdout-redis-") as folder:
        redis = Redis(socket=folder / "redis.sock")
        with _running(redis.command(), redis.answers, folder / "log", None):
            yield redis


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)  # PostgreSQL may run as another user than ours
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(
    command: list[str], answers: Callable[[], bool], log: Path, environ: dict[str, str] | None
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, env=environ, cwd="/")
    try:
        while not answers():
            assert server.poll() is None, log.read_text()
            time.sleep(0.01)
        yield server
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(600)
