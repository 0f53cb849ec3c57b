"""The host's side of a stage: a directory with its request, its disks, and, once it ended, its ending.

Everything that another process needs in order to adopt a stage is here or in the container's labels.
"""

import fcntl
import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.sandbox import disks
from evaluator.sandbox.request import Room
from evaluator.sandbox.stages import Ending, StageSpec

LOCKS = 64
DISK, MODEL = "disk", "model"
FILES = ("spec.json", "before.json", "ending.json", "stopped", "started", "disk.ext4", "model.ext4")


@dataclass(frozen=True, slots=True)
class StageRoom:
    path: Path

    @property
    def room(self) -> Room:
        disk = self.path / DISK
        return Room(out=disk / "out", log=disk / "log", model=self.path / MODEL / "model")

    @property
    def disk(self) -> Path:
        return self.path / DISK

    @property
    def model_disk(self) -> Path:
        return self.path / MODEL

    @property
    def model_image(self) -> Path:
        return self.path / "model.ext4"

    def furnish(self, spec: StageSpec) -> None:
        """Disks made and mounted, the request written down; what a killed engine left is cleared first."""
        self.clear()
        self.path.mkdir(parents=True)
        limits = spec.limits
        self._disk("disk.ext4", self.disk, limits.out_mb + limits.log_kb / 512, ("out", "log"), spec.uid)
        if spec.model is None:
            self._disk("model.ext4", self.model_disk, limits.model_mb, ("model",), spec.uid)
        else:
            disks.verify(spec.model)
            disks.mount(spec.model.path, self.model_disk, read_only=True)
        self.write("before.json", {"written_bytes": self._written_bytes()})
        self.write("spec.json", spec.to_json())

    def _disk(self, name: str, at: Path, size_mb: float, directories: tuple[str, ...], uid: int) -> None:
        disks.make(self.path / name, size_mb=size_mb)
        disks.mount(self.path / name, at)
        disks.make_directories(at, directories, uid=uid)

    def written_bytes(self) -> int | None:
        """Of the stage so far, its disks' own book-keeping included; None after the host was restarted under it."""
        if not all(at.is_mount() for at in self.writable):
            return None
        return self._written_bytes() - int(self._read("before.json")["written_bytes"])

    def _written_bytes(self) -> int:
        return sum(map(disks.written_bytes, self.writable))

    @property
    def writable(self) -> list[Path]:
        """The disks that are this stage's own: infer gets its model's read-only."""
        return [self.disk, self.model_disk] if self.model_image.exists() else [self.disk]

    def unmount(self) -> None:
        disks.unmount(self.disk)
        disks.unmount(self.model_disk)

    def clear(self) -> None:
        """Never walks anything: all that a stranger wrote lies within the disks' files."""
        if not self.path.exists():
            return
        self.unmount()
        for name in (*FILES, *(f"{name}.part" for name in FILES)):
            (self.path / name).unlink(missing_ok=True)
        for directory in (self.disk, self.model_disk, self.path):
            with suppress(FileNotFoundError):
                directory.rmdir()

    def write(self, name: str, value: dict[str, Any]) -> None:
        part = self.path / f"{name}.part"
        part.write_text(json.dumps(value))
        part.replace(self.path / name)

    def _read(self, name: str) -> Any:
        try:
            return json.loads((self.path / name).read_text())
        except FileNotFoundError:
            return None

    def spec(self) -> StageSpec | None:
        stored = self._read("spec.json")
        return None if stored is None else StageSpec.from_json(stored)

    def ending(self) -> Ending | None:
        stored = self._read("ending.json")
        return None if stored is None else Ending.from_json(stored)

    def mark(self, name: str) -> None:
        """`started` or `stopped`. A room that is gone needs no mark."""
        with suppress(FileNotFoundError):
            (self.path / name).touch()

    def marked(self, name: str) -> bool:
        return (self.path / name).exists()


class Rooms:
    """All stages' rooms under one directory. One lock a stage keeps two processes from furnishing the same one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("stages", "locks"):
            (root / name).mkdir(mode=0o711, parents=True, exist_ok=True)

    def of(self, key: str) -> StageRoom:
        return StageRoom(self.root / "stages" / key)

    def known(self) -> tuple[str, ...]:
        return tuple(sorted(path.name for path in (self.root / "stages").iterdir()))

    @contextmanager
    def locked(self, key: str) -> Iterator[StageRoom]:
        """Sixty-four files that stay are simpler than one a stage that must be removed without a race."""
        number = int(hashlib.sha256(key.encode()).hexdigest(), 16) % LOCKS
        with self.lock(str(number)):
            yield self.of(key)

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        with (self.root / "locks" / name).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
