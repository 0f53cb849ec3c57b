"""Where this board's stages run, and how none of them outlives a board that was stopped."""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path

from evaluator.engine.host import SandboxKind, open_sandbox
from evaluator.sandbox.outcomes import SandboxRefusalError
from leaderboard.up.errors import BoardError


class Choice(StrEnum):
    AUTO = "auto"
    DOCKER = "docker"
    PROCESS = "process"


def chosen(choice: Choice, folder: Path, say: Callable[[str], None]) -> SandboxKind:
    if choice is Choice.PROCESS:
        return SandboxKind.PROCESS
    try:
        _, engine = open_sandbox(SandboxKind.DOCKER, folder)
    except SandboxRefusalError as refusal:
        if choice is Choice.DOCKER:
            raise BoardError(refusal.reason) from None
        say("no Docker engine answers: this board evaluates our own reference models alone, in the process sandbox")
        return SandboxKind.PROCESS
    assert engine is not None
    engine.close()
    return SandboxKind.DOCKER


def end_stages(kind: SandboxKind, folder: Path) -> int:
    """Kill and remove every stage of this board's host; returns how many there were."""
    sandbox, engine = open_sandbox(kind, folder)
    try:
        return len(sandbox.reap())
    finally:
        if engine:
            engine.close()
