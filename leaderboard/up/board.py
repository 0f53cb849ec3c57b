"""The parts of a one-machine board: which there are, in what order, and what each may know."""

import http.client
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evaluator.engine.host import SandboxKind
from leaderboard.up.account import dying_with_parent
from leaderboard.up.folder import MARK
from leaderboard.up.postgres import Postgres
from leaderboard.up.postgres import environment as bare_environment
from leaderboard.up.redis import Redis
from leaderboard.up.supervisor import Part

SERVERS, SITE, DOORS = 0, 1, 2
# A host holds no database credentials and no keys, so it gets named variables and no others.
HOST_KNOWS = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "LC_",
    "TMPDIR",
    "TZ",
    "XDG_",
    "DOCKER_",
    "AWS_",
    "FSSPEC_",
    "HOLDOUT_HOST_",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    folder: Path
    port: int
    sandbox: SandboxKind
    secret_key: str
    given: Mapping[str, str]
    """The environment of `holdout up`: DATABASE_URL, REDIS_URL, HOLDOUT_HOST_BROKER in it replace servers of ours."""

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def postgres(self) -> Postgres | None:
        ours = Postgres(folder=self.folder / "postgres", sockets=self.folder / "postgres-socket")
        return None if self.given.get("DATABASE_URL") else ours

    @property
    def site_redis(self) -> Redis | None:
        return None if self.given.get("REDIS_URL") else Redis(self.folder / "redis-site.sock")

    @property
    def host_redis(self) -> Redis | None:
        return None if self.given.get("HOLDOUT_HOST_BROKER") else Redis(self.folder / "redis-hosts.sock")

    @property
    def host_name(self) -> str:
        return self.given.get("HOLDOUT_HOST_NAME") or "local"

    @property
    def releases(self) -> Path:
        return Path(self.given.get("HOLDOUT_RELEASES") or self.folder / "releases")

    @property
    def temporary(self) -> Path:
        return self.folder / "tmp"

    @property
    def host_folder(self) -> Path:
        return self.folder / "host"

    def site_environment(self) -> dict[str, str]:
        ours = {
            "SECRET_KEY": self.secret_key,
            "SITE_URL": self.address,
            "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
            "TMPDIR": str(self.temporary),  # takes archives of forms: 10 GB each, too much for a /tmp in memory
            "DATABASE_URL": self.postgres.url if self.postgres else "",
            "REDIS_URL": self.site_redis.url if self.site_redis else "",
        }
        given = {name: value for name, value in self.given.items() if value}
        return {**ours, **given, "HOLDOUT_VAR": str(self.folder), **self._shared()}

    def host_environment(self) -> dict[str, str]:
        known = {name: value for name, value in self.given.items() if name.startswith(HOST_KNOWS)}
        registries = {"HOLDOUT_HOST_REGISTRIES": self.given.get("HOLDOUT_REGISTRIES", "")}
        ours = {"HOLDOUT_HOST_NAME": self.host_name, "HOLDOUT_HOST_FOLDER": str(self.host_folder)}
        return {**registries, **known, **ours, **self._shared()}

    def _shared(self) -> dict[str, str]:
        """What the site and its host both know."""
        return {
            MARK: str(self.folder),
            "HOLDOUT_HOST_BROKER": self.host_redis.url if self.host_redis else self.given["HOLDOUT_HOST_BROKER"],
            "HOLDOUT_STORAGE": self.given.get("HOLDOUT_STORAGE") or str(self.folder / "storage"),
            "HOLDOUT_RELEASES": str(self.releases),
            "HOLDOUT_SANDBOX": str(self.sandbox),
            "PYTHONUNBUFFERED": "1",
        }

    def servers(self) -> list[Part]:
        mark = {MARK: str(self.folder)}
        parts = []
        if self.postgres:
            parts.append(
                Part(
                    name="postgres",
                    command=self.postgres.command(),
                    environment=bare_environment() | mark,
                    order=SERVERS,
                    answers=self.postgres.answers,
                    stop_signal=signal.SIGINT,
                    stop_s=30.0,
                )
            )
        for name, redis in (("redis-site", self.site_redis), ("redis-hosts", self.host_redis)):
            if redis:
                parts.append(
                    Part(
                        name=name,
                        command=redis.command(),
                        environment=bare_environment() | mark,
                        order=SERVERS,
                        answers=redis.answers,
                    )
                )
        return parts

    def processes(self) -> list[Part]:
        site = self.site_environment()
        return [
            Part(name="worker", command=self._worker(), environment=site, order=SITE),
            Part(name="scorer", command=self._scorer(), environment=site, order=SITE),
            Part(name="gate", command=python("-m", "leaderboard.hosting.gate"), environment=site, order=SITE),
            Part(name="web", command=self._web(), environment=site, order=DOORS, answers=self._web_answers),
            Part(
                name="host",
                command=python("-m", "evaluator.worker"),
                environment=self.host_environment(),
                order=DOORS,
            ),
        ]

    def _web(self) -> list[str]:
        # A request of a thread may take as long as it needs: --timeout watches the worker, not the upload it receives.
        options = {
            "bind": f"127.0.0.1:{self.port}",
            "worker-class": "gthread",
            "workers": "2",
            "threads": "8",
            "timeout": "60",
            "graceful-timeout": "3",
            "keep-alive": "15",
        }
        words = [f"--{name}={value}" for name, value in options.items()]
        return python("-m", "gunicorn", "leaderboard.wsgi", "--no-control-socket", *words)

    def _worker(self) -> list[str]:
        schedule = str(self.folder / "beat-schedule")
        return self._celery("celery", "-B", "--schedule", schedule)

    def _scorer(self) -> list[str]:
        return self._celery("scores")

    def _celery(self, queue: str, *more: str) -> list[str]:
        options = ("-n", f"{queue}@%h", "-Q", queue, "--concurrency", "1", "--loglevel", "WARNING", "--without-mingle")
        return python("-m", "celery", "-A", "leaderboard.celery", "worker", *options, *more)

    def _web_answers(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/", headers={"Host": "localhost"})
            return connection.getresponse().status < 500
        except OSError:
            return False
        finally:
            connection.close()


def python(*arguments: str) -> list[str]:
    return [*dying_with_parent("TERM"), sys.executable, *arguments]
