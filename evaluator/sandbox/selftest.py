"""Runs the hostile corpus on this host. A host on which one attack is not held must not take work."""

import io
import json
import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from evaluator.contract.read_child import REFUSED
from evaluator.sandbox.attacks import SMALL, Attack
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.protocol import Sandbox
from evaluator.sandbox.stages import (
    Command,
    Ended,
    Ending,
    Gone,
    Limits,
    ModelFile,
    Mount,
    OutputFile,
    Outputs,
    StageSpec,
)

CORPUS = Path(__file__).parent / "corpus"
BASE_IMAGE = "python:3.11-slim-bookworm"
PACKAGE = "evaluator.sandbox.corpus"
CODE_INSIDE = "/holdout/code"
ENTRYPOINT = ["/bin/sh", "-c", f'exec python3 -u -m {PACKAGE}."$ATTACK"']
SEED = Attack(name="seed", program="seed_model", ends=Outcome.FINISHED, command=Command.TRAIN, holds="")
POLL_S = 0.05
OVERTIME_S = 5.0  # what a look a little late, a kill and a slow machine may add
ASKED_ROWS = 10
READER_TIME_S = 60
BOMB_ROWS = 4_000_000
CANARY = "holdout-canary"
LSM = "apparmor|selinux"


@dataclass(frozen=True, slots=True)
class Finding:
    """One attack on this host; `broken` says what did not hold."""

    attack: Attack
    outcome: Outcome | None
    broken: tuple[str, ...]
    wall_s: float

    @property
    def held(self) -> bool:
        return not self.broken


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all attacks of one host share."""

    sandbox: DockerSandbox
    image: str
    folder: Path
    model: ModelFile | None = None
    runtime: str | None = None


def prepared(sandbox: DockerSandbox, folder: Path, *, base: str = BASE_IMAGE, runtime: str | None = None) -> Ground:
    """The corpus's image, made of one that this host has and that has Python, and the model that it infers with."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_bomb(folder / "bomb.parquet")
    ground = Ground(
        sandbox=sandbox, image=derived_image(sandbox, base, entrypoint=ENTRYPOINT), folder=folder, runtime=runtime
    )
    outputs = finished(ground, SEED)
    if outputs.model is None:
        reason = f"an ordinary container does not run on this host: {outputs.ending.reason} {outputs.ending.log.head}"
        raise SandboxRefusalError(Outcome.HOST_SHORT, reason)
    return replace(ground, model=outputs.model)


def finished(ground: Ground, attack: Attack) -> Outputs:
    """Runs the attack's stage to its end and leaves nothing of it but its outputs."""
    key = "".join(letter if letter.isalnum() else "-" for letter in attack.name.lower()) + f"-{CANARY}"
    beside = f"beside-{key}"
    sandbox = ground.sandbox
    try:
        if attack.beside:
            neighbour = replace(attack, program=attack.beside, command=Command.TRAIN)
            sandbox.start(_spec(neighbour, beside, ground))
        sandbox.start(_spec(attack, key, ground))
        waited(sandbox, key)
        return sandbox.collect(key, ground.folder / key)
    finally:
        sandbox.discard(key)
        sandbox.discard(beside)


def run_attack(ground: Ground, attack: Attack) -> Finding:
    try:
        outputs = finished(ground, attack)
    except SandboxRefusalError as refusal:
        return Finding(attack, refusal.outcome, (f"could not be run: {refusal.reason}",), 0.0)
    limits, told_late = _limits(attack, ground), _is_cgroup_v1(ground.sandbox.api.info())
    broken = breaches(attack, outputs.ending, limits, told_late=told_late)
    broken = (*broken, *_reading(attack, outputs.predictions))
    return Finding(attack, outputs.ending.outcome, broken, outputs.ending.wall_s)


def run_corpus(ground: Ground, *, attacks: Sequence[Attack], at_once: int) -> Iterator[Finding]:
    """Findings in the attacks' order."""
    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(lambda attack: _by_itself(ground, attack), attacks)


def _by_itself(ground: Ground, attack: Attack) -> Finding:
    sandbox = ground.sandbox.again()
    try:
        return run_attack(replace(ground, sandbox=sandbox), attack)
    finally:
        sandbox.close()


def breaches(attack: Attack, ending: Ending, limits: Limits, *, told_late: bool = False) -> tuple[str, ...]:
    """What did not hold, in words; what this host cannot measure is not judged.

    `told_late`: this host's engine may say only after the end that memory ran out.
    """
    log = ending.log.head + ending.log.tail
    memory_mb, cpu_s, written = ending.peaks.memory_mb or 0, ending.peaks.cpu_s or 0, ending.peaks.written_bytes or 0
    found = {
        f"ended as {ending.outcome}, not as {attack.ends}": (
            ending.outcome not in (attack.ends, attack.or_ends)
            and not (told_late and _crashed_at_its_limit(attack, ending, limits))
        ),
        f"ran {ending.wall_s:.1f} s of {limits.wall_s}": ending.wall_s > limits.wall_s + OVERTIME_S,
        f"took {memory_mb:.0f} MB of {limits.memory_mb}": memory_mb > limits.memory_mb * 1.02,
        f"took {cpu_s:.1f} CPU seconds in {ending.wall_s:.1f} s": cpu_s > limits.cpus * ending.wall_s * 1.25 + 0.5,
        f"wrote {written >> 20} MB": written >> 20 > 2 * (limits.out_mb + limits.model_mb),
        f"left a log of {len(log)} characters": len(log) > 2 * limits.log_kb << 10,
        "did not come to its end": attack.probes and "done" not in log,
    }
    reached = [line for line in log.splitlines() if line.startswith("reached:")]
    return (*(words for words, is_so in found.items() if is_so), *reached)


