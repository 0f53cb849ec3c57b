"""The command that puts a process of ours behind bubblewrap's walls: no network, own processes, a read-only root."""

import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from evaluator.sandbox.stages import Mount

UNBOUND = {"proc", "dev", "holdout", "run"}  # in /run lie the sockets of the host's services


@cache
def works() -> bool:
    """Installed, and this kernel and user may make the namespaces."""
    try:
        done = subprocess.run([*walls(Path("/")), "true"], capture_output=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def walls(root: Path) -> list[str]:
    """Up to the mounts. Each entry of the root is bound by itself, so that /holdout can be made beside them."""
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv"]
    for entry in sorted(root.iterdir()):
        if entry.name in UNBOUND:
            continue
        link = entry.is_symlink()
        command += (
            ["--symlink", str(entry.readlink()), str(entry)] if link else ["--ro-bind-try", str(entry), str(entry)]
        )
    return [*command, "--proc", "/proc", "--dev", "/dev", "--chdir", "/"]


def wrapped(
    command: Sequence[str],
    *,
    root: Path,
    read_only: Sequence[Mount],
    writable: Sequence[Mount],
    environment: Mapping[str, str],
    devices: Sequence[Path] = (),
) -> list[str]:
    mounts = [
        *(("--bind", mount) for mount in writable),
        *(("--ro-bind", mount) for mount in read_only),
        *(("--dev-bind", Mount(device, str(device))) for device in devices),
    ]
    return [
        *walls(root),
        *(part for option, mount in mounts for part in (option, str(mount.source), mount.target)),
        *(part for name, value in environment.items() for part in ("--setenv", name, value)),
        *("--remount-ro", "/"),
        *command,
    ]
