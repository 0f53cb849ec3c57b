"""How a part is started: it dies with its parent, and one that refuses root runs as an unprivileged account."""

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

from leaderboard.up.errors import BoardError

UNPRIVILEGED = "nobody"
# Either lets an account pass through folders that are closed to it (a checkout in /root); the first allows no writing.
PASSES = {"dac_read_search": 1 << 2, "dac_override": 1 << 1}


def dying_with_parent(signal_name: str, *options: str) -> list[str]:
    """A prefix for a command that this process starts; empty where the system has no such thing (macOS).

    A parent that died before its child could ask for the signal sends none: such a child ends before the command.
    """
    setpriv = shutil.which("setpriv")
    if not setpriv:
        return []
    unless_orphaned = ["/bin/sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid())]
    return [setpriv, "--pdeathsig", signal_name, *options, *unless_orphaned]


def unprivileged(signal_name: str, *, needs: Sequence[Path]) -> list[str]:
    """The same, and root becomes UNPRIVILEGED, which reaches `needs` even where a folder above them is closed to it.

    No folder's permissions are loosened for that: the process alone may pass.
    """
    if os.geteuid() != 0:
        return dying_with_parent(signal_name)
    options = [f"--reuid={UNPRIVILEGED}", f"--regid={pwd.getpwnam(UNPRIVILEGED).pw_gid}", "--clear-groups"]
    if not all(_open_to_all(path) for path in needs):
        options += _pass(needs)
    prefix = dying_with_parent(signal_name, *options)
    if not prefix:
        raise BoardError("PostgreSQL refuses to run as root, and this system has no setpriv: start as another user")
    return prefix


def own(folder: Path) -> None:
    """As root, give a folder that we just made to UNPRIVILEGED."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, account.pw_uid, account.pw_gid)


def _open_to_all(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)


def _pass(needs: Sequence[Path]) -> list[str]:
    held = _bounding_set()
    capability = next((name for name, bit in PASSES.items() if held & bit), None)
    if capability is None:
        raise BoardError(
            f"PostgreSQL refuses to run as root, and as {UNPRIVILEGED} it cannot reach {' or '.join(map(str, needs))}: "
            "start as another user, or move the project and --folder out of closed folders"
        )
    # access(2) asks for the real user's rights and would forget the capability without the last of these.
    return [
        *(f"--{kind}=-all,+{capability}" for kind in ("inh-caps", "bounding-set", "ambient-caps")),
        "--securebits=+no_setuid_fixup",
    ]


def _bounding_set() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in status if line.startswith("CapBnd:")), 16)
