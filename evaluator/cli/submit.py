"""`holdout submit`: an image goes to a hosted board, and with --wait its scores come back. Made for CI."""

import json
import uuid
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from evaluator.cli.printing import print_json, progress_bar
from evaluator.cli.site import Site, SiteError

EXAMPLE = "Example: holdout submit --site https://board.example.org --team a --track t --model m --archive m.tar --wait"
ENDED = ("published", "rejected", "failed", "withdrawn")
POLL_S = 5.0

Address = Annotated[str, typer.Option("--site", envvar="HOLDOUT_SITE", help="The board's address.")]
Token = Annotated[str, typer.Option(envvar="HOLDOUT_TOKEN", help="A token of scope submit.", show_default=False)]
Team = Annotated[str, typer.Option(help="Your team, as its address names it.")]
Track = Annotated[str, typer.Option(help="The track, as its address names it.")]
Model = Annotated[str | None, typer.Option(help="One of the team's models: this is its next version.")]
NewModel = Annotated[str | None, typer.Option(help="The name of a model that the team does not have yet.")]
ImageName = Annotated[str | None, typer.Option("--image", help="registry.example.org/team/model@sha256:…")]
Archive = Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A file of `docker save`.")]
Upload = Annotated[str | None, typer.Option(help="The id of a complete upload.")]
Note = Annotated[str, typer.Option(help="What is new in this version.")]
Pretraining = Annotated[str, typer.Option(help="On what data from elsewhere it was pretrained; empty: none.")]
Until = Annotated[
    datetime | None,
    typer.Option("--pretrained-until", formats=["%Y-%m-%d"], metavar="DATE", help="The newest date of these data."),
]
Settings = Annotated[str | None, typer.Option(help="A JSON object that job.json passes on.")]
Key = Annotated[str | None, typer.Option(help="An idempotency key: the same submission under it is made once.")]
Wait = Annotated[bool, typer.Option("--wait", help="Until it has ended; says every change.")]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]


def submit_command(
    site: Address,
    team: Team,
    track: Track,
    token: Token = "",
    model: Model = None,
    new_model: NewModel = None,
    image: ImageName = None,
    archive: Archive = None,
    upload: Upload = None,
    note: Note = "",
    pretraining: Pretraining = "",
    pretrained_until: Until = None,
    settings: Settings = None,
    key: Key = None,
    wait: Wait = False,
    as_json: AsJson = False,
) -> None:
    """Submit an image to a hosted board.

    Exit code 0: submitted, with --wait published. 1: rejected or failed, or the site did not do it. 2: wrong use.
    """
    if not token:
        _wrong_use("No token: set HOLDOUT_TOKEN to one of scope submit, from your account's page.")
    if (model is None) == (new_model is None):
        _wrong_use("Give --model or --new-model: one of the two.")
    if sum(one is not None for one in (image, archive, upload)) != 1:
        _wrong_use("Give --image, --archive or --upload: one of the three.")
    draft: dict[str, Any] = {"team": team, "track": track, "note": note, "settings": _settings(settings)}
    draft |= {name: value for name, value in (("model", model), ("new_model", new_model), ("image", image)) if value}
    draft |= {"pretraining": pretraining, "pretrained_until": pretrained_until and f"{pretrained_until:%Y-%m-%d}"}
    board = Site(site, token)
    try:
        _known(board, track)
        if archive or upload:
            draft["upload"] = upload or _uploaded(board, archive, team, quiet=as_json)
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        submission = board.ask("POST", "submissions/", json=draft, headers=headers)
        _end(_watched(board, submission, quiet=as_json) if wait else submission, board, as_json=as_json)
    except SiteError as error:
        if error.is_wrong_use:
            _wrong_use(str(error))
        _say(f"error: {error}")
        raise typer.Exit(1) from None


def _known(board: Site, track: str) -> None:
    """A wrong track is told before gigabytes are sent."""
    try:
        board.ask("GET", f"tracks/{track}/")
    except SiteError as error:
        if error.status != 404:
            raise
        _wrong_use(f"There is no such track. Write it as in the address of its board, {board.address}/boards/TRACK/.")


def _uploaded(board: Site, archive: Path | None, team: str, *, quiet: bool) -> str:
    assert archive is not None
    with progress_bar(quiet=quiet) as bar:
        task = bar.add_task("upload", total=archive.stat().st_size)
        return board.upload(archive, team, told=lambda received: bar.update(task, completed=received))


def _watched(board: Site, submission: dict[str, Any], *, quiet: bool) -> dict[str, Any]:
    seen = None
    while True:
        submission = board.ask("GET", f"submissions/{submission['id']}/")
        stages = submission["stages"]
        if seen != (submission["state"], stages["done"]) and not quiet:
            since, state = submission["state_since"][:19], submission["state"]
            _say(f"{since}Z {state}: {stages['done']} of {stages['total']} stages")
        seen = submission["state"], stages["done"]
        if submission["state"] in ENDED:
            return submission
        board.pause(POLL_S)


def _end(submission: dict[str, Any], board: Site, *, as_json: bool) -> None:
    state, told = submission["state"], submission["told"]
    is_bad = state in ENDED and state != "published"
    scores = board.ask("GET", f"submissions/{submission['id']}/scores/") if state == "published" else None
    if as_json:
        print_json({"submission": submission, "scores": scores})
    else:
        typer.echo(f"{submission['model']} v{submission['version']} {submission['id']} {state}")
        if told:
            typer.echo(f"{told['sentence']} {told['detail']}\n{told['remedy']}")
        for line in _score_lines(scores["card"]) if scores else ():
            typer.echo(line)
    if is_bad:
        raise typer.Exit(1)


def _score_lines(card: dict[str, Any]) -> list[str]:
    uncertainty = card.get("uncertainty") or {}
    lines = []
    if primary := uncertainty.get("primary"):
        lines.append(f"skill over mean effects {_interval(primary)}")
    made = card["matrices"].get("real", {}).get("r2")
    for source, ga in zip(made["order"], made["Ga"], strict=True) if made else ():
        lines.append(f"Ga of {source}, r2: {'n/a' if ga is None else f'{ga:.3f}'}")
    return lines


def _interval(interval: dict[str, Any]) -> str:
    numbers = [interval[name] for name in ("estimate", "low", "high")]
    if not all(isinstance(number, int | float) for number in numbers):
        return "n/a"
    return "{:.3f} [{:.3f}, {:.3f}]".format(*numbers)


def _settings(text: str | None) -> dict[str, Any]:
    try:
        made = json.loads(text or "{}")
    except ValueError as error:
        _wrong_use(f"--settings is no JSON: {error}.")
    if not isinstance(made, dict):
        _wrong_use("--settings is no JSON object.")
    return made


def _say(text: str) -> None:
    Console(stderr=True, soft_wrap=True, highlight=False).print(Text(text))


def _wrong_use(sentence: str) -> NoReturn:
    _say(f"error: {sentence}")
    raise typer.Exit(2)
