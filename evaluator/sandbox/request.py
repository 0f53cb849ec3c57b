"""What is asked of Docker for one stage, as the body of its create call. Pure, so that a test can read every wall."""

import json
import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from evaluator.sandbox.stages import StageSpec

HERE = Path(__file__).parent
WRAPPER = HERE / "run.sh"
WRAPPER_INSIDE = "/holdout/.run"
OUT_INSIDE, MODEL_INSIDE, LOG_INSIDE = "/holdout/out", "/holdout/model", "/holdout/.log"
OWN_PIDS = 6  # docker-init, the wrapper, the log's two and the watch's two
WATCH_GRACE_S = 10  # the wrapper's own watch comes after every look from outside
TMP_FILES = 100_000
OPEN_FILES = 16_384  # within what an engine may give that may not raise its own bound
LABEL = "holdout."


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where on the host the stage's directories are."""

    out: Path
    log: Path
    model: Path


@cache
def seccomp_profile() -> str:
    return json.dumps(json.loads((HERE / "seccomp.json").read_text()))


def container_request(
    spec: StageSpec,
    *,
    entrypoint: tuple[str, ...],
    room: Room,
    cgroup_parent: str,
    namespace: str,
    gpus: tuple[str, ...] = (),
) -> dict[str, Any]:
    limits = spec.limits
    return {
        "Image": spec.image,
        "Entrypoint": [
            "/bin/sh",
            WRAPPER_INSIDE,
            str(limits.log_kb * 1024),
            str(limits.wall_s + WATCH_GRACE_S),
            *entrypoint,
        ],
        "Cmd": [str(spec.command)],
        "User": f"{spec.uid}:{spec.uid}",
        "Hostname": "holdout",
        "Env": [f"{name}={value}" for name, value in environment(spec).items()],
        "Labels": labels(spec, namespace=namespace, gpus=gpus),
        "NetworkDisabled": True,
        "Healthcheck": {"Test": ["NONE"]},  # an image's own would have the daemon start processes for it
        "StopSignal": "SIGTERM",
        "HostConfig": {
            **_walls(spec),
            **_resources(spec),
            "CgroupParent": cgroup_parent,
            "Mounts": _mounts(spec, room),
            "DeviceRequests": [{"Driver": "nvidia", "DeviceIDs": list(gpus), "Capabilities": [["gpu"]]}]
            if gpus
            else [],
        },
    }


def environment(spec: StageSpec) -> dict[str, str]:
    """A home that can be written to, and a name: Python's getpass fails for a uid without one. The processors that
    programs see are the host's, so their thread pools are told how many are theirs."""
    threads = str(math.ceil(spec.limits.cpus))
    return {
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "USER": "holdout",
        "LOGNAME": "holdout",
        "OMP_NUM_THREADS": threads,
        "OPENBLAS_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        **spec.environment,
    }


def labels(spec: StageSpec, *, namespace: str, gpus: tuple[str, ...]) -> dict[str, str]:
    ours = {"namespace": namespace, "key": spec.key, "gpus": ",".join(gpus)}
    return dict(spec.labels) | {LABEL + name: value for name, value in ours.items()}


def _walls(spec: StageSpec) -> dict[str, Any]:
    walls = {
        "NetworkMode": "none",
        "ReadonlyRootfs": True,
        "CapDrop": ["ALL"],
        "Privileged": False,
        "SecurityOpt": ["no-new-privileges:true", f"seccomp={seccomp_profile()}"],
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "Init": True,
        "OomScoreAdj": 500,
        # A chatty job would cost the daemon processor time outside of the job's own.
        "LogConfig": {"Type": "none", "Config": {}},
        "RestartPolicy": {"Name": "no"},
    }
    return walls | ({"Runtime": spec.runtime} if spec.runtime else {})


def _resources(spec: StageSpec) -> dict[str, Any]:
    limits = spec.limits
    memory = limits.memory_mb << 20
    # Above what a disk holds, so that a large file meets the full disk first and a sparse one this.
    file_bytes = 2 * max(limits.model_mb, limits.out_mb) << 20
    return {
        "NanoCpus": round(limits.cpus * 1e9),
        "Memory": memory,
        "MemorySwap": memory,  # of both together: no swap
        "PidsLimit": limits.pids + OWN_PIDS,
        "ShmSize": limits.shm_mb << 20,
        # Compilers of models put code there and run it, so it may be executed. Half the memory, so that filling it is
        # a full disk, which a program can report, and not a kill.
        "Tmpfs": {"/tmp": f"rw,exec,nosuid,nodev,mode=1777,size={memory // 2},nr_inodes={TMP_FILES}"},
        "Ulimits": [
            {"Name": "core", "Soft": 0, "Hard": 0},
            {"Name": "fsize", "Soft": file_bytes, "Hard": file_bytes},
            {"Name": "nofile", "Soft": OPEN_FILES, "Hard": OPEN_FILES},
        ],
    }


def _mounts(spec: StageSpec, room: Room) -> list[dict[str, Any]]:
    inputs = [_bind(mount.source, mount.target, read_only=True) for mount in spec.mounts]
    return [
        *inputs,
        _bind(WRAPPER, WRAPPER_INSIDE, read_only=True),
        _bind(room.out, OUT_INSIDE, read_only=False),
        _bind(room.log, LOG_INSIDE, read_only=False),
        _bind(room.model, MODEL_INSIDE, read_only=spec.model is not None),
    ]


def _bind(source: Path, target: str, *, read_only: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": str(source), "Target": target, "ReadOnly": read_only}
