"""Images on this host: fetched from storage or from a registry, judged, and handed to the engine."""

import shutil
import tempfile
import threading
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evaluator.agent.messages import Image, ImageOrigin
from evaluator.agent.uploads import Store
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.images.archive import read_archive
from evaluator.sandbox.images.load import load
from evaluator.sandbox.images.registry import Registry, fetch
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.process_backend import reference_module


class Images(Protocol):
    def judged(self, image: Image) -> str:
        """Fetch it, judge it and load it; returns its identity. Raises SandboxRefusalError for the rule it breaks."""

    def local(self, image: Image, identity: str) -> str:
        """The name under which this host can start an image that was judged before, here or elsewhere."""


@dataclass
class HostImages:
    """`docker` is None for the process sandbox. One image at a time is fetched, into `folder`: they are large."""

    docker: DockerSandbox | None
    storage: Store
    registries: Collection[Registry]
    folder: Path
    _fetching: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)  # what a killed agent was fetching

    def judged(self, image: Image) -> str:
        if image.origin is ImageOrigin.REFERENCE:
            return self._reference(image.name)
        if self.docker is None:
            reason = "this host runs our own models alone, in its process sandbox: it needs Docker for images"
            raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._fetching, tempfile.TemporaryDirectory(dir=self.folder, prefix="image-") as place:
            if image.origin is ImageOrigin.REGISTRY:
                return load(fetch(image.name, allowed=self.registries, into=Path(place)), self.docker.api)
            return load(read_archive(self._archive(image, Path(place))), self.docker.api)

    def local(self, image: Image, identity: str) -> str:
        if image.origin is ImageOrigin.REFERENCE:
            return self._reference(image.name)
        if self.docker is not None and self._has(self.docker, identity):
            return identity
        try:
            return self.judged(image)  # engines differ in how they name the same image
        except SandboxRefusalError as refusal:
            if refusal.outcome is not Outcome.IMAGE_REFUSED:
                raise
            reason = f"an image that was good when it was sent cannot be had again: {refusal.reason}"
            raise SandboxRefusalError(Outcome.IMAGE_MISSING, reason) from refusal

    def _reference(self, name: str) -> str:
        if self.docker is not None:
            reason = f"{name} is no image: reference models run in the process sandbox"
            raise SandboxRefusalError(Outcome.NOT_ALLOWED, reason)
        reference_module(name)
        return name

    def _has(self, docker: DockerSandbox, identity: str) -> bool:
        try:
            return bool(docker.image_id(identity))
        except SandboxRefusalError:
            return False

    def _archive(self, image: Image, place: Path) -> Path:
        path = place / "archive.tar"
        try:
            found = self.storage.fetch(image.name, path)
        except FileNotFoundError:
            raise SandboxRefusalError(Outcome.HOST_SHORT, f"the storage has no {image.name}") from None
        if found != image.sha256:
            reason = f"{image.name} in storage is not the archive that was sent (sha256 {found[:12]}…)"
            raise SandboxRefusalError(Outcome.HOST_SHORT, reason)
        return path
