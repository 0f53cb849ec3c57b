"""Small stages for each backend: the same three stories, told in what the backend can run."""

import json
import os
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.outcomes import SandboxRefusalError
from evaluator.sandbox.process_backend import ProcessSandbox
from evaluator.sandbox.selftest import BASE_IMAGE, derived_image
from evaluator.sandbox.stages import Command, Limits, Mount, StageSpec

LIMITS = Limits(cpus=1, memory_mb=512, pids=32, model_mb=8, out_mb=8, shm_mb=8, wall_s=60, log_kb=4)
SHELL = ["/bin/sh", "/holdout/job.sh"]
STORIES = {
    "good": "echo said; case $1 in train) echo weights >/holdout/model/w;; "
    "infer) cp /holdout/model/w /holdout/out/predictions.csv;; esac",
    "failing": "echo no >&2; exit 3",
    "endless": "sleep 3600",
}


def docker_or_skip(root: Path) -> DockerSandbox:
    """Fails where HOLDOUT_REQUIRE says that this machine must have an engine, and skips elsewhere."""
    try:
        return DockerSandbox(root, namespace=f"holdout-test-{uuid.uuid4().hex[:12]}")
    except SandboxRefusalError as refusal:
        if "docker" in os.environ.get("HOLDOUT_REQUIRE", ""):
            pytest.fail(f"HOLDOUT_REQUIRE asks for docker: {refusal.reason}")
        pytest.skip(f"{refusal.reason}; .ci/docker-up gives a Debian machine one")


def nothing_left(sandbox, root: Path) -> bool:
    mounts = Path("/proc/self/mountinfo").read_text()
    return not sandbox.found() and not sandbox.rooms.known() and str(root) not in mounts


class DockerStages:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sandbox = docker_or_skip(folder / "root")
        self.image = derived_image(self.sandbox, BASE_IMAGE, entrypoint=SHELL)

    def again(self) -> DockerSandbox:
        """Another process's sandbox, over the same host and directory."""
        return DockerSandbox(self.folder / "root", namespace=self.sandbox.namespace)

    def spec(
        self, story: str = "good", *, key: str = "stage", command: Command = Command.TRAIN, **changes
    ) -> StageSpec:
        return self.script(STORIES.get(story, story), key=key, command=command, **changes)

    def script(self, text: str, *, key: str = "stage", command: Command = Command.TRAIN, **changes) -> StageSpec:
        script = self.folder / f"{key}-{command}.sh"
        script.write_text(text)
        given = {"limits": LIMITS, "image": self.image, "mounts": (Mount(script, "/holdout/job.sh"),)} | changes
        return StageSpec(key=key, command=command, **given)


class ProcessStages:
    """The stories of reference:drug_mean: a good job, one without rows, and one whose job.json is a FIFO."""

    def __init__(self, folder: Path, *, walled: bool) -> None:
        self.folder, self.walled = folder, walled
        self.sandbox = self.again()

    def again(self) -> ProcessSandbox:
        return ProcessSandbox(self.folder / "root", walled=self.walled, host_gpus=())

    def spec(
        self, story: str = "good", *, key: str = "stage", command: Command = Command.TRAIN, **changes
    ) -> StageSpec:
        mounts = (Mount(self._job(story, command), "/holdout/job.json"),)
        if story == "good":
            names = ("train", "val") if command is Command.TRAIN else ("query",)
            mounts += tuple(Mount(self._rows(name), f"/holdout/{name}.parquet") for name in names)
        given = {"limits": LIMITS, "image": "reference:drug_mean", "mounts": mounts} | changes
        return StageSpec(key=key, command=command, **given)

    def _job(self, story: str, command: Command) -> Path:
        path = self.folder / f"{story}-{command}.json"
        if story == "endless":
            if not path.exists():
                os.mkfifo(path)
            return path
        document = {"contract": "holdout/1", "stage": str(command), "seed": 1, "tables": [], "resources": {"cpus": 1}}
        path.write_text(json.dumps(document))
        return path

    def _rows(self, name: str) -> Path:
        rows = {"cell_id": ["a", "b"], "drug_id": ["x", "y"]}
        extra = {"row_id": [0, 1]} if name == "query" else {"response": [0.25, 0.75]}
        path = self.folder / f"{name}.parquet"
        pq.write_table(pa.table(rows | extra), path)
        return path
