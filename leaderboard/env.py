"""Settings from the environment: a wrong value stops the start and names the variable."""

import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def is_set(name: str) -> bool:
    return bool(os.environ.get(name))


def text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name) or default
    if value is None:
        raise ImproperlyConfigured(f"{name} is not set: set it in the environment")
    return value


def whole(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: give a whole number") from None


def switch(name: str, default: bool) -> bool:
    value = (os.environ.get(name) or ("on" if default else "off")).lower()
    if value in ("1", "on", "true", "yes"):
        return True
    if value in ("0", "off", "false", "no"):
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: give on or off")


def one_of(name: str, choices: Sequence[str]) -> str:
    """The first is what it is when nothing is said."""
    value = os.environ.get(name) or choices[0]
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}: give {' or '.join(choices)}")
    return value


def words(name: str, default: str = "") -> list[str]:
    """Separated by commas."""
    return [word.strip() for word in (os.environ.get(name) or default).split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    return Path(os.environ.get(name) or default).resolve()


def database(name: str, default: str) -> dict[str, object]:
    """postgresql://user:password@host:port/name; a socket's folder as ?host=/folder, or percent-encoded."""
    url = urlsplit(os.environ.get(name) or default)
    if url.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"{name} is not a postgresql:// address")
    options = dict(parse_qsl(url.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/") or "postgres",
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": options.pop("host", "") or unquote(url.hostname or ""),
        "PORT": str(url.port or options.pop("port", "")),
        "OPTIONS": options,
    }
