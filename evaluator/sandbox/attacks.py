"""What must become of each program of the corpus. `holdout sandbox test` and tests/hostile read this one table."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from evaluator.sandbox.outcomes import Outcome
from evaluator.sandbox.stages import Command, Limits

SMALL = Limits(cpus=0.5, memory_mb=96, pids=48, model_mb=8, out_mb=8, shm_mb=8, wall_s=20, log_kb=64)
FINISHED, TIMED_OUT, OUT_OF_MEMORY = Outcome.FINISHED, Outcome.TIMED_OUT, Outcome.OUT_OF_MEMORY
CRASHED, OUT_OF_DISK, REFUSED = Outcome.CRASHED, Outcome.OUT_OF_DISK, Outcome.OUTPUT_REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """`holds` is what the sandbox promises. `probes`: the program tries many things, says of each whether it reached
    it, and must come to its end. `unread`: its predictions come out, and their reader must refuse them."""

    name: str
    program: str
    ends: Outcome
    holds: str
    command: Command = Command.INFER
    environment: Mapping[str, str] = field(default_factory=dict)
    wall_s: int = SMALL.wall_s
    probes: bool = False
    unread: bool = False
    beside: str | None = None  # a stage that runs at the same time
    or_ends: Outcome | None = None  # under a runtime that makes no such file, or no such number of processes


def _odd(kind: str, holds: str, ends: Outcome = REFUSED, or_ends: Outcome | None = None) -> Attack:
    name, environment = f"output is {kind}", {"KIND": kind}
    return Attack(name=name, program="odd_output", environment=environment, ends=ends, or_ends=or_ends, holds=holds)


def _bad(kind: str) -> Attack:
    return Attack(
        name=f"predictions: {kind}",
        program="bad_predictions",
        environment={"KIND": kind},
        ends=FINISHED,
        unread=True,
        holds="the reader refuses them with a sentence, within its bounds",
    )


RESOURCES = (
    Attack(
        name="fork bomb", program="fork_bomb", ends=TIMED_OUT, or_ends=CRASHED, wall_s=2, holds="processes are bounded"
    ),
    Attack(
        name="daemon outlives its parent",
        program="daemon",
        command=Command.TRAIN,
        ends=FINISHED,
        probes=True,
        holds="it ends with the command",
    ),
    Attack(name="SIGTERM ignored", program="ignore_sigterm", ends=TIMED_OUT, wall_s=2, holds="it is killed in time"),
    Attack(
        name="kills its wrapper",
        program="kill_everything",
        ends=Outcome.SANDBOX_LOST,
        holds="the container ends; it gains a retry and no more",
    ),
    Attack(name="memory bomb", program="memory_parent", ends=OUT_OF_MEMORY, holds="memory is bounded"),
    Attack(
        name="memory bomb in a child",
        program="memory_child",
        ends=OUT_OF_MEMORY,
        holds="exit code 0 with a killed child is no result",
    ),
    Attack(name="memory bomb in tmpfs", program="memory_tmpfs", ends=OUT_OF_MEMORY, holds="files in memory count"),
    Attack(name="CPU spin", program="cpu_spin", ends=TIMED_OUT, wall_s=2, holds="processor time is bounded"),
    Attack(name="sleeps past its limit", program="sleeper", ends=TIMED_OUT, wall_s=2, holds="wall time is bounded"),
    Attack(name="20 GB of stdout", program="stdout_flood", ends=TIMED_OUT, wall_s=3, holds="the log is bounded"),
    Attack(name="20 GB file", program="big_file", ends=OUT_OF_DISK, holds="the output disk is bounded"),
    *(
        Attack(
            name=f"a million files in {where}",
            program="million_files",
            command=command,
            environment={"WHERE": f"/holdout/{where}"},
            ends=OUT_OF_DISK,
            holds="their number is bounded",
        )
        for where, command in (("out", Command.INFER), ("model", Command.TRAIN))
    ),
    Attack(
        name="sparse terabyte",
        program="sparse_terabyte",
        ends=Outcome.NO_OUTPUT,
        probes=True,
        holds="a file's length is bounded",
    ),
)

FILES = (
    _odd("symlink", "no link is followed to the host's files"),
    _odd("symlink_beside", "no link is followed, to its own files either"),
    _odd("symlink_proc", "no link is followed to the reader's own process"),
    _odd("symlink_loop", "a loop of links is no plain file"),
    _odd("hard_link", "a file with two names is no plain file"),
    _odd("fifo", "nobody waits for a FIFO", or_ends=Outcome.NO_OUTPUT),
    _odd("socket", "a socket is no plain file", or_ends=Outcome.NO_OUTPUT),
    _odd("directory", "a directory is no plain file"),
    _odd("device", "devices cannot be made", ends=CRASHED),
    _odd("two_formats", "one answer, not two"),
    _odd("unreadable", "a file without rights is read all the same", ends=FINISHED),
    Attack(
        name="sparse predictions as large as allowed",
        program="sparse_predictions",
        environment={"BYTES": str(SMALL.out_mb << 20)},
        ends=FINISHED,
        unread=True,
        holds="what is copied out is bounded",
    ),
    Attack(name="very deep tree", program="deep_tree", ends=FINISHED, probes=True, holds="nothing of ours walks it"),
    Attack(name="names that are no UTF-8", program="odd_names", ends=FINISHED, probes=True, holds="no name is read"),
    Attack(
        name="output directory replaced by a link",
        program="replace_output",
        ends=Outcome.NO_OUTPUT,
        probes=True,
        holds="its directories cannot be moved or removed",
    ),
    Attack(name="exit 0 without output", program="no_output", ends=Outcome.NO_OUTPUT, holds="it is no result"),
)

SECRETS = (
    Attack(
        name="reads the truth, the host, its neighbours",
        program="snoop",
        ends=Outcome.NO_OUTPUT,
        probes=True,
        beside="victim",
        holds="neither /proc, environment, mounts nor another container's directories tell it anything",
    ),
    Attack(
        name="network",
        program="network",
        ends=Outcome.NO_OUTPUT,
        wall_s=60,
        probes=True,
        holds="no address, name, vsock, metadata or engine's socket answers",
    ),
    Attack(
        name="system calls",
        program="syscalls",
        ends=Outcome.NO_OUTPUT,
        probes=True,
        holds="no io_uring, ptrace, namespace, mount, key, other user",
    ),
    Attack(
        name="writes to the model in infer",
        program="write_model",
        ends=FINISHED,
        probes=True,
        holds="one target cannot tell the next",
    ),
    Attack(
        name="code hidden in the model",
        program="code_in_model",
        ends=FINISHED,
        wall_s=60,
        probes=True,
        holds="it may run, behind the same walls",
    ),
)

PREDICTIONS = tuple(
    map(
        _bad,
        (
            *(
                "truncated",
                "huge",
                "repeated",
                "missing",
                "nan",
                "infinite",
                "text",
                "other_rows",
                "binary",
                "zip_bomb",
            ),
            *("npy_truncated", "npy_huge_shape", "npy_code", "parquet_lies", "parquet_bomb"),
        ),
    )
)

ATTACKS = (*RESOURCES, *FILES, *SECRETS, *PREDICTIONS)
