"""Log lines, as text or as one JSON object each, that carry the id of the request that began what they tell of.

The id goes from a request to its submission, its tasks and orders, and to the label of every container made for it.
"""

import json
import logging
import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, ParamSpec, TypeVar

SAFE = re.compile(r"[A-Za-z0-9_-]{8,64}")
LABEL = "holdout.request"
TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_trace: ContextVar[str] = ContextVar("trace", default="")
P = ParamSpec("P")
T = TypeVar("T")


def trace() -> str:
    """The id of what is done now; empty for what nobody asked for."""
    return _trace.get()


def safe(said: object) -> str:
    """Somebody else's word for an id, or nothing where it is none."""
    return said if isinstance(said, str) and SAFE.fullmatch(said) else ""


def new_trace() -> str:
    return uuid.uuid4().hex


@contextmanager
def tracing(of: str) -> Iterator[None]:
    token = _trace.set(of)
    try:
        yield
    finally:
        _trace.reset(token)


def traced(of: str, function: Callable[P, T], /, *arguments: P.args, **named: P.kwargs) -> T:
    """For another thread, which knows nothing of this one's id."""
    with tracing(of):
        return function(*arguments, **named)


def mark(record: logging.LogRecord) -> bool:
    """A filter that drops nothing: the id is that of the moment when the line was written."""
    record.trace = trace()
    return True


class Text(logging.Formatter):
    def __init__(self) -> None:
        super().__init__(TEXT)

    def format(self, record: logging.LogRecord) -> str:
        line, of = super().format(record), getattr(record, "trace", "")
        return f"{line} [{of}]" if of else line


class Json(logging.Formatter):
    """What a container or a participant said may stand in a message: JSON keeps it on one line."""

    def format(self, record: logging.LogRecord) -> str:
        said: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "part": os.environ.get("HOLDOUT_PART", ""),
            "logger": record.name,
            "message": record.getMessage(),
            "trace": getattr(record, "trace", ""),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in said.items() if value != ""}, default=str)


def logging_config(form: str, level: str) -> dict[str, Any]:
    """For logging.config.dictConfig; `form` is text or json."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"mark": {"()": lambda: mark}},
        "formatters": {"line": {"()": Json if form == "json" else Text}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["mark"]}},
        "root": {"handlers": ["console"], "level": level},
        # A line for every task and every message otherwise.
        # Nor addresses that were not found: they may hold secrets, and a request's own line says 404.
        "loggers": {name: {"level": "WARNING"} for name in ("celery", "kombu", "amqp")}
        | {"django.request": {"level": "ERROR"}},
    }
