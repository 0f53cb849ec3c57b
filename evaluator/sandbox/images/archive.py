"""Reads an archive of one image, as `docker save` wrote it before and since Docker 25, or in the OCI layout.

Everything is judged and every digest computed here; tags in it are not even read. Nothing is extracted.
"""

import hashlib
import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluator.sandbox.images.config import host_architecture, judge
from evaluator.sandbox.images.layers import GZIP_MAGIC, Blob, Bounds, Tally, check_layer, refused
from evaluator.sandbox.images.tarwalk import Kind, Member, TarError, members

MOST_MEMBERS = 2000
DEFAULT = Bounds()
INDEX_TYPES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
ATTESTATION = "attestation-manifest"


@dataclass(frozen=True, slots=True)
class ImageParts:
    """An image that keeps the rules. `identity` is its configuration's digest, which names each layer by content."""

    identity: str
    entrypoint: tuple[str, ...]
    config: bytes
    layers: tuple[Blob, ...]


@dataclass(frozen=True, slots=True)
class LayerClaim:
    blob: Blob
    digest: str | None  # of the blob as it is, where the archive says one


def read_archive(path: Path, *, bounds: Bounds = DEFAULT, architecture: str | None = None) -> ImageParts:
    """Raises SandboxRefusalError with the first rule that the archive or its image breaks."""
    if path.stat().st_size > bounds.packed_mb << 20:
        raise refused(f"the archive is larger than {bounds.packed_mb} MB")
    with path.open("rb") as file:
        if file.read(2) == GZIP_MAGIC:
            raise refused("the archive is compressed: send it as `docker save` writes it, its layers may be compressed")
    shelf = _Shelf(_members(path), bounds)
    if "index.json" in shelf.blobs:
        config, layers = _from_oci(shelf)
        if "manifest.json" in shelf.blobs and _from_docker(shelf)[0] != config:
            raise refused("its two lists of contents name different images")
    elif "manifest.json" in shelf.blobs:
        config, layers = _from_docker(shelf)
    else:
        raise refused("the archive holds neither manifest.json nor index.json: write it with `docker save IMAGE`")
    return checked(config, layers, bounds=bounds, architecture=architecture)


def checked(
    config: bytes, layers: tuple[LayerClaim, ...], *, bounds: Bounds, architecture: str | None = None
) -> ImageParts:
    """The rules that hold wherever the parts came from: configuration first, then each layer read through."""
    judged = judge(document(config, "its configuration"), architecture=architecture or host_architecture())
    if len(layers) > bounds.layers or len(layers) != len(judged.layer_digests) or not layers:
        named = len(judged.layer_digests)
        raise refused(f"its configuration names {named} layers, {len(layers)} are there, 1 to {bounds.layers} may be")
    tally = Tally(bounds)
    for layer, diff_id in zip(layers, judged.layer_digests, strict=True):
        check_layer(layer.blob, diff_id=diff_id, digest=layer.digest, tally=tally)
    return ImageParts(digest_of(config), judged.entrypoint, config, tuple(layer.blob for layer in layers))


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass(frozen=True, slots=True)
class _Shelf:
    blobs: Mapping[str, Blob]
    bounds: Bounds

    def blob(self, name: Any) -> Blob:
        found = self.blobs.get(name) if isinstance(name, str) else None
        if found is None:
            raise refused(f"the archive names {str(name)[:100]!r} and does not hold it")
        return found

    def document(self, name: str) -> Any:
        return document(self.blob(name).whole(name, most_kb=self.bounds.document_kb), name)

    def by_digest(self, descriptor: Any) -> tuple[str, Blob]:
        digest = text_of(descriptor, "digest")
        algorithm, _, name = digest.partition(":")
        blob = self.blob(f"blobs/{algorithm}/{name}")
        if descriptor.get("size") != blob.size:
            raise refused(f"{digest} has another size than is said of it")
        return digest, blob

    def content(self, descriptor: Any) -> bytes:
        digest, blob = self.by_digest(descriptor)
        content = blob.whole(digest, most_kb=self.bounds.document_kb)
        if digest_of(content) != digest:
            raise refused(f"{digest} is not what its digest says")
        return content


