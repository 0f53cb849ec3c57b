"""Archives of images, built byte by byte in each layout, and whatever a hostile one may hold."""

import gzip
import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from evaluator.sandbox.images.config import host_architecture

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def member(name: str, **attributes) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    for attribute, value in attributes.items():
        setattr(entry, attribute, value)
    return entry


def tar(*entries, files: dict[str, bytes] | None = None, format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format) as archive:
        for name, content in (files or {}).items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
        for entry in entries:
            archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    return buffer.getvalue()


@dataclass(frozen=True)
class Image:
    layers: tuple[bytes, ...] = (tar(files={"model.py": b"print('hello')"}),)
    architecture: str = host_architecture()
    os: str = "linux"
    run: tuple = (("Entrypoint", ["python3", "/model.py"]),)
    packed: bool = False
    tag: str | None = "python:3.11-slim-bookworm"

    @cached_property
    def config(self) -> bytes:
        rootfs = {"type": "layers", "diff_ids": [digest(layer) for layer in self.layers]}
        document = {"architecture": self.architecture, "os": self.os, "config": dict(self.run), "rootfs": rootfs}
        return json.dumps(document).encode()

    @cached_property
    def blobs(self) -> tuple[bytes, ...]:
        return tuple(gzip.compress(layer, mtime=0) if self.packed else layer for layer in self.layers)

    @cached_property
    def manifest(self) -> bytes:
        layers = [
            {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(blob), "size": len(blob)}
            for blob in self.blobs
        ]
        config = {"mediaType": "application/vnd.oci.image.config.v1+json", **described(self.config)}
        return json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers}).encode()

    def but(self, **changes) -> "Image":
        return replace(self, **changes)


def described(content: bytes) -> dict:
    return {"digest": digest(content), "size": len(content)}


def blob_name(content: bytes) -> str:
    return "blobs/" + digest(content).replace(":", "/")


def before_25(*images: Image) -> dict[str, bytes]:
    """What `docker save` writes up to Docker 24."""
    files, manifest = {}, []
    for image in images:
        config = digest(image.config).removeprefix("sha256:") + ".json"
        names = [f"{digest(layer)[7:]}/layer.tar" for layer in image.layers]
        files |= {config: image.config, **dict(zip(names, image.blobs, strict=True))}
        manifest.append({"Config": config, "RepoTags": [image.tag], "Layers": names})
    return files | {"manifest.json": json.dumps(manifest).encode(), "repositories": b"{}"}


def oci(*images: Image) -> dict[str, bytes]:
    files, described_images = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}, []
    for image in images:
        files |= {blob_name(content): content for content in (*image.blobs, image.config, image.manifest)}
        notes = {"io.containerd.image.name": f"docker.io/library/{image.tag}"}
        described_images.append({"mediaType": OCI_MANIFEST, **described(image.manifest), "annotations": notes})
    index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": described_images}
    return files | {"index.json": json.dumps(index).encode()}


def since_25(*images: Image) -> dict[str, bytes]:
    """What `docker save` writes from Docker 25 on: both lists over the same blobs."""
    manifest = [
        {
            "Config": blob_name(image.config),
            "RepoTags": [image.tag],
            "Layers": [blob_name(blob) for blob in image.blobs],
        }
        for image in images
    ]
    return oci(*images) | {"manifest.json": json.dumps(manifest).encode()}


LAYOUTS = {"docker before 25": before_25, "docker since 25": since_25, "oci": oci}


def written(path: Path, files: dict[str, bytes], *entries) -> Path:
    path.write_bytes(tar(*entries, files=files))
    return path
