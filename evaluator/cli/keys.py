"""`holdout keys …`: the scorer's keys, made, shown, rotated, backed up and restored; `docs/keys.md` says when."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from evaluator.cli.printing import print_json
from evaluator.sealing import keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.key_backup import SHORTEST_PASSPHRASE, backup, restore
from evaluator.sealing.keys import Kind, PublicKey, PublicKeys

app = typer.Typer(help="Make and keep the scorer's keys, as the scorer's own user.", no_args_is_help=True)

New = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder to make; it must not be there yet.")]
Folder = Annotated[
    Path, typer.Argument(metavar="FOLDER", help="The scorer's folder of keys.", exists=True, file_okay=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help="A file whose first line is the passphrase; without it, it is asked for.", exists=True
    ),
]


@app.command("make", epilog="Example: holdout keys make /var/lib/holdout-scorer/keys")
def make_command(folder: New, as_json: AsJson = False) -> None:
    """Make a sealing and a signing key. What is there already is never written over."""
    _say(keys.make(folder), folder, as_json=as_json)
    if not as_json:
        typer.echo("Now make a backup (holdout keys backup): without its sealing key nobody opens a study again.")


@app.command("show", epilog="Example: holdout keys show /var/lib/holdout-scorer/keys")
def show_command(folder: Folder, as_json: AsJson = False) -> None:
    """Show the fingerprints of the keys, and what the public halves are; never a private key."""
    found = PublicKeys(keys.current(folder, Kind.SEALING).public, keys.current(folder, Kind.SIGNING).public)
    _say(found, folder, as_json=as_json)


@app.command("rotate", epilog="Example: holdout keys rotate /var/lib/holdout-scorer/keys")
def rotate_command(folder: Folder, as_json: AsJson = False) -> None:
    """Make a new sealing key; the old one stays until everything that was sealed to it is re-encrypted."""
    old, new = keys.rotate(folder)
    if as_json:
        print_json({"old": old.id, "new": new.id, "sealing": new.text})
        return
    typer.echo(f"The sealing key is now {new.shown}; the old one is kept as sealing-{old.id}.key.")
    typer.echo("Next: make a new backup, give the new sealing.pub to the site and to curators, and let the scorer")
    typer.echo("re-encrypt what is stored. Only then remove the old one: holdout keys forget FOLDER KEY_ID.")


@app.command("forget", epilog="Example: holdout keys forget /var/lib/holdout-scorer/keys 3f9c…")
def forget_command(
    folder: Folder,
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="Its fingerprint, or the 16 digits that are shown.")],
) -> None:
    """Remove a sealing key that was rotated out. Whatever is still sealed to it cannot be opened any more."""
    keys.forget(folder, key_id)
    typer.echo(f"Key {key_id[: keys.SHOWN_DIGITS]} is removed; destroy the backups that hold it too.")


@app.command("backup", epilog="Example: holdout keys backup /var/lib/holdout-scorer/keys keys.backup")
def backup_command(
    folder: Folder,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The file to write; it must not be there yet.")],
    passphrase_file: PassphraseFile = None,
) -> None:
    """Write all private keys to one file, encrypted with a passphrase. Keep it apart from every backup of the site."""
    backup(folder, out, _passphrase(passphrase_file, confirm=True))
    typer.echo(f"{out} holds every private key of {folder}; it opens with the passphrase alone. Try it: keys restore.")


@app.command("restore", epilog="Example: holdout keys restore keys.backup /var/lib/holdout-scorer/keys")
def restore_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup of keys.", exists=True, dir_okay=False)],
    folder: New,
    passphrase_file: PassphraseFile = None,
    as_json: AsJson = False,
) -> None:
    """Put the keys of a backup into a new folder."""
    _say(restore(file, folder, _passphrase(passphrase_file, confirm=False)), folder, as_json=as_json)


def _passphrase(file: Path | None, *, confirm: bool) -> str:
    if file is not None:
        return (file.read_text(encoding="utf-8").splitlines() or [""])[0]
    if not _is_watched():
        raise SealingError("there is no terminal to ask for the passphrase: give a file with --passphrase-file")
    words = f"Passphrase (at least {SHORTEST_PASSPHRASE} characters)" if confirm else "Passphrase"
    answer: str = typer.prompt(words, hide_input=True, confirmation_prompt=confirm)
    return answer


def _is_watched() -> bool:
    return sys.stdin.isatty()


def _say(found: PublicKeys, folder: Path, *, as_json: bool) -> None:
    kept = [key.public for key in keys.older(folder)]
    if as_json:
        print_json({**_plain(found.sealing), **_plain(found.signing), "kept": [key.id for key in kept]})
        return
    typer.echo(f"Sealing key {found.sealing.id}\n  {found.sealing.text}  ({folder / 'sealing.pub'})")
    typer.echo(f"Signing key {found.signing.id}\n  {found.signing.text}  ({folder / 'signing.pub'})")
    for key in kept:
        typer.echo(f"Kept until everything is re-encrypted: {key.id}")


def _plain(key: PublicKey) -> dict[str, str]:
    return {str(key.kind): key.text, f"{key.kind}_id": key.id}
