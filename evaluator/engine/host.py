"""What this machine can take at once, and the sandbox that takes it."""

import os
from pathlib import Path

from evaluator.engine.track import Track
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import Limits

RESERVED_MB = 2048
"""Of memory, for the host itself and for the child that reads predictions."""


def slots_for(track: Track, *, cpus: int | None = None, memory_mb: int | None = None) -> int:
    """How many stages of a track fit side by side; one always does, its limits capped to the host's."""
    cpus = cpus or len(os.sched_getaffinity(0))
    memory_mb = memory_mb or (os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20)
    stages = (track.train, track.infer)
    by_cpu = int(cpus / max(stage.cpus for stage in stages))
    by_memory = (memory_mb - RESERVED_MB) // max(stage.memory_mb for stage in stages)
    return max(1, min(by_cpu, by_memory))


def host_limits() -> Limits:
    """The most that one stage can be given here."""
    memory_mb = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20
    return Limits(
        cpus=len(os.sched_getaffinity(0)),
        memory_mb=max(256, memory_mb - RESERVED_MB),
        pids=1 << 15,
        model_mb=1 << 16,
        out_mb=1 << 14,
        shm_mb=1 << 14,
        wall_s=30 * 24 * 3600,
        log_kb=1 << 14,
        gpus=64,
    )


def open_sandbox(kind: str, folder: Path, *, namespace: str) -> Sandbox:
    if kind == "process":
        from evaluator.sandbox.process_backend import ProcessSandbox

        return ProcessSandbox(folder)
    from evaluator.sandbox.docker_backend import DockerSandbox

    return DockerSandbox(folder, namespace=namespace)
