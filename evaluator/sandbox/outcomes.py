"""How a stage can end or be refused: a closed set, each marked theirs or ours.

`verdict` is the only place that turns what a runtime reports into one of them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    NOBODY = "nobody"
    THEIRS = "theirs"  # explained to them, never retried
    OURS = "ours"  # retried and refunded, never shown as a failed model


class Outcome(StrEnum):
    FINISHED = "finished"  # outputs may be read
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OUT_OF_MEMORY = "out_of_memory"
    OUT_OF_DISK = "out_of_disk"
    NO_OUTPUT = "no_output"
    OUTPUT_REFUSED = "output_refused"
    IMAGE_REFUSED = "image_refused"
    NOT_STARTABLE = "not_startable"
    FAILED_ON_SEALED = "failed_on_sealed"  # whatever happened in there
    IMAGE_MISSING = "image_missing"
    NO_GPU = "no_gpu"
    HOST_SHORT = "host_short"
    NOT_ALLOWED = "not_allowed"
    STOPPED = "stopped"
    SANDBOX_LOST = "sandbox_lost"

    @property
    def fault(self) -> Fault:
        return FAULTS[self]

    @property
    def sentence(self) -> str:
        return SENTENCES[self]


FAULTS = {
    Outcome.FINISHED: Fault.NOBODY,
    Outcome.CRASHED: Fault.THEIRS,
    Outcome.TIMED_OUT: Fault.THEIRS,
    Outcome.OUT_OF_MEMORY: Fault.THEIRS,
    Outcome.OUT_OF_DISK: Fault.THEIRS,
    Outcome.NO_OUTPUT: Fault.THEIRS,
    Outcome.OUTPUT_REFUSED: Fault.THEIRS,
    Outcome.IMAGE_REFUSED: Fault.THEIRS,
    Outcome.NOT_STARTABLE: Fault.THEIRS,
    Outcome.FAILED_ON_SEALED: Fault.THEIRS,
    Outcome.IMAGE_MISSING: Fault.OURS,
    Outcome.NO_GPU: Fault.OURS,
    Outcome.HOST_SHORT: Fault.OURS,
    Outcome.NOT_ALLOWED: Fault.OURS,
    Outcome.STOPPED: Fault.OURS,
    Outcome.SANDBOX_LOST: Fault.OURS,
}

SENTENCES = {
    Outcome.FINISHED: "The command ended by itself with exit code 0.",
    Outcome.CRASHED: "The command ended with an error; its log says more.",
    Outcome.TIMED_OUT: "The command was still running at the end of its wall time.",
    Outcome.OUT_OF_MEMORY: "A process was killed for want of memory (files in /tmp and /dev/shm count).",
    Outcome.OUT_OF_DISK: "The command failed with its output or model directory full (bytes or number of files).",
    Outcome.NO_OUTPUT: "The command ended with exit code 0 and left no predictions file in /holdout/out.",
    Outcome.OUTPUT_REFUSED: "The predictions are not one plain file within its size limit.",
    Outcome.IMAGE_REFUSED: "The image breaks a rule of the contract.",
    Outcome.NOT_STARTABLE: "The entry point could not be started: it needs /bin/sh, head, tail, mkfifo, rm beside it.",
    Outcome.FAILED_ON_SEALED: "The model failed on sealed data; nothing more is said of it.",
    Outcome.IMAGE_MISSING: "The image is no longer on this host.",
    Outcome.NO_GPU: "The stage needs more GPUs than this host has free.",
    Outcome.HOST_SHORT: "The host could not provide the stage's disk, memory or processors.",
    Outcome.NOT_ALLOWED: "This sandbox does not run such a stage.",
    Outcome.STOPPED: "The stage was stopped by the platform.",
    Outcome.SANDBOX_LOST: "The container vanished or was killed by the host.",
}


class SandboxRefusalError(Exception):
    """A stage or an image that is not run at all, with its outcome and one sentence."""

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome
        self.reason = reason


# SIGKILL; SIGTERM, as a stopping engine sends it; and what Docker says after the host went down under it.
KILLED_OUTSIDE = (128 + 9, 128 + 15, 255)
NOT_EXECUTABLE, NOT_FOUND = 126, 127  # what every shell answers for a command it could not start


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a runtime says about an ended stage, before it is judged."""

    exit_code: int
    oom_killed: bool
    wall_s: float
    wall_limit_s: float
    stopped: bool = False
    disk_full: bool = False
    engine_error: str = ""


def verdict(report: Report) -> Outcome:
    """Exit code and OOM flag are read together.

    A killed child of a living parent leaves exit code 0 with the flag set. That run depended on which process the
    kernel chose, so it is out of memory too, never a result. The wall time is judged before the exit code, because
    the kill at its end looks like any other. A kill that neither memory, nor time, nor we ourselves explain is ours:
    the wrapper in the container turns a job's own death by signal into exit code 1. A job that kills the wrapper can
    fake it and gains a retry, of which there is a bounded number; no honest one pays for a host that went down.
    """
    if report.stopped:
        return Outcome.STOPPED
    if report.engine_error:
        return Outcome.SANDBOX_LOST
    if report.wall_s >= report.wall_limit_s:
        return Outcome.TIMED_OUT
    if report.oom_killed:
        return Outcome.OUT_OF_MEMORY
    if report.exit_code in KILLED_OUTSIDE:
        return Outcome.SANDBOX_LOST
    return _by_exit_code(report)


def _by_exit_code(report: Report) -> Outcome:
    if report.exit_code == 0:
        return Outcome.FINISHED
    if report.exit_code in (NOT_EXECUTABLE, NOT_FOUND):
        return Outcome.NOT_STARTABLE
    return Outcome.OUT_OF_DISK if report.disk_full else Outcome.CRASHED
