"""A host's settings, from the environment: a wrong value stops the start with one sentence that names the variable."""

import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from evaluator.engine.host import SandboxKind
from evaluator.sandbox.images.registry import Registry
from evaluator.sandbox.selftest import BASE_IMAGE

NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,62}")
BROKERS = ("redis", "rediss", "redis+socket")
T = TypeVar("T")


class SettingError(ValueError):
    """One sentence that names the variable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    name: str
    broker: str
    storage: str  # an fsspec address
    releases: Path  # its sub-folders are releases
    folder: Path  # takes everything of the agent's own
    sandbox: SandboxKind
    slots: int
    report_s: float
    least_free_mb: int
    registries: tuple[Registry, ...]
    full_test: bool
    test_hours: float  # that a passed self test counts for
    test_image: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "HostSettings":
        """What is not set has a default where one can be known."""

        def setting(variable: str, parse: Callable[[str], T], default: str | None = None) -> T:
            text = environment.get(variable, "").strip() or default
            if text is None:
                raise SettingError(f"{variable} is not set: set it in the environment")
            try:
                return parse(text)
            except ValueError as error:
                raise SettingError(f"{variable} is {text!r}: {error}") from None

        return cls(
            name=setting("HOLDOUT_HOST_NAME", _name, socket.gethostname().lower()),
            broker=setting("HOLDOUT_HOST_BROKER", _broker),
            storage=setting("HOLDOUT_STORAGE", str),
            releases=setting("HOLDOUT_RELEASES", _folder),
            folder=setting("HOLDOUT_HOST_FOLDER", lambda text: Path(text).resolve()),
            sandbox=setting("HOLDOUT_SANDBOX", _sandbox, SandboxKind.DOCKER),
            slots=setting("HOLDOUT_HOST_SLOTS", _whole, str(len(os.sched_getaffinity(0)))),
            report_s=setting("HOLDOUT_HOST_REPORT_S", _seconds, "2"),
            least_free_mb=setting("HOLDOUT_HOST_LEAST_FREE_MB", _whole, "5000"),
            registries=setting("HOLDOUT_HOST_REGISTRIES", _registries, ","),
            full_test=setting("HOLDOUT_HOST_SELF_TEST", _full_test, "full"),
            test_hours=setting("HOLDOUT_HOST_SELF_TEST_HOURS", _seconds, "24"),
            test_image=setting("HOLDOUT_HOST_SELF_TEST_IMAGE", str, BASE_IMAGE),
        )


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise ValueError("give 1 to 63 of a-z, 0-9, '_', '.', '-'")
    return text


def _broker(text: str) -> str:
    if urlsplit(text).scheme not in BROKERS:
        raise ValueError(f"give the address of a Redis: {'://…, '.join(BROKERS)}://…")
    return text


def _folder(text: str) -> Path:
    path = Path(text).resolve()
    if not path.is_dir():
        raise ValueError("give a folder that is there")
    return path


def _sandbox(text: str) -> SandboxKind:
    if text not in list(SandboxKind):
        raise ValueError(f"give {' or '.join(SandboxKind)}")
    return SandboxKind(text)


def _whole(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("give a whole number above zero")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e6:
        raise ValueError("give a number above zero")
    return value


def _full_test(text: str) -> bool:
    if text not in ("full", "short"):
        raise ValueError("give full or short")
    return text == "full"


def _registries(text: str) -> tuple[Registry, ...]:
    """host, or host+another where it sends us on to another; http://host for one on this machine."""
    found = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        host, *also = word.removeprefix("http://").split("+")
        if "/" in host or not host:
            raise ValueError(f"{word!r} is no host: give registry.example.org, several with commas")
        found.append(Registry(host, tuple(also), plain_http=word.startswith("http://")))
    return tuple(found)
