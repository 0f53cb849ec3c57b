"""What this machine can take at once, and the sandbox that takes it."""

import hashlib
import os
import tempfile
from collections.abc import Collection
from enum import StrEnum
from pathlib import Path

from evaluator.engine.track import Track
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.images.archive import read_archive
from evaluator.sandbox.images.load import load
from evaluator.sandbox.images.registry import Registry, fetch
from evaluator.sandbox.process_backend import ProcessSandbox
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import Limits

RESERVED_MB = 2048
"""Of memory, for the host itself and for the child that reads predictions."""


class SandboxKind(StrEnum):
    DOCKER = "docker"
    PROCESS = "process"


def host_limits() -> Limits:
    """What one stage can be given here at most: all processors, and all memory but the host's own share."""
    wide = 1 << 40
    return Limits(
        cpus=len(os.sched_getaffinity(0)),
        memory_mb=max(256, _memory_mb() - RESERVED_MB),
        pids=wide,
        model_mb=wide,
        out_mb=wide,
        shm_mb=wide,
        wall_s=wide,
        log_kb=wide,
    )


def slots_for(track: Track, *, cpus: int | None = None, memory_mb: int | None = None) -> int:
    """How many stages of a track fit side by side; one always does."""
    cpus = cpus or len(os.sched_getaffinity(0))
    memory_mb = memory_mb or _memory_mb()
    stages = (track.train, track.infer)
    by_cpu = int(cpus / max(stage.cpus for stage in stages))
    by_memory = (memory_mb - RESERVED_MB) // max(stage.memory_mb for stage in stages)
    return max(1, min(by_cpu, by_memory))


def _memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20


def open_sandbox(kind: SandboxKind, folder: Path) -> tuple[Sandbox, DockerSandbox | None]:
    """The sandbox of an evaluation's folder; two folders never see each other's containers."""
    root = folder.resolve() / "sandbox"
    if kind is SandboxKind.PROCESS:
        return ProcessSandbox(root), None
    namespace = f"holdout-{hashlib.sha256(str(root).encode()).hexdigest()[:10]}"
    engine = DockerSandbox(root, namespace=namespace)
    return engine, engine


def sandbox_version(sandbox: DockerSandbox | None) -> str:
    """For the record: which Docker ran the stages."""
    return "process" if sandbox is None else f"docker {sandbox.api.version()['Version']}"


def admit(sandbox: DockerSandbox | None, image: str, *, registries: Collection[Registry], folder: Path) -> str:
    """The identity of an image: an archive's file and a registry's digest are judged and loaded, the rest is here.

    A reference model of the process sandbox is its own name.
    """
    if sandbox is None:
        return image
    if Path(image).is_file():
        return load(read_archive(Path(image)), sandbox.api)
    if "@" not in image:
        return sandbox.image_id(image)
    with tempfile.TemporaryDirectory(dir=folder, prefix="layers-") as layers:
        return load(fetch(image, allowed=registries, into=Path(layers)), sandbox.api)
