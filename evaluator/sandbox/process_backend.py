"""The sandbox for code that we trust: reference models of this installation, without Docker.

It takes `reference:<name>` and no image, so that nothing of a stranger can be run in it by mistake. With bubblewrap
there is no network and a read-only root; without it there are resource limits alone.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from evaluator.sandbox import bubblewrap, gpus, outputs
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.request import environment
from evaluator.sandbox.rooms import Rooms, StageRoom
from evaluator.sandbox.stages import (
    Command,
    Ended,
    Ending,
    Found,
    Gone,
    ModelFile,
    Mount,
    Outputs,
    Running,
    StageSpec,
    State,
)
from evaluator.sandbox.supervise import started_at, write_json

REFERENCE = re.compile(r"reference:([a-z][a-z0-9_]*)")
PACKAGE = "reference_models"
INSIDE = "/holdout"
END_S, POLL_S = 5.0, 0.02
KEPT_ENVIRONMENT = ("PATH", "LANG", "LD_LIBRARY_PATH")


class ProcessSandbox:
    def __init__(self, root: Path, *, walled: bool | None = None, host_gpus: tuple[str, ...] | None = None) -> None:
        """`walled`: with bubblewrap; asked of the machine when it is not said."""
        self.rooms = Rooms(root)
        self.walled = bubblewrap.works() if walled is None else walled
        self.gpus = gpus.on_this_host() if host_gpus is None else host_gpus

    def start(self, spec: StageSpec) -> None:
        module = reference_module(spec.image)
        if spec.entrypoint:
            reason = f"the process sandbox runs {spec.image} as it is and nothing in its place: use docker"
            raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
        with self.rooms.locked(spec.key) as room:
            if (room.path / "supervisor.json").exists():
                if room.spec() != spec:
                    reason = f"another stage was started under the key {spec.key}: discard it first, or use another key"
                    raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
                return
            try:
                self._launch(spec, room, module)
            except BaseException:
                _remove(room)
                raise

    def look(self, key: str) -> State:
        room = self.rooms.of(key)
        if (ending := room.ending()) is not None:
            return Ended(ending)
        supervisor = _supervisor(room)
        if supervisor is None:
            return Gone()
        pid, birth = supervisor
        if started_at(pid) == birth:
            return Running(_age_s(birth))
        if (ending := room.ending()) is not None:  # it ended between the two questions
            return Ended(ending)
        lost = Outcome.SANDBOX_LOST
        return Ended(Ending(outcome=lost, exit_code=None, oom_killed=False, wall_s=0.0, reason=lost.sentence))

    def stop(self, key: str) -> None:
        if isinstance(self.look(key), Running):
            room = self.rooms.of(key)
            room.mark("stopped")
            _signal(room, signal.SIGTERM)

    def collect(self, key: str, into: Path) -> Outputs:
        state = self.look(key)
        ending = state.ending if isinstance(state, Ended) else None
        if ending is None:
            raise LookupError(f"stage {key} has not ended on this host")
        if ending.outcome is not Outcome.FINISHED:
            return Outputs(ending=ending)
        into.mkdir(parents=True, exist_ok=True)
        with self.rooms.locked(key) as room:
            spec = room.spec()
            assert spec is not None
            tree = room.path / "tree"
            if spec.command is Command.INFER:
                return outputs.owed(ending, tree / "out", into=into, most_bytes=spec.limits.out_mb << 20)
            try:
                kept = _packed(tree / "model", into / "model.tar", most_bytes=spec.limits.model_mb << 20)
            except SandboxRefusalError as refusal:
                return Outputs(ending=replace(ending, outcome=refusal.outcome, reason=refusal.reason))
            return Outputs(ending=ending, model=kept)

    def discard(self, key: str) -> None:
        with self.rooms.locked(key) as room:
            _end(room)
            _remove(room)

    def found(self) -> tuple[Found, ...]:
        return tuple(
            Found(key, spec.labels, isinstance(self.look(key), Running))
            for key in self.rooms.known()
            if (spec := self.rooms.of(key).spec()) is not None
        )

    def reap(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        gone = tuple(sorted(set(self.rooms.known()) - set(keep)))
        for key in gone:
            self.discard(key)
        return gone

    def _launch(self, spec: StageSpec, room: StageRoom, module: str) -> None:
        _remove(room)
        tree = room.path / "tree"
        for name in ("out", "model", "tmp"):
            (tree / name).mkdir(parents=True)
        if spec.model is not None:
            _unpack(spec.model, tree / "model")
        with self.rooms.lock("gpus"):
            chosen = gpus.allot(spec.limits.gpus, present=self.gpus, taken=self._taken_gpus())
            write_json(room.path / "gpus.json", chosen)
            write_json(room.path / "command.json", self._command(spec, tree, module, chosen))
            write_json(room.path / "spec.json", spec.to_json())
        subprocess.run([sys.executable, "-P", "-m", "evaluator.sandbox.supervise", str(room.path)], check=True)

    def _command(self, spec: StageSpec, tree: Path, module: str, chosen: tuple[str, ...]) -> dict[str, object]:
        command = [sys.executable, "-P", "-m", module, str(spec.command)]
        inside = INSIDE if self.walled else str(tree)
        kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        asked = kept | environment(spec)
        asked |= {
            "HOLDOUT_DIR": inside,
            "HOME": f"{inside}/tmp",
            "TMPDIR": f"{inside}/tmp",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        asked |= {"CUDA_VISIBLE_DEVICES": ",".join(chosen)}
        if not self.walled:
            for mount in spec.mounts:
                _linked(mount, tree)
            return {"command": command, "environment": asked}
        model = Mount(tree / "model", f"{INSIDE}/model")
        own = [Mount(tree / name, f"{INSIDE}/{name}") for name in ("out", "tmp")]
        wrapped = bubblewrap.wrapped(
            command,
            root=Path("/"),
            read_only=[*spec.mounts, *([model] if spec.model else [])],
            writable=[*own, *([] if spec.model else [model])],
            environment=asked,
            devices=sorted(Path("/dev").glob("nvidia*")) if chosen else [],
        )
        return {"command": wrapped, "environment": asked}

    def _taken_gpus(self) -> set[str]:
        running = [found.key for found in self.found() if found.running]
        return {device for key in running for device in json.loads((self.rooms.of(key).path / "gpus.json").read_text())}


def reference_module(image: str) -> str:
    """The module of a reference model; everything else is refused, whatever it is."""
    named = REFERENCE.fullmatch(image)
    if named is None:
        reason = f"the process sandbox runs our own models alone (reference:<name>), not {image}: use docker"
        raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
    module = f"{PACKAGE}.{named[1]}"
    found = importlib.util.find_spec(module)
    if found is None or not found.origin or "__main__" not in Path(found.origin).read_text():
        raise SandboxRefusalError(Outcome.NOT_ALLOWED, f"there is no reference model named {named[1]}")
    return module


def _linked(mount: Mount, tree: Path) -> None:
    at = tree / Path(mount.target).relative_to(INSIDE)
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(mount.source.absolute())


def _packed(model: Path, to: Path, *, most_bytes: int) -> ModelFile:
    """The same bytes for the same files, whenever and by whom they were written."""
    size = sum(path.lstat().st_size for path in model.rglob("*"))
    if size > most_bytes:
        raise SandboxRefusalError(Outcome.OUT_OF_DISK, f"the model takes {size >> 20} MB of {most_bytes >> 20} MB")
    part = to.with_name(to.name + ".part")
    with tarfile.open(part, "w") as archive:
        for path in sorted(model.rglob("*")):
            archive.add(path, str(path.relative_to(model)), recursive=False, filter=_without_owner)
    part.replace(to)
    return ModelFile(to, to.stat().st_size, _sha256(to))


def _without_owner(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mtime = 0
    return entry


def _unpack(model: ModelFile, into: Path) -> None:
    if not model.path.is_file() or _sha256(model.path) != model.sha256:
        raise SandboxRefusalError(
            Outcome.SANDBOX_LOST, f"the kept model {model.path} is missing or changed: train again"
        )
    with tarfile.open(model.path) as archive:  # packed by us; Debian 12's Python has no extraction filters yet
        for entry in archive:
            place = into / entry.name
            if entry.isdir():
                place.mkdir(parents=True, exist_ok=True)
            elif (content := archive.extractfile(entry)) is not None and entry.isreg():
                with place.open("wb") as file:
                    shutil.copyfileobj(content, file)
            else:
                reason = f"the model holds {entry.name}, which is neither a plain file nor a directory"
                raise SandboxRefusalError(Outcome.OUTPUT_REFUSED, reason)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _supervisor(room: StageRoom) -> tuple[int, int] | None:
    try:
        stored = json.loads((room.path / "supervisor.json").read_text())
    except FileNotFoundError:
        return None
    return stored["pid"], stored["started_at"]


def _signal(room: StageRoom, number: signal.Signals) -> None:
    supervisor = _supervisor(room)
    if supervisor is not None and started_at(supervisor[0]) == supervisor[1]:
        os.kill(supervisor[0], number)


def _end(room: StageRoom) -> None:
    """Asked first, because the supervisor knows what else to kill."""
    room.mark("stopped")
    _signal(room, signal.SIGTERM)
    until = time.monotonic() + END_S
    while (supervisor := _supervisor(room)) and started_at(supervisor[0]) == supervisor[1]:
        if time.monotonic() > until:
            _signal(room, signal.SIGKILL)
        time.sleep(POLL_S)


def _age_s(birth_ticks: int) -> float:
    up_s = float(Path("/proc/uptime").read_text().split()[0])
    return up_s - birth_ticks / os.sysconf("SC_CLK_TCK")


def _remove(room: StageRoom) -> None:
    """What lies there is our own code's."""
    if room.path.exists():
        shutil.rmtree(room.path)
