"""The demo's images: our models built as a participant builds theirs, and saved as the archives that are uploaded."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TORCH_MODELS = frozenset({"two_arm"})


class BuildError(Exception):
    """Why no image could be built, in one sentence."""


def are_built(folder: Path) -> bool:
    """Whether the demonstration has been given all its images, whatever became of their files."""
    return (folder / "done").exists()


def archive_of(model: str, folder: Path) -> Path:
    return folder / f"{model}.tar"


def build(model: str, folder: Path) -> None:
    """Make the archive of a reference model's image; one that stands is left as it is."""
    archive = archive_of(model, folder)
    if archive.exists():
        return
    if model in TORCH_MODELS:
        _fetch_torch()
    tag = f"holdout-demo-{model.replace('_', '-')}"
    docker = _client()
    dockerfile = str(ROOT / "reference_models" / "Dockerfile")
    _done([docker, "build", "--quiet", "--file", dockerfile, "--target", model, "--tag", tag, str(ROOT)])
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".unfinished")
    _done([docker, "save", "--output", str(unfinished), tag])
    unfinished.rename(archive)


def _client() -> str:
    """A client that can mount during a build: Docker's own builder until version 22, the buildx plugin after it."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), "/usr/bin"]
    for client in dict.fromkeys(filter(None, (shutil.which("docker", path=folder) for folder in folders))):
        said = subprocess.run([client, "--version"], capture_output=True, text=True, check=False).stdout
        major = re.search(r"version (\d+)", said)
        if major and int(major[1]) < 23:
            return client
        if subprocess.run([client, "buildx", "version"], capture_output=True, check=False).returncode == 0:
            return client
    raise BuildError("no docker command here can build with BuildKit: install docker-buildx")


def _fetch_torch() -> None:
    """The wheel that this environment's pip finds, so that the build needs no index of its own. None is well too."""
    wheels = ROOT / "reference_models" / "wheels"
    try:
        wanted = version("torch")
    except PackageNotFoundError:
        return
    if "+cpu" in wanted and not any(wheels.glob("torch-*.whl")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(wheels)]
        subprocess.run([*command, f"torch=={wanted}"], capture_output=True, check=False)


def _done(command: Sequence[str]) -> None:
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "DOCKER_BUILDKIT": "1"}
    )
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.strip()]
        raise BuildError(
            lines[-1].strip() if lines else f"{Path(command[0]).name} {command[1]} ended with {ran.returncode}"
        )
