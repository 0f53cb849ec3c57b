"""What a container used, from the control group that we made its parent.

The container's own group goes with it; the parent's sums stay until we remove it, and nothing inside can write to them.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Usage:
    memory_mb: float | None
    cpu_s: float | None


def parent_of(key: str, *, namespace: str, systemd: bool) -> str:
    """Its name can be read inside, so it says nothing of the stage."""
    name = hashlib.sha256(f"{namespace}/{key}".encode()).hexdigest()[:24]
    return f"holdout-{name}.slice" if systemd else f"/holdout/{name}"


def usage(parent: str, *, root: Path = ROOT) -> Usage:
    """None for a figure that this host does not keep."""
    v1 = root / "memory"
    peak = _number(v1, parent, "memory.max_usage_in_bytes") if v1.is_dir() else _number(root, parent, "memory.peak")
    cpu_ns = _number(root / "cpuacct", parent, "cpuacct.usage") if v1.is_dir() else _cpu_ns_v2(root, parent)
    return Usage(None if peak is None else peak / 2**20, None if cpu_ns is None else cpu_ns / 1e9)


def remove(parent: str, *, root: Path = ROOT) -> None:
    """A group that is in use stays; systemd removes its own."""
    for hierarchy in _hierarchies(root):
        group = _group(hierarchy, parent)
        if group.is_dir() and not parent.endswith(".slice"):
            try:
                group.rmdir()
            except OSError:
                continue


def _hierarchies(root: Path) -> Iterator[Path]:
    if (root / "cgroup.controllers").exists():
        yield root
    else:
        yield from (path for path in root.iterdir() if path.is_dir() and not path.is_symlink())


def _group(hierarchy: Path, parent: str) -> Path:
    # systemd nests "holdout-x.slice" in "holdout.slice".
    return hierarchy / "holdout.slice" / parent if parent.endswith(".slice") else hierarchy / parent.lstrip("/")


def _number(hierarchy: Path, parent: str, name: str) -> int | None:
    try:
        return int((_group(hierarchy, parent) / name).read_text())
    except (OSError, ValueError):
        return None


def _cpu_ns_v2(root: Path, parent: str) -> int | None:
    try:
        lines = (_group(root, parent) / "cpu.stat").read_text().splitlines()
    except OSError:
        return None
    return next((1000 * int(line.split()[1]) for line in lines if line.startswith("usage_usec ")), None)
