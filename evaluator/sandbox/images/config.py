"""Judges an image's configuration, wherever it was read: in an archive, at a registry, or from the daemon."""

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError

MOST_ENVIRONMENT_BYTES = 64 << 10
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What of an image's configuration matters to us."""

    entrypoint: tuple[str, ...]
    layer_digests: tuple[str, ...]  # of the layers as plain tar, bottom first


def host_architecture() -> str:
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def judge(config: Mapping[str, Any], *, architecture: str | None = None) -> ImageConfig:
    """`config` as OCI and Docker store it. Raises SandboxRefusalError for the first rule that it breaks."""
    wanted = architecture or host_architecture()
    _demand(config.get("os") == "linux", f"it is made for {config.get('os')!r}, this host is linux")
    found = config.get("architecture")
    _demand(found == wanted, f"it is made for {found!r}, this host is {wanted}: build with --platform linux/{wanted}")
    run = _mapping(config.get("config"), "config")
    rootfs = _mapping(config.get("rootfs"), "rootfs")
    return ImageConfig(judged_run(run), _texts(rootfs.get("diff_ids"), "rootfs.diff_ids"))


def judged_run(run: Mapping[str, Any], *, instead: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The part that says how it is run; returns its entry point, or what is run instead."""
    entrypoint = instead or _texts(run.get("Entrypoint"), "Entrypoint")
    _demand(
        bool(entrypoint), 'it has no ENTRYPOINT: add ENTRYPOINT ["python", "model.py"], say, which gets train or infer'
    )
    volumes = sorted(_mapping(run.get("Volumes"), "Volumes"))
    # A volume would be a place on the host's disk that can be written to without a bound.
    _demand(
        not volumes,
        f"it declares VOLUME {', '.join(volumes)}: remove it; /tmp, /holdout/model and /holdout/out are writable",
    )
    environment = _texts(run.get("Env"), "Env")
    _demand(sum(map(len, environment)) <= MOST_ENVIRONMENT_BYTES, "its environment is larger than 64 KiB")
    return entrypoint


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    _demand(value is None or isinstance(value, Mapping), f"its configuration's {name} is no table")
    return value or {}


def _texts(value: Any, name: str) -> tuple[str, ...]:
    good = value is None or (isinstance(value, list) and all(isinstance(part, str) for part in value))
    _demand(good, f"its configuration's {name} is no list of texts")
    return tuple(value or ())


def _demand(holds: bool, reason: str) -> None:
    if not holds:
        raise SandboxRefusalError(Outcome.IMAGE_REFUSED, f"the image is refused: {reason}")
