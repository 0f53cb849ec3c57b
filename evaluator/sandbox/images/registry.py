"""Fetches an image by digest from a registry that the operator allows, without the engine's help.

Manifest and configuration are read and judged before a layer is asked for; layers come, within their declared and our
own bounds, into a directory of ours, and are checked like an archive's. The engine never pulls.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

from evaluator.sandbox.images.archive import (
    DEFAULT,
    INDEX_TYPES,
    ImageParts,
    LayerClaim,
    checked,
    digest_of,
    document,
    listed,
    text_of,
)
from evaluator.sandbox.images.config import host_architecture, judge
from evaluator.sandbox.images.layers import Blob, Bounds, refused
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError

REFERENCE = re.compile(
    r"(?P<host>[a-z0-9.-]+(?::\d+)?)/(?P<name>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)@(?P<digest>sha256:[0-9a-f]{64})"
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
TIMEOUT_S = (10, 60)  # to connect, and between two chunks
MOST_REDIRECTS = 3
CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True)
class Registry:
    """One entry of the allow-list. `also`: hosts that it may send us to, for tokens and for layers."""

    host: str
    also: tuple[str, ...] = ()
    plain_http: bool = False  # for a registry on this machine
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        return f"{'http' if self.plain_http else 'https'}://{self.host}"

    def allows(self, url: str) -> bool:
        parts = urlsplit(url)
        if parts.netloc == self.host:
            return parts.scheme == urlsplit(self.url).scheme
        return parts.scheme == "https" and parts.netloc in self.also


@dataclass(frozen=True, slots=True)
class Reference:
    host: str
    name: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Reference":
        found = REFERENCE.fullmatch(text)
        if found is None:
            reason = f"{text[:200]!r} is no image by digest: write registry.example.org/team/model@sha256:…"
            raise SandboxRefusalError(Outcome.IMAGE_REFUSED, reason)
        return cls(found["host"], found["name"], found["digest"])


def fetch(
    reference: str,
    *,
    allowed: Collection[Registry],
    into: Path,
    bounds: Bounds = DEFAULT,
    architecture: str | None = None,
) -> ImageParts:
    """`into`: an empty directory that the caller removes; at most `bounds.packed_mb` are written there."""
    asked = Reference.parse(reference)
    registry = next((one for one in allowed if one.host == asked.host), None)
    if registry is None:
        known = ", ".join(sorted(one.host for one in allowed)) or "none"
        raise SandboxRefusalError(Outcome.IMAGE_REFUSED, f"{asked.host} is not on the list of registries ({known})")
    with _Client.opened(registry, asked, bounds) as client:
        manifest = client.manifest(asked.digest, architecture or host_architecture())
        config = client.config(manifest, architecture)
        return checked(config, client.layers(manifest, into), bounds=bounds, architecture=architecture)


@dataclass(slots=True)
class _Client:
    registry: Registry
    asked: Reference
    bounds: Bounds
    session: requests.Session
    token: str = ""

    @classmethod
    @contextmanager
    def opened(cls, registry: Registry, asked: Reference, bounds: Bounds) -> Iterator["_Client"]:
        with requests.Session() as session:
            session.trust_env = False  # no proxy, no .netrc: what is sent is what the allow-list says
            try:
                yield cls(registry, asked, bounds, session)
            except requests.RequestException as error:
                reason = f"{registry.host} does not answer as a registry: {error}"
                raise SandboxRefusalError(Outcome.HOST_SHORT, reason) from error

    def manifest(self, digest: str, architecture: str) -> Any:
        """The manifest that the digest names, or the one for this platform of the index that it names."""
        content = document(self._named("manifests", digest), "its manifest")
        if not isinstance(content, Mapping) or "manifests" not in content:
            return content
        fitting = [one for one in listed(content, "manifests") if _platform(one) == ("linux", architecture)]
        if len(fitting) != 1:
            raise refused(f"it has {len(fitting)} images for linux/{architecture}: push one")
        return document(self._named("manifests", _digest(fitting[0])), "its manifest")

    def config(self, manifest: Any, architecture: str | None) -> bytes:
        """Judged before a layer is asked for, with what the layers say of their sizes."""
        config = self._named("blobs", _digest(manifest.get("config")))
        judge(document(config, "its configuration"), architecture=architecture)
        packed = sum(_size(layer) for layer in listed(manifest, "layers"))
        if packed > self.bounds.packed_mb << 20:
            raise refused(f"its layers take {packed >> 20} MB, {self.bounds.packed_mb} MB are allowed")
        if len(listed(manifest, "layers")) > self.bounds.layers:
            raise refused(f"it has more than {self.bounds.layers} layers")
        return config

    def layers(self, manifest: Any, into: Path) -> tuple[LayerClaim, ...]:
        claims: dict[str, LayerClaim] = {}
        for layer in listed(manifest, "layers"):
            digest, size = _digest(layer), _size(layer)
            if digest not in claims:
                path = into / digest.removeprefix("sha256:")
                self._download(digest, size, path)
                claims[digest] = LayerClaim(Blob(path, 0, size), digest)
        return tuple(claims[_digest(layer)] for layer in listed(manifest, "layers"))

    def _named(self, kind: str, digest: str) -> bytes:
        """A document by its digest, which is computed here: what the server says of it counts for nothing."""
        content = b"".join(self._chunks(kind, digest, self.bounds.document_kb << 10))
        if digest_of(content) != digest:
            raise refused(f"{self.registry.host} answered something else for {digest}")
        return content

    def _download(self, digest: str, size: int, to: Path) -> None:
        hashed, written = hashlib.sha256(), 0
        with to.open("xb") as file:
            for chunk in self._chunks("blobs", digest, size):
                hashed.update(chunk)
                written += len(chunk)
                file.write(chunk)
        if written != size or f"sha256:{hashed.hexdigest()}" != digest:
            raise refused(f"{self.registry.host} answered something else for {digest}")

    def _chunks(self, kind: str, digest: str, most_bytes: int) -> Iterator[bytes]:
        with self._answer(f"{self.registry.url}/v2/{self.asked.name}/{kind}/{digest}") as response:
            left = most_bytes
            # The bytes as they are sent: a compression that the server adds would be unpacked without a bound.
            while chunk := response.raw.read(CHUNK_BYTES, decode_content=False):
                left -= len(chunk)
                if left < 0:
                    raise refused(f"{digest} is larger than {most_bytes} bytes")
                yield chunk

    @contextmanager
    def _answer(self, url: str) -> Iterator[requests.Response]:
        for _ in range(MOST_REDIRECTS + 2):
            if not self.registry.allows(url):
                reason = f"{self.registry.host} sends us to {urlsplit(url).netloc}, which is not on the list"
                raise SandboxRefusalError(Outcome.IMAGE_REFUSED, reason)
            with self._asked(url) as response:
                if response.is_redirect:
                    url = urljoin(url, response.headers["Location"])
                elif response.status_code == requests.codes.unauthorized and not self.token:
                    self.token = self._new_token(response.headers.get("WWW-Authenticate", ""))
                elif response.ok:
                    yield response
                    return
                else:
                    raise refused(f"{self.registry.host} has no such image for us (HTTP {response.status_code})")
        raise refused(f"{self.registry.host} sends us round in circles")

    def _asked(self, url: str) -> requests.Response:
        headers = {"Accept": ", ".join((*MANIFEST_TYPES, *INDEX_TYPES)), "Accept-Encoding": "identity"}
        if self.token and urlsplit(url).netloc == self.registry.host:
            headers["Authorization"] = f"Bearer {self.token}"
        return self.session.get(url, headers=headers, stream=True, allow_redirects=False, timeout=TIMEOUT_S)

    def _new_token(self, challenge: str) -> str:
        said = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        realm = said.get("realm", "")
        if not challenge.lower().startswith("bearer ") or not self.registry.allows(realm):
            raise refused(f"{self.registry.host} asks for a login that is not on the list")
        login = (self.registry.user, self.registry.password) if self.registry.user else None
        query = {"service": said.get("service", ""), "scope": f"repository:{self.asked.name}:pull"}
        asked = self.session.get(realm, params=query, auth=login, allow_redirects=False, timeout=TIMEOUT_S, stream=True)
        with asked as answer:
            content = document(answer.raw.read(1 << 16, decode_content=True), "the registry's token")
        token = content.get("token") or content.get("access_token") if isinstance(content, Mapping) else None
        if not isinstance(token, str):
            raise refused(f"{self.registry.host} gives us no token for {self.asked.name}")
        return token


def _digest(descriptor: Any) -> str:
    digest = text_of(descriptor, "digest")
    if not DIGEST.fullmatch(digest):
        raise refused(f"its manifest names {digest[:100]!r}, which is no digest")
    return digest


def _size(descriptor: Any) -> int:
    size = descriptor.get("size")
    if not isinstance(size, int) or size < 0:
        raise refused("its manifest gives a layer no size")
    return size


def _platform(descriptor: Any) -> tuple[Any, Any]:
    platform = descriptor.get("platform") if isinstance(descriptor, Mapping) else None
    return (platform.get("os"), platform.get("architecture")) if isinstance(platform, Mapping) else (None, None)