def _from_oci(shelf: _Shelf) -> tuple[bytes, tuple[LayerClaim, ...]]:
    descriptor = _only(shelf.document("index.json"))
    if descriptor.get("mediaType") in INDEX_TYPES:
        descriptor = _only(document(shelf.content(descriptor), "its index"))
    manifest = document(shelf.content(descriptor), "its manifest")
    claims = tuple(LayerClaim(blob, digest) for digest, blob in map(shelf.by_digest, listed(manifest, "layers")))
    return shelf.content(_field(manifest, "config")), claims


def _from_docker(shelf: _Shelf) -> tuple[bytes, tuple[LayerClaim, ...]]:
    images = shelf.document("manifest.json")
    if not isinstance(images, list) or len(images) != 1:
        raise refused("the archive must hold exactly one image: `docker save` one image by one name")
    name = text_of(images[0], "Config")
    config = shelf.blob(name).whole(name, most_kb=shelf.bounds.document_kb)
    claimed = posixpath.basename(name).removesuffix(".json")
    if digest_of(config) != f"sha256:{claimed}":
        raise refused(f"its configuration is not what its name says ({name[:100]})")
    return config, tuple(LayerClaim(shelf.blob(layer), None) for layer in listed(images[0], "Layers"))


def _only(index: Any) -> Any:
    """Build tools add statements about how an image was made; they are no images."""
    manifests = listed(index, "manifests")
    images = {text_of(one, "digest"): one for one in manifests if not _is_attestation(one)}  # two names, one image
    if len(images) != 1:
        raise refused(f"the archive must hold exactly one image for one platform, it holds {len(images)}")
    return next(iter(images.values()))


def _is_attestation(descriptor: Any) -> bool:
    notes = descriptor.get("annotations") if isinstance(descriptor, Mapping) else None
    return isinstance(notes, Mapping) and notes.get("vnd.docker.reference.type") == ATTESTATION


def _members(path: Path) -> dict[str, Blob]:
    """Names to bytes. Links, which old archives have for layers that are there twice, lead to a file of the archive."""
    files: dict[str, Blob] = {}
    links: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            for number, member in enumerate(members(file)):
                if number >= MOST_MEMBERS:
                    raise refused(f"the archive holds more than {MOST_MEMBERS} entries")
                _shelve(member, path, files, links)
    except TarError as error:
        raise refused(f"it is no proper tar archive: {error}") from error
    for name, target in links.items():
        if target in files and name not in files:
            files[name] = files[target]
    return files


def _shelve(member: Member, path: Path, files: dict[str, Blob], links: dict[str, str]) -> None:
    name = posixpath.normpath(member.name)
    if name.startswith(("/", "..")) or ".." in member.name.split("/"):
        raise refused(f"the archive holds the path {member.name[:100]!r}")
    if name in files or name in links:
        raise refused(f"the archive holds {name[:100]!r} twice")
    match member.kind:
        case Kind.FILE:
            files[name] = Blob(path, member.offset, member.size)
        case Kind.SYMLINK | Kind.HARD_LINK:
            base = posixpath.dirname(name) if member.kind is Kind.SYMLINK else ""
            target = posixpath.normpath(posixpath.join(base, member.link))
            if target.startswith(("/", "..")):
                raise refused(f"the archive holds a link out of it, {member.name[:100]!r}")
            links[name] = target
        case Kind.DIRECTORY:
            return
        case _:
            raise refused(f"the archive holds a {member.kind}, {member.name[:100]!r}")


def document(content: bytes, name: str) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise refused(f"{name} is no JSON") from error


def _field(document: Any, name: str) -> Any:
    if not isinstance(document, Mapping) or name not in document:
        raise refused(f"its manifest has no {name}")
    return document[name]


def text_of(document: Any, name: str) -> str:
    value = _field(document, name)
    if not isinstance(value, str):
        raise refused(f"its manifest's {name} is no text")
    return value


def listed(document: Any, name: str) -> list[Any]:
    value = _field(document, name)
    if not isinstance(value, list):
        raise refused(f"its manifest's {name} is no list")
    return value
