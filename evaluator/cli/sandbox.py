"""`holdout sandbox …`: whether strangers' containers may run on this host."""

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from evaluator.cli.printing import print_json, progress_bar
from evaluator.sandbox.attacks import ATTACKS
from evaluator.sandbox.docker_backend import DockerSandbox
from evaluator.sandbox.selftest import BASE_IMAGE, Finding, host_notes, prepared, run_corpus

app = typer.Typer(help="The walls that submitted containers run behind.", no_args_is_help=True)

Runtime = Annotated[str | None, typer.Option("--runtime", help="Another container runtime of the engine, runsc say.")]
Base = Annotated[str, typer.Option("--image", help="An image with Python that this host has; the attacks run in it.")]
AtOnce = Annotated[int, typer.Option("--at-once", min=1, help="Attacks at the same time.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
WORDS = {True: ("held", "green"), False: ("BROKEN", "bold red")}


@app.callback()
def sandbox_group() -> None:
    """The walls that submitted containers run behind."""


@app.command("test", epilog="Example: sudo holdout sandbox test --runtime runsc")
def test_command(
    runtime: Runtime = None, image: Base = BASE_IMAGE, at_once: AtOnce = 2, as_json: AsJson = False
) -> None:
    """Attack this host's sandbox with every program of the hostile corpus.

    Exit code 1 if one attack is not held: such a host must not take work.
    """
    with _scratch() as folder, _sandbox(folder) as sandbox, progress_bar(quiet=as_json) as bar:
        notes = host_notes(sandbox.api.info())
        ground = prepared(sandbox, folder / "ground", base=image, runtime=runtime)
        found = run_corpus(ground, attacks=ATTACKS, at_once=at_once)
        findings = list(bar.track(found, total=len(ATTACKS), description="attacks"))
    if as_json:
        print_json(
            {"held": all(one.held for one in findings), "notes": notes, "attacks": [_row(one) for one in findings]}
        )
    else:
        _print(findings, notes)
    if not all(finding.held for finding in findings):
        raise typer.Exit(1)


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="holdout-sandbox-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@contextmanager
def _sandbox(folder: Path) -> Iterator[DockerSandbox]:
    sandbox = DockerSandbox(folder / "root", namespace=f"holdout-selftest-{uuid.uuid4().hex[:12]}")
    try:
        yield sandbox
    finally:
        sandbox.reap()
        sandbox.close()


def _row(finding: Finding) -> dict[str, object]:
    return {
        "name": finding.attack.name,
        "holds": finding.attack.holds,
        "held": finding.held,
        "outcome": finding.outcome,
        "wall_s": round(finding.wall_s, 2),
        "broken": finding.broken,
    }


def _print(findings: list[Finding], notes: tuple[str, ...]) -> None:
    console = Console()
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in ("attack", "what must hold", "ended as", ""):
        table.add_column(Text(column), overflow="fold")
    for finding in findings:
        word, style = WORDS[finding.held]
        why = "".join(f"\n{reason}" for reason in finding.broken)
        table.add_row(
            Text(finding.attack.name), Text(finding.attack.holds + why), str(finding.outcome), Text(word, style)
        )
    console.print(table)
    for note in notes:
        console.print(Text(f"This host: {note}.", style="dim"))
    broken = sum(not finding.held for finding in findings)
    verdict = f"{broken} of {len(findings)} attacks are not held: this host must not take work." if broken else ""
    console.print(verdict or f"All {len(findings)} attacks are held.")
