"""The parts of a one-machine board: which there are, in what order, and what each may know."""

import http.client
import secrets
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from evaluator.engine.host import SandboxKind
from leaderboard.up.account import dying_with_parent
from leaderboard.up.folder import MARK
from leaderboard.up.postgres import Postgres
from leaderboard.up.postgres import environment as bare_environment
from leaderboard.up.redis import Redis
from leaderboard.up.supervisor import Part

SERVERS, SITE, DOORS = 0, 1, 2
SCORER_ROLE = "holdout_scorer"  # as leaderboard.sealed.grants has it, which no process may import before Django is up
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
    "HOLDOUT_LOGS",
)

# The scorer of sealed studies gets these and its own; the site gets what begins otherwise.
SCORER_KNOWS = (
    "PATH",
    "PYTHONPATH",
    "HOME",
    "LANG",
    "LC_",
    "TZ",
    "XDG_",
    "AWS_",
    "FSSPEC_",
    "LOG_LEVEL",
    "HOLDOUT_LOGS",
    "HOLDOUT_DEMONSTRATION",
    "HOLDOUT_SEALED_",
    "HOLDOUT_SCORER_",
)
SCORER_ALONE = ("HOLDOUT_SCORER_KEYS", "HOLDOUT_SCORER_DATABASE_URL")


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
    def metrics(self) -> Path:
        return self.folder / "metrics"

    @property
    def host_folder(self) -> Path:
        return self.folder / "host"

    @property
    def scorer_keys(self) -> Path:
        """Of a demonstration: the same user's as everything else, so it is no wall, only in its place."""
        return Path(self.given.get("HOLDOUT_SCORER_KEYS") or self.folder / "scorer" / "keys")

    @property
    def scorer_public(self) -> Path:
        return Path(self.given.get("HOLDOUT_SCORER_PUBLIC") or self.folder / "scorer-public")

    @property
    def scorer_database(self) -> str:
        """Empty where a database of others has no role for it: such a board scores no sealed study."""
        given = self.given.get("HOLDOUT_SCORER_DATABASE_URL", "")
        return given or (self.postgres.url_as(SCORER_ROLE) if self.postgres else "")

    @property
    def scorer_broker(self) -> str:
        """Its own database of the site's Redis, or its own server; hosts reach neither."""
        ours = f"{self.site_redis.url}?virtual_host=1" if self.site_redis else self.given["REDIS_URL"]
        return self.given.get("HOLDOUT_SCORER_BROKER") or ours

    def scorer_environment(self) -> dict[str, str]:
        """Nothing of the site's secrets; what signs its sessions is made up, since it has none."""
        known = {name: value for name, value in self.given.items() if name.startswith(SCORER_KNOWS)}
        ours = {
            MARK: str(self.folder),
            "SECRET_KEY": secrets.token_urlsafe(48),
            "SITE_URL": self.given.get("SITE_URL") or self.address,
            "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
            "HOLDOUT_VAR": str(self.scorer_keys.parent),
            "HOLDOUT_STORAGE": self.given.get("HOLDOUT_STORAGE") or str(self.folder / "storage"),
            "HOLDOUT_RELEASES": str(self.releases),
            "HOLDOUT_SCORER_KEYS": str(self.scorer_keys),
            "HOLDOUT_SCORER_PUBLIC": str(self.scorer_public),
            "HOLDOUT_SCORER_DATABASE_URL": self.scorer_database,
            "HOLDOUT_SCORER_BROKER": self.scorer_broker,
            "PYTHONUNBUFFERED": "1",
        }
        return known | ours

    def site_environment(self) -> dict[str, str]:
        ours = {
            "SECRET_KEY": self.secret_key,
            "SITE_URL": self.address,
            "DJANGO_SETTINGS_MODULE": "leaderboard.settings",
            "TMPDIR": str(self.temporary),  # takes archives of forms: 10 GB each, too much for a /tmp in memory
            "DATABASE_URL": self.postgres.url if self.postgres else "",
            "REDIS_URL": self.site_redis.url if self.site_redis else "",
        }
        given = {name: value for name, value in self.given.items() if value and name not in SCORER_ALONE}
        scorer = {"HOLDOUT_SCORER_BROKER": self.scorer_broker, "HOLDOUT_SCORER_PUBLIC": str(self.scorer_public)}
        return {**ours, **given, **scorer, "HOLDOUT_VAR": str(self.folder), **self._shared()}

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
        parts = [
            Part(name="worker", command=self._worker(), environment=site, order=SITE),
            Part(name="scorer", command=self._scorer(), environment=site, order=SITE),
            *self._sealed(),
            Part(name="gate", command=python("-m", "leaderboard.hosting.gate"), environment=site, order=SITE),
            Part(
                name="web",
                command=self._web(),
                environment=site | self._counting(),
                order=DOORS,
                answers=self._web_answers,
            ),
            Part(
                name="host",
                command=python("-m", "evaluator.worker"),
                environment=self.host_environment(),
                order=DOORS,
            ),
        ]
        return [replace(part, environment={**part.environment, "HOLDOUT_PART": part.name}) for part in parts]

    def _counting(self) -> dict[str, str]:
        """Where the processes of the site count requests, for /metrics."""
        return {"PROMETHEUS_MULTIPROC_DIR": str(self.metrics)}

    def _sealed(self) -> list[Part]:
        """The scorer of sealed studies, where there are keys and a role for it."""
        if not self.scorer_keys.exists() or not self.scorer_database:
            return []
        schedule = str(self.scorer_keys.parent / "beat-schedule")
        command = self._celery("sealed", "-B", "--schedule", schedule, app="leaderboard.sealed.queue")
        return [Part(name="sealed-scorer", command=command, environment=self.scorer_environment(), order=SITE)]

    def _web(self) -> list[str]:
        # --timeout watches the worker, not the uploads that its threads receive: those BoundedWorker cuts off.
        options = {
            "bind": f"127.0.0.1:{self.port}",
            "worker-class": "leaderboard.web.BoundedWorker",
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

    def _celery(self, queue: str, *more: str, app: str = "leaderboard.celery") -> list[str]:
        options = ("-n", f"{queue}@%h", "-Q", queue, "--concurrency", "1", "--loglevel", "WARNING", "--without-mingle")
        return python("-m", "celery", "-A", app, "worker", *options, *more)

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
