"""`holdout up`: this machine as a board. Takes the folder, starts the parts, waits to be told to stop."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from evaluator.engine.host import SandboxKind
from evaluator.sealing import keys
from leaderboard.up import images, sockets
from leaderboard.up.board import Board, python
from leaderboard.up.demo_models import MODELS
from leaderboard.up.errors import BoardError
from leaderboard.up.folder import BoardFolder
from leaderboard.up.sandbox import Choice, chosen, end_stages
from leaderboard.up.supervisor import StoppedError, Supervisor

EXAMPLE = "Example: holdout up --demo"
STOPPED = "stages-were-stopped"
"""A file in the board's folder: what ran was stopped with the board, and is no failure of its host."""


def mount(app: typer.Typer) -> None:
    app.command("up", epilog=EXAMPLE)(up_command)


def up_command(
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Takes everything; run again, it goes on.")] = Path(
        "var/board"
    ),
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where browsers find the board on this machine.")] = 8000,
    sandbox: Annotated[Choice, typer.Option(help="Where stages run; auto: Docker where it answers.")] = Choice.AUTO,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring the database of DATABASE_URL up to date; ours always is.")
    ] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Load a small benchmark and five models, and a login.")] = False,
) -> None:
    """Run a board on this machine: its servers, site, worker and one host, each restarted when it dies.

    PostgreSQL and Redis are part of it unless DATABASE_URL, REDIS_URL and HOLDOUT_HOST_BROKER name others. Ctrl-C stops
    everything; run again, it goes on where it was.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    place = BoardFolder(folder.resolve())
    try:
        _check_demo(demo)
        with place.held():
            if left := place.clear_leftovers():
                console.print(f"{left} processes were left of a board that was killed: they are gone")
            sockets.check_free(port)
            kind = chosen(sandbox, place.path / "host", console.print)
            if demo and kind is SandboxKind.DOCKER:
                kind = _with_images(place.path / "demo", console, must=sandbox is Choice.DOCKER)
            board = Board(
                folder=place.path,
                port=port,
                sandbox=kind,
                secret_key=place.secret("SECRET_KEY"),
                # The demonstration runs our own models alone: one attack on each of the host's walls is enough.
                given={"HOLDOUT_HOST_SELF_TEST": "short", **os.environ} if demo else dict(os.environ),
            )
            _run(board, console, migrate=migrate, password=place.secret("DEMO_PASSWORD", size=9) if demo else "")
    except BoardError as error:
        console.print(f"error: {error}", style="bold red")
        raise typer.Exit(1) from None


def _check_demo(demo: bool) -> None:
    if demo and os.environ.get("DATABASE_URL"):
        raise BoardError("--demo fills a database of its own alone: unset DATABASE_URL")


def _run(board: Board, console: Console, *, migrate: bool, password: str) -> None:
    """With a password, the demonstration is loaded too."""
    make_ready(board)
    supervisor = Supervisor(logs=board.folder / "logs", say=_speaker(board.folder, console, quiet=bool(password)))
    _stop_on_signals(supervisor)
    try:
        supervisor.start(board.servers())
        _bring_up_to_date(board, supervisor, allowed=migrate or board.postgres is not None)
        supervisor.start(board.processes())
        if password:
            _demonstrate(board, supervisor, password)
        console.print(f"the board is at {board.address}; Ctrl-C stops it")
        supervisor.run()
    except StoppedError:
        pass
    finally:
        supervisor.stop()
        if ended := end_stages(board.sandbox, board.host_folder):
            (board.folder / STOPPED).touch()
            console.print(f"{ended} stages were stopped")
    console.print("stopped; run it again to go on")


def make_ready(board: Board) -> None:
    """What its parts expect to find."""
    shutil.rmtree(board.metrics, ignore_errors=True)  # of processes that are gone
    for folder in (board.releases, board.folder / "static", board.temporary, board.metrics):
        folder.mkdir(parents=True, exist_ok=True)
    if board.postgres:
        board.postgres.make()
        _make_keys(board)


def _make_keys(board: Board) -> None:
    """The scorer's, once, in a folder that no other part is told of; their public halves where the site finds them."""
    if not board.scorer_keys.exists():
        keys.make(board.scorer_keys)
        board.scorer_keys.parent.chmod(0o700)
    board.scorer_public.mkdir(exist_ok=True)
    for kind in keys.Kind:
        name = f"{kind}.pub"
        shutil.copyfile(board.scorer_keys / name, board.scorer_public / name)


def _demonstrate(board: Board, supervisor: Supervisor, password: str) -> None:
    environment = board.site_environment() | {"HOLDOUT_DEMO_PASSWORD": password}
    if supervisor.once("demo", python("-m", "leaderboard.up.demo"), environment, shown=True):
        raise BoardError(f"the demonstration could not be loaded, see above and {board.folder / 'logs'}")


def _with_images(folder: Path, console: Console, *, must: bool) -> SandboxKind:
    """Docker when the models' images can be built; else our own models run without, unless Docker was asked for."""
    try:
        for model in () if images.are_built(folder) else MODELS:
            console.print(f"building the image of {model.name}")
            images.build(model.module, folder)
    except images.BuildError as error:
        if must:
            raise BoardError(f"no image can be built: {error}") from None
        console.print(f"no image can be built ({error}): our models run in the process sandbox")
        return SandboxKind.PROCESS
    return SandboxKind.DOCKER


def _stop_on_signals(supervisor: Supervisor) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda _number, _frame: supervisor.stopping.set())


def _bring_up_to_date(board: Board, supervisor: Supervisor, *, allowed: bool) -> None:
    """Tables as this version wants them, and the site knows this machine's host."""
    migrate = python("-m", "django", "migrate", "--no-input", *([] if allowed else ["--check"]))
    if supervisor.once("migrate", migrate, board.site_environment()):
        if not allowed:
            raise BoardError(
                "the database of DATABASE_URL is not up to date: run once with --migrate, or see logs/migrate.log"
            )
        raise BoardError(f"the database could not be brought up to date:\n{supervisor.last_lines('migrate')}")
    if board.postgres and supervisor.once(
        "grant_scorer", python("-m", "django", "grant_scorer", "--no-password"), board.site_environment()
    ):
        raise BoardError(f"the scorer has no role in the database:\n{supervisor.last_lines('grant_scorer')}")
    stopped = board.folder / STOPPED
    options = ["--no-password", *(["--put-back"] if stopped.exists() else [])]
    add_host = python("-m", "django", "add_host", board.host_name, *options)
    if supervisor.once("add_host", add_host, board.site_environment()):
        raise BoardError(f"the site does not know its host:\n{supervisor.last_lines('add_host')}")
    stopped.unlink(missing_ok=True)


def _speaker(folder: Path, console: Console, *, quiet: bool) -> Callable[[str], None]:
    """Events of parts go to a log, and to the terminal unless something else is shown there."""
    (folder / "logs").mkdir(exist_ok=True)

    def say(line: str) -> None:
        stamped = f"{datetime.now():%Y-%m-%d %H:%M:%S} {line}"
        with (folder / "logs" / "up.log").open("a") as log:
            log.write(stamped + "\n")
        if not quiet:
            console.print(stamped)

    return say