def _crashed_at_its_limit(attack: Attack, ending: Ending, limits: Limits) -> bool:
    """The wall held, and the peak of its memory says so."""
    crashed = attack.ends is Outcome.OUT_OF_MEMORY and ending.outcome is Outcome.CRASHED
    return crashed and (ending.peaks.memory_mb or 0) >= 0.98 * limits.memory_mb


def _is_cgroup_v1(info: Mapping[str, Any]) -> bool:
    return bool(info.get("CgroupVersion", "1") == "1")


def host_notes(info: Mapping[str, Any]) -> tuple[str, ...]:
    """What this host's kernel or engine does not give, and what that means here. `info` is what the engine says."""
    security = " ".join(info.get("SecurityOptions") or ())
    notes = {
        "cgroup v1: the engine's flag alone tells of a kill for want of memory": _is_cgroup_v1(info),
        "no user namespaces: a container's user is the host's user of the same number": "userns" not in security,
        "no AppArmor, no SELinux: capabilities and the seccomp profile stand alone": not re.search(LSM, security),
        "systemd's cgroups: peaks are known only where systemd keeps the group": info.get("CgroupDriver") == "systemd",
        "no swap accounting: memory and swap are not bounded together": not info.get("SwapLimit", True),
        "no limit on processes: a fork bomb is not bounded": not info.get("PidsLimit", True),
    }
    return tuple(words for words, is_so in notes.items() if is_so)


def _limits(attack: Attack, ground: Ground) -> Limits:
    limits = replace(SMALL, wall_s=attack.wall_s)
    if ground.runtime is None:
        return limits
    # A kernel in user space, such as gVisor's, lives on the job's own memory, processes and time.
    return replace(limits, memory_mb=4 * limits.memory_mb, pids=4 * limits.pids, wall_s=3 * limits.wall_s)


def _spec(attack: Attack, key: str, ground: Ground) -> StageSpec:
    return StageSpec(
        key=key,
        image=ground.image,
        command=attack.command,
        limits=_limits(attack, ground),
        mounts=(
            Mount(CORPUS, f"{CODE_INSIDE}/{PACKAGE.replace('.', '/')}"),
            Mount(ground.folder / "bomb.parquet", "/holdout/bomb.parquet"),
        ),
        environment={"ATTACK": attack.program, "PYTHONPATH": CODE_INSIDE, "WORD": CANARY[::-1], **attack.environment},
        labels={"arm": CANARY},
        model=ground.model if attack.command is Command.INFER else None,
        runtime=ground.runtime,
    )


def waited(sandbox: Sandbox, key: str) -> Ending:
    """Looks until the stage has ended, which its wall time bounds."""
    while True:
        state = sandbox.look(key)
        if isinstance(state, Ended):
            return state.ending
        if isinstance(state, Gone):
            raise SandboxRefusalError(Outcome.SANDBOX_LOST, f"{key} is gone from this host")
        time.sleep(POLL_S)


def _reading(attack: Attack, predictions: OutputFile | None) -> tuple[str, ...]:
    """What the reader of predictions makes of them, in its own bounded process."""
    if not attack.unread:
        return ()
    if predictions is None:
        return ("no predictions came out",)
    command = [sys.executable, "-m", "evaluator.contract.read_child", predictions.name, str(ASKED_ROWS)]
    with predictions.path.open("rb") as file:
        read = subprocess.run(command, stdin=file, capture_output=True, timeout=READER_TIME_S, check=False)
    return () if read.returncode == REFUSED and read.stderr else (f"the reader ended with {read.returncode}",)


def derived_image(sandbox: DockerSandbox, base: str, *, entrypoint: Sequence[str]) -> str:
    """Built of two lines and without a tag, so that it replaces nothing."""
    dockerfile = f"FROM {sandbox.image_id(base)}\nENTRYPOINT {json.dumps(list(entrypoint))}\n"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        archive.addfile(entry, io.BytesIO(dockerfile.encode()))
    context.seek(0)
    lines = sandbox.api.build(fileobj=context, custom_context=True, rm=True, decode=True)
    ids = [line["aux"]["ID"] for line in lines if "aux" in line]
    if not ids:
        raise SandboxRefusalError(Outcome.HOST_SHORT, f"no image could be made of {base}")
    return str(ids[-1])


def _write_bomb(path: Path) -> None:
    """Forty-eight megabytes of one number, in a few kilobytes."""
    row_id, prediction = np.zeros(BOMB_ROWS, np.int64), np.zeros(BOMB_ROWS, np.float32)
    pq.write_table(pa.table({"row_id": row_id, "prediction": prediction}), path, compression="zstd")
