"""Hands the engine an image: an archive that we write ourselves, of parts that we have read, without a name in it."""

import json
import re
import tarfile
from collections.abc import Iterator
from typing import Any

from docker.errors import APIError, ImageNotFound

from evaluator.sandbox.images.archive import ImageParts
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError

LOADED = re.compile(r"Loaded image ID: (sha256:[0-9a-f]{64})")


def load(parts: ImageParts, api: Any) -> str:
    """The id under which this host's engine now has the image. No tag of the host is moved, whatever was sent."""
    if _has(api, parts.identity):
        return parts.identity
    try:
        said = "".join(line.get("stream", "") for line in api.load_image(docker_archive(parts)))
    except APIError as error:
        raise SandboxRefusalError(Outcome.HOST_SHORT, f"the engine did not load the image: {error}") from error
    found = LOADED.findall(said)
    # Engines with containerd's image store name an image by its manifest, and say which.
    image = parts.identity if _has(api, parts.identity) else found[0] if len(found) == 1 else None
    if image is None:
        raise SandboxRefusalError(Outcome.HOST_SHORT, f"the engine did not load the image: {said.strip()[:200]}")
    return image


def docker_archive(parts: ImageParts) -> Iterator[bytes]:
    """The oldest layout, which every engine reads. Layers are passed on as they came."""
    config = f"{parts.identity.removeprefix('sha256:')}.json"
    names = [f"{number}/layer.tar" for number in range(len(parts.layers))]
    manifest = json.dumps([{"Config": config, "RepoTags": None, "Layers": names}]).encode()
    yield from _entry("manifest.json", len(manifest), iter([manifest]))
    yield from _entry(config, len(parts.config), iter([parts.config]))
    for name, layer in zip(names, parts.layers, strict=True):
        yield from _entry(name, layer.size, layer.chunks())
    yield bytes(2 * tarfile.BLOCKSIZE)


def _entry(name: str, size: int, content: Iterator[bytes]) -> Iterator[bytes]:
    header = tarfile.TarInfo(name)
    header.size = size
    yield header.tobuf(tarfile.GNU_FORMAT)
    yield from content
    yield bytes(-size % tarfile.BLOCKSIZE)


def _has(api: Any, image: str) -> bool:
    try:
        return str(api.inspect_image(image)["Id"]) == image
    except ImageNotFound:
        return False
