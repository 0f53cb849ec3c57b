"""GPUs are handed out exclusively, by device id; too few is a refusal before anything starts."""

import subprocess
from collections.abc import Collection

from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError


def on_this_host() -> tuple[str, ...]:
    """The ids of the NVIDIA GPUs here, in the driver's order; none without its tool."""
    try:
        listed = subprocess.run(
            ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in listed.stdout.splitlines() if line.strip())


def allot(wanted: int, *, present: Collection[str], taken: Collection[str]) -> tuple[str, ...]:
    free = [device for device in present if device not in taken]
    if wanted > len(free):
        reason = f"the stage needs {wanted} GPU(s); this host has {len(present)}, of which {len(free)} are free"
        raise SandboxRefusalError(Outcome.NO_GPU, reason)
    return tuple(free[:wanted])
