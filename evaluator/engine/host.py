"""What this machine can take at once, and the sandbox that takes it."""

import hashlib
import os
from enum import StrEnum
from pathlib import Path

from evaluator.engine.track import Track
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.process_backend import ProcessSandbox
from evaluator.sandbox.protocol import Sandbox

RESERVED_MB = 2048
"""Of memory, for the host itself and for the child that reads predictions."""


class SandboxKind(StrEnum):
    DOCKER = "docker"
    PROCESS = "process"


def slots_for(track: Track, *, cpus: int | None = None, memory_mb: int | None = None) -> int:
    """How many stages of a track fit side by side; one always does."""
    cpus = cpus or len(os.sched_getaffinity(0))
    memory_mb = memory_mb or (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20)
    stages = (track.train, track.infer)
    by_cpu = int(cpus / max(stage.cpus for stage in stages))
    by_memory = (memory_mb - RESERVED_MB) // max(stage.memory_mb for stage in stages)
    return max(1, min(by_cpu, by_memory))


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


def image_identity(sandbox: DockerSandbox | None, image: str) -> str:
    """The digest of an image of this machine's Docker; a reference model is its own name."""
    return image if sandbox is None else sandbox.image_id(image)
