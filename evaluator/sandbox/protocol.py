"""The verbs of a sandbox. Nothing here holds a process open: every verb returns at once and may be called by another
process than the one that started the stage."""

from collections.abc import Collection
from pathlib import Path
from typing import Protocol

from evaluator.sandbox.stages import Found, Outputs, StageSpec, State


class Sandbox(Protocol):
    """Every verb is safe to repeat. All raise SandboxRefusalError, with an outcome, when the host says no."""

    def start(self, spec: StageSpec) -> None:
        """Start the stage, or find that this very spec was started before. Same key, other spec: refused."""

    def look(self, key: str) -> State:
        """Where the stage stands. A stage past its wall time is killed by the first look, whoever looks."""

    def stop(self, key: str) -> None:
        """Kill it; its outcome will be STOPPED. Nothing happens to one that has ended, or is gone."""

    def collect(self, key: str, into: Path) -> Outputs:
        """Copy an ended stage's predictions, or its model as one file, into a directory of ours. May be repeated until
        `discard`; raises LookupError while it runs, or when it is gone."""

    def discard(self, key: str) -> None:
        """Kill it if need be and remove every trace: container, mounts, files."""

    def found(self) -> tuple[Found, ...]:
        """All stages of this sandbox on this host, running or ended."""

    def reap(self, keep: Collection[str] = ()) -> tuple[str, ...]:
        """Discard all stages but these, also what a killed engine left half made; returns the keys that went."""
