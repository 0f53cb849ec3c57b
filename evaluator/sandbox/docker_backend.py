"""The real sandbox: one container a stage, detached and labelled, on a Docker engine of this machine.

Wall time is enforced by every look, of any engine on this host, and by the wrapper inside for an honest job whose
engine died. A dishonest one whose engine died lives, within its other walls, until the next engine looks or reaps.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from requests import RequestException

from evaluator.sandbox import cgroups, disks, gpus, outputs
from evaluator.sandbox.images.config import judged_run
from evaluator.sandbox.outcomes import Outcome, Report, SandboxRefusalError, verdict
from evaluator.sandbox.request import LABEL, container_request
from evaluator.sandbox.rooms import Rooms, StageRoom
from evaluator.sandbox.stages import (
    Command,
    Ended,
    Ending,
    Found,
    Gone,
    Limits,
    Log,
    ModelFile,
    Outputs,
    Peaks,
    Running,
    StageSpec,
    State,
)

STOP_GRACE_S = 1  # for the wrapper to write the log's tail; nobody else can make use of it
REQUEST_TIMEOUT_S = 120
REFERENCE = "reference:"
# How runc and runsc say that there is nothing to execute.
NO_COMMAND = ("executable file not found", "no such file or directory: unknown", "stat /bin/sh", "exec format error")


class DockerSandbox:
    """`namespace` keeps two users of one Docker engine apart: each sees and reaps its own containers alone."""

    def __init__(
        self,
        root: Path,
        *,
        namespace: str = "holdout",
        host_gpus: tuple[str, ...] | None = None,
        client: docker.DockerClient | None = None,
    ) -> None:
        try:
            self.api: Any = (client or docker.from_env(timeout=REQUEST_TIMEOUT_S)).api  # half of it is untyped
            self.systemd = self.api.info()["CgroupDriver"] == "systemd"
        except DockerException as error:
            reason = f"no Docker engine answers ({error}): start one, and see that this user may use it"
            raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason) from error
        self.rooms = Rooms(root)
        self.namespace = namespace
        self.gpus = gpus.on_this_host() if host_gpus is None else host_gpus

    def again(self) -> "DockerSandbox":
        """The same sandbox by a connection of its own: a connection is for one thread."""
        return DockerSandbox(self.rooms.root, namespace=self.namespace, host_gpus=self.gpus)

    def close(self) -> None:
        """The connection to the engine; stages run on."""
        self.api.close()

    # The protocol's verbs.

    def start(self, spec: StageSpec) -> None:
        with self.rooms.locked(spec.key) as room:
            if self._inspected(spec.key) is not None or room.ending() is not None:
                self._adopt(spec, room)
                return
            try:
                self._launch(spec, room)
            except BaseException:
                self._clear(spec.key, room)
                raise

    def look(self, key: str) -> State:
        room = self.rooms.of(key)
        if (ending := room.ending()) is not None:
            return Ended(ending)
        spec = room.spec()
        if spec is None or not room.marked("started"):
            return Gone()
        container = self._inspected(key)
        if container is None:
            return self._ended(room, _lost())
        state = container["State"]
        if state["Running"]:
            running_s = (datetime.now(UTC) - _moment(state["StartedAt"])).total_seconds()
            if running_s < spec.limits.wall_s:
                return Running(running_s)
            self._kill(key)
            container = self._inspected(key)
            if container is None or container["State"]["Running"]:
                return Running(running_s)
        return self._ended(room, self._ending(spec, room, container))

    def stop(self, key: str) -> None:
        if isinstance(self.look(key), Running):
            self.rooms.of(key).mark("stopped")
            self._kill(key)

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
            if spec.command is Command.TRAIN:
                return Outputs(ending=ending, model=_model_out(room, into))
            return outputs.owed(ending, room.room.out, into=into, most_bytes=spec.limits.out_mb << 20)

    def discard(self, key: str) -> None:
        with self.rooms.locked(key) as room:
            self._clear(key, room)

    def found(self) -> tuple[Found, ...]:
        with _answering():
            listed = self.api.containers(all=True, filters={"label": f"{LABEL}namespace={self.namespace}"})
        return tuple(
            Found(one["Labels"][LABEL + "key"], one["Labels"], one["State"] == "running")
            for one in sorted(listed, key=lambda one: str(one["Labels"][LABEL + "key"]))
        )

    def reap(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        here = {found.key for found in self.found()} | set(self.rooms.known())
        gone = tuple(sorted(here - set(keep)))
        for key in gone:
            self.discard(key)
        return gone

    def image_id(self, name: str) -> str:
        """The id of an image that this host has, by any of its names. Nothing is pulled."""
        try:
            return str(self.api.inspect_image(name)["Id"])
        except ImageNotFound:
            reason = f"this host has no image {name}: build it or load it first"
            raise SandboxRefusalError(Outcome.IMAGE_MISSING, reason) from None

    # How they are done.

    def _name(self, key: str) -> str:
        return f"{self.namespace}-{key}"

    def _inspected(self, key: str) -> Mapping[str, Any] | None:
        with _answering(), suppress(NotFound):
            found: Mapping[str, Any] = self.api.inspect_container(self._name(key))
            return found
        return None

    def _adopt(self, spec: StageSpec, room: StageRoom) -> None:
        if room.spec() != spec:
            reason = f"another stage was started under the key {spec.key}: discard it first, or use another key"
            raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
        container = self._inspected(spec.key)
        if container is None:
            return
        if container["State"]["Status"] == "created":  # an engine died between the two calls
            self._asked(lambda: self.api.start(self._name(spec.key)))
        room.mark("started")

    def _entrypoint(self, spec: StageSpec) -> tuple[str, ...]:
        if spec.image.startswith(REFERENCE):
            reason = f"{spec.image} is no image: reference models run in the process sandbox"
            raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
        config = self.api.inspect_image(self.image_id(spec.image))["Config"]
        return judged_run(config, instead=spec.entrypoint)

    def _cgroup(self, key: str) -> str:
        return cgroups.parent_of(key, namespace=self.namespace, systemd=self.systemd)

    def _launch(self, spec: StageSpec, room: StageRoom) -> None:
        entrypoint = self._entrypoint(spec)
        room.furnish(spec)
        with self.rooms.lock("gpus"):  # between choosing a GPU and the label that says so
            request = container_request(
                spec,
                entrypoint=entrypoint,
                room=room.room,
                cgroup_parent=self._cgroup(spec.key),
                namespace=self.namespace,
                gpus=gpus.allot(spec.limits.gpus, present=self.gpus, taken=self._taken_gpus()),
            )
            self._asked(lambda: self.api.create_container_from_config(request, self._name(spec.key)))
        self._asked(lambda: self.api.start(self._name(spec.key)))
        room.mark("started")

    def _asked(self, call: Callable[[], object]) -> None:
        """What the engine refuses is theirs where it could not run their entry point, and ours otherwise."""
        try:
            call()
        except APIError as error:
            reason = str(error.explanation or error)
            theirs = any(words in reason for words in NO_COMMAND)
            raise SandboxRefusalError(Outcome.NOT_STARTABLE if theirs else Outcome.HOST_SHORT, reason) from error
        except RequestException as error:
            raise _silent(error) from error

    def _taken_gpus(self) -> set[str]:
        listed = self.api.containers(all=True, filters={"label": f"{LABEL}gpus"})
        busy = [one["Labels"][LABEL + "gpus"] for one in listed if one["State"] in ("created", "running", "paused")]
        return {device for devices in busy for device in devices.split(",") if device}

    def _kill(self, key: str) -> None:
        with _answering(), suppress(NotFound):
            self.api.stop(self._name(key), timeout=STOP_GRACE_S)

    def _ended(self, room: StageRoom, ending: Ending) -> Ended:
        """The first ending that is seen is written down and stays."""
        with self.rooms.locked(room.path.name):
            if (earlier := room.ending()) is not None:
                return Ended(earlier)
            if room.path.exists():
                room.write("ending.json", ending.to_json())
        return Ended(ending)

    def _ending(self, spec: StageSpec, room: StageRoom, container: Mapping[str, Any]) -> Ending:
        state = container["State"]
        wall_s = max(0.0, (_moment(state["FinishedAt"]) - _moment(state["StartedAt"])).total_seconds())
        report = Report(
            exit_code=state["ExitCode"],
            oom_killed=state["OOMKilled"],
            wall_s=wall_s,
            wall_limit_s=spec.limits.wall_s,
            stopped=room.marked("stopped"),
            disk_full=any(map(disks.is_full, room.writable)),
            engine_error=state["Error"],
        )
        used = cgroups.usage(self._cgroup(spec.key))
        outcome = verdict(report)
        return Ending(
            outcome=outcome,
            exit_code=report.exit_code,
            oom_killed=report.oom_killed,
            wall_s=wall_s,
            peaks=Peaks(
                memory_mb=used.memory_mb,
                cpu_s=used.cpu_s,
                gpu_s=spec.limits.gpus * wall_s,
                written_bytes=room.written_bytes(),
            ),
            log=_log(room, spec.limits),
            reason=outcome.sentence,
        )

    def _clear(self, key: str, room: StageRoom) -> None:
        with _answering(), suppress(NotFound):
            self.api.remove_container(self._name(key), force=True, v=True)
        cgroups.remove(self._cgroup(key))
        room.clear()


def _log(room: StageRoom, limits: Limits) -> Log:
    head, tail = (outputs.text(room.room.log, name, most_bytes=limits.log_kb << 10) for name in ("head", "tail"))
    return Log(head, tail)


def _model_out(room: StageRoom, into: Path) -> ModelFile:
    """The disk itself is what is kept; it is gone from the room when this is called again."""
    kept = into / room.model_image.name
    if room.model_image.exists():
        disks.unmount(room.model_disk)
        disks.move(room.model_image, kept)
    return disks.sealed(kept)


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (APIError, RequestException) as error:
        raise _silent(error) from error


def _silent(error: Exception) -> SandboxRefusalError:
    """Nothing is known of the stage; it may well run on."""
    return SandboxRefusalError(Outcome.HOST_SHORT, f"the Docker engine does not answer: {error}")


def _lost() -> Ending:
    lost = Outcome.SANDBOX_LOST
    return Ending(outcome=lost, exit_code=None, oom_killed=False, wall_s=0.0, reason=lost.sentence)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
