"""TOML into frozen dataclasses: an unknown key, a missing one or a wrong type is refused by its name."""

import difflib
import types
from collections.abc import Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from benchmark_data.errors import ReleaseError

Value = TypeVar("Value")


def read_value(kind: type[Value], raw: dict[str, Any], *, where: str = "") -> Value:
    """`raw` as a dataclass of this kind; `where` is the TOML path that messages begin with."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in raw:
        if key not in known:
            raise ReleaseError(f"{_path(where, key)} is not a known key; {nearest(key, list(known))}")
    hints = get_type_hints(kind)
    given = {}
    for name, field in known.items():
        if name in raw:
            given[name] = _converted(hints[name], raw[name], _path(where, name))
        elif _is_required(field):
            raise ReleaseError(f"{_path(where, name)} is missing")
    return kind(**given)


def nearest(word: str, known: Sequence[str]) -> str:
    """The known word that somebody may have meant, or all of them, as the end of a sentence."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(known)}"


def _is_required(field: "Field[Any]") -> bool:
    return field.default is MISSING and field.default_factory is MISSING


def _path(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _converted(kind: Any, raw: Any, where: str) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _converted(next(option for option in get_args(kind) if option is not type(None)), raw, where)
    if origin is tuple:
        if not isinstance(raw, list):
            raise ReleaseError(f"{where} is {raw!r}; a list is wanted")
        item = get_args(kind)[0]
        return tuple(_converted(item, value, f"{where}[{number}]") for number, value in enumerate(raw))
    if origin is dict or is_dataclass(kind):
        if not isinstance(raw, dict):
            raise ReleaseError(f"{where} is {raw!r}; a table is wanted")
        return raw if origin is dict else read_value(kind, raw, where=where)
    if issubclass(kind, StrEnum):
        if raw not in [str(member) for member in kind]:
            raise ReleaseError(f"{where} is {raw!r}; {nearest(str(raw), [str(member) for member in kind])}")
        return kind(raw)
    if kind is float and type(raw) is int:
        return float(raw)
    if type(raw) is not kind:
        raise ReleaseError(f"{where} is {raw!r}; {_WORDS[kind]} is wanted")
    return raw


_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", date: "a date"}
