"""Reads a host's report. Its host may have been taken: what is not of just these types and sizes is no report.

What passes can be stored, added up and shown. One odd number would break all pages whose forecast counts it.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from evaluator.agent.messages import Report

MOST_REPORT_BYTES = 256 << 20
"""Every stage of a large host may end in one report, each with its logs."""
DEEPEST_RECORD = 6
LONGEST_S, MOST_CPU_S, MOST_MB, MOST_BYTES, MOST_SEQUENCE = 1e8, 1e12, 10**12, 1 << 60, (1 << 63) - 1
Check = Callable[[Any], bool]


def read_report(text: str) -> Report:
    """ValueError, TypeError or LookupError for what is none."""
    if len(text) > MOST_REPORT_BYTES:
        raise ValueError(f"it has {len(text)} characters, {MOST_REPORT_BYTES} are the most")
    try:
        said = json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not _report(said):
        raise ValueError(f"a value in it is of a wrong type or size; it begins with {text[:100]!r}")
    return Report.from_json(said)


def _no_number(said: str) -> None:
    raise ValueError(f"{said} is no number")


def _number(most: float, least: float = 0) -> Check:
    return lambda said: type(said) in (int, float) and least <= said <= most


def _whole(most: int, least: int = 0) -> Check:
    return lambda said: type(said) is int and least <= said <= most


def _text(most: int = MOST_REPORT_BYTES) -> Check:
    return lambda said: isinstance(said, str) and len(said) <= most


def _flag(said: Any) -> bool:
    return isinstance(said, bool)


def _or_none(check: Check) -> Check:
    return lambda said: said is None or check(said)


def _list(check: Check) -> Check:
    return lambda said: isinstance(said, list) and all(map(check, said))


def _object(**checks: Check) -> Check:
    """With no other names; one that is missing is found out when the value is made."""
    return lambda said: isinstance(said, dict) and all(n in checks and checks[n](value) for n, value in said.items())


def _is_record(said: Any) -> bool:
    return isinstance(said, dict) and _is_plain(said, DEEPEST_RECORD)


def _is_plain(said: Any, levels: int) -> bool:
    if levels < 0:
        return False
    if isinstance(said, Mapping):
        return all(map(_is_name, said)) and all(_is_plain(value, levels - 1) for value in said.values())
    if isinstance(said, list):
        return all(_is_plain(value, levels - 1) for value in said)
    return said is None or isinstance(said, str | bool) or abs(said) < MOST_BYTES


def _is_name(said: str) -> bool:
    return said.isprintable()


_peaks = _object(
    memory_mb=_or_none(_number(MOST_MB)),
    cpu_s=_or_none(_number(MOST_CPU_S)),
    gpu_s=_number(MOST_CPU_S),
    written_bytes=_or_none(_whole(MOST_BYTES)),
)
_ending = _object(
    outcome=_text(40),
    exit_code=_or_none(_whole(1 << 32, -(1 << 32))),
    oom_killed=_flag,
    wall_s=_number(LONGEST_S),
    peaks=_peaks,
    log=_object(head=_text(), tail=_text()),
    reason=_text(),
)
_stage = _object(
    key=_text(100),
    attempt=_text(100),
    token=_text(100),
    phase=_text(40),
    wall_s=_number(LONGEST_S, -LONGEST_S),  # of a stage under way, by a clock that may have been set back
    ending=_or_none(_ending),
    manifest=_or_none(_text(100)),
    image=_or_none(_text(1000)),
)
_report = _object(
    host=_text(100),
    boot_id=_text(64),
    sequence=_whole(MOST_SEQUENCE),
    stages=_list(_stage),
    capacity=_object(cpus=_number(1e6), memory_mb=_whole(MOST_MB), gpus=_whole(10**6), slots=_whole(10**6)),
    free_disk_mb=_whole(MOST_MB),
    unfit=_text(),
    releases=_list(_text(64)),
    record=_is_record,
)
