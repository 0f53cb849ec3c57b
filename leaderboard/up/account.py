"""How a part is started: it dies with its parent, and one that refuses root runs as an unprivileged account."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from leaderboard.up.errors import BoardError

UNPRIVILEGED = "nobody"
# Either lets an account walk through folders that are closed to it (a checkout in /root); the first lets it do nothing else.
PASSES = {"dac_read_search": 2, "dac_override": 1}


def dies_with_parent(signal_name: str) -> list[str]:
    """A prefix for a command. Empty where the system has no such thing (macOS)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", signal_name] if setpriv else []


def unprivileged(signal_name: str, needs: Sequence[Path], *, root: bool | None = None) -> list[str]:
    """The same prefix, and as root it becomes UNPRIVILEGED, which can reach `needs` although folders above them are closed.

    No folder's permissions are loosened: the process alone may pass through them.
    """
    prefix = dies_with_parent(signal_name)
    if not (os.geteuid() == 0 if root is None else root):
        return prefix
    if not prefix:
        raise BoardError("PostgreSQL does not run as root, and setpriv is not here to change user: start as another user")
    prefix += ["--reuid", UNPRIVILEGED, "--regid", UNPRIVILEGED_GROUP(), "--clear-groups"]
    return prefix if all(open_to_all(path) for path in needs) else prefix + _pass()
