"""Runs one trusted stage to its end, detached from whoever asked: bounds its time and its log, writes down its ending.

`python -m evaluator.sandbox.supervise ROOM` returns when the stage runs. ROOM holds spec.json and command.json.
"""

import ctypes
import json
import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evaluator.sandbox.outcomes import Report, verdict
from evaluator.sandbox.stages import Ending, Limits, Log, Peaks, StageSpec

CHUNK_BYTES = 1 << 16


@dataclass(slots=True)
class KeptLog:
    """The head and the tail of a stream, however long it is."""

    most_bytes: int
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def add(self, chunk: bytes) -> None:
        room = self.most_bytes - len(self.head)
        self.head += chunk[:room]
        self.tail += chunk[room:]
        if len(self.tail) > 2 * self.most_bytes:
            del self.tail[: -self.most_bytes]

    def log(self) -> Log:
        head, tail = (bytes(part).decode("utf-8", "replace") for part in (self.head, self.tail[-self.most_bytes :]))
        return Log(head, tail)


def bound(limits: Limits) -> None:
    """What a plain process can be bounded by. Not address space: feature tables are mapped, and cost nothing."""
    size = 2 * max(limits.model_mb, limits.out_mb) << 20
    cpu_s = max(1, int(limits.wall_s * limits.cpus) + 1)
    for which, value in (
        (resource.RLIMIT_DATA, limits.memory_mb << 20),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(which, (value, value))


def run(room: Path, spec: StageSpec, asked: dict[str, Any]) -> Ending:
    started = time.monotonic()
    job = subprocess.Popen(
        asked["command"],
        env=asked["environment"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        preexec_fn=lambda: bound(spec.limits),  # noqa: PLW1509  this process has no threads
    )
    signal.signal(signal.SIGTERM, lambda *_: _kill(job))
    if (room / "stopped").exists():  # the signal may have come before there was a job
        _kill(job)
    kept = KeptLog(spec.limits.log_kb << 10)
    _listen(job, kept, until=started + spec.limits.wall_s)
    _kill(job)
    code = job.wait()
    _bury_the_rest()
    wall_s = time.monotonic() - started
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    outcome = verdict(
        Report(
            exit_code=code if code >= 0 else 128 - code,
            oom_killed=False,
            wall_s=wall_s,
            wall_limit_s=spec.limits.wall_s,
            stopped=(room / "stopped").exists(),
        )
    )
    return Ending(
        outcome=outcome,
        exit_code=code,
        oom_killed=False,
        wall_s=wall_s,
        peaks=Peaks(
            memory_mb=used.ru_maxrss / 1024,  # of the largest process: Linux keeps no sum
            cpu_s=used.ru_utime + used.ru_stime,
            gpu_s=spec.limits.gpus * wall_s,
            written_bytes=used.ru_oublock * 512,
        ),
        log=kept.log(),
        reason=outcome.sentence,
    )


def _listen(job: subprocess.Popen[bytes], kept: KeptLog, *, until: float) -> None:
    """Until the job ends, its output ends, or its time does. A daemon that holds the output open is not waited for."""
    assert job.stdout is not None
    fd = job.stdout.fileno()
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        selector.register(os.pidfd_open(job.pid), selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            ready = {key.fd for key, _ in selector.select(left)}
            chunk = os.read(fd, CHUNK_BYTES) if fd in ready else b""
            kept.add(chunk)
            if ready and not chunk:
                if fd not in ready or job.poll() is not None:
                    return
                selector.unregister(fd)


def _kill(job: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(job.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _adopt_orphans() -> None:
    """What a job leaves behind, and bubblewrap's own inner process, become our children: to be killed, and measured."""
    pr_set_child_subreaper = 36
    ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1, 0, 0, 0)


def _bury_the_rest() -> None:
    while True:
        for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def write_json(path: Path, value: object) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(value))
    part.replace(path)


def started_at(pid: int) -> int | None:
    """With the pid it names a process for as long as the host is up; None when there is none."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] == "Z" else int(after_name[19])


def main() -> None:
    room = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: None)  # who stops a stage marks its room first
    if child := os.fork():
        write_json(room / "supervisor.json", {"pid": child, "started_at": started_at(child)})
        os._exit(0)
    os.setsid()
    _adopt_orphans()
    spec = StageSpec.from_json(json.loads((room / "spec.json").read_text()))
    ending = run(room, spec, json.loads((room / "command.json").read_text()))
    write_json(room / "ending.json", ending.to_json())


if __name__ == "__main__":
    main()
