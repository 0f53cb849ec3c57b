"""What a score depends on besides the image and the release: versions, host, kernel, engine, GPU and driver."""

import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Host:
    holdout: str
    python: str
    numpy: str
    machine: str
    processor: str
    cpus: int
    memory_mb: int
    kernel: str
    gpus: tuple[str, ...]  # name, driver

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def this_host() -> Host:
    pages, page_bytes = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return Host(
        holdout=version("holdout"),
        python=platform.python_version(),
        numpy=version("numpy"),
        machine=platform.machine(),
        processor=_processor(),
        cpus=len(os.sched_getaffinity(0)),
        memory_mb=pages * page_bytes >> 20,
        kernel=platform.release(),
        gpus=_gpus(),
    )


def _processor() -> str:
    try:
        with Path("/proc/cpuinfo").open() as lines:
            return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    except OSError:
        return ""


def _gpus() -> tuple[str, ...]:
    """Name and driver of each GPU, as its own tool says; none where there is no such tool."""
    ask = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(ask, capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in answer.splitlines() if line.strip())
