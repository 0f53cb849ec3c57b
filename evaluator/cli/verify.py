"""`holdout verify`: is this certificate what the board signed, and was this released study the one that was sealed?"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmark_data.sealed_tar import opened
from evaluator.cli.printing import print_json
from evaluator.sealing import certificates, keys
from evaluator.sealing.errors import SealingError
from evaluator.sealing.keys import Kind, PublicKey
from evaluator.sealing.released import check

EXAMPLE = "Example: holdout verify certificate.json --key signing.pub"


def verify_command(
    place: Annotated[
        Path, typer.Argument(metavar="FILE", help="A certificate, or a study's bundle with --released.", exists=True)
    ],
    key: Annotated[
        str | None,
        typer.Option("--key", help="The board's signing.pub, or its fingerprint (16 digits or all 64)."),
    ] = None,
    released: Annotated[
        Path | None,
        typer.Option("--released", help="The released answers: a folder with y.parquet and salt.txt.", exists=True),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")] = False,
) -> None:
    """Check a certificate of the board, or a released study. Exit code 1 with a sentence when it is not right."""
    if released is not None:
        _verify_study(place, released, as_json=as_json)
    elif place.is_dir() or place.suffix == ".tar":
        raise SealingError(f"{place} is a study: say with --released where its answers are; or holdout seal info")
    elif key is None:
        raise SealingError("a certificate is checked against a key that you trust: give it with --key")
    else:
        _verify_certificate(place, key, as_json=as_json)


def _verify_certificate(place: Path, key: str, *, as_json: bool) -> None:
    with place.open("rb") as file:
        content = certificates.verify(file.read(certificates.LARGEST_BYTES + 1), _meant(key))
    if as_json:
        print_json({"right": True, "content": content})
        return
    typer.echo(f"The certificate is right. {_plain(content[certificates.WORDS_KEY])}")
    for name, value in content.items():
        if name not in (certificates.WORDS_KEY, certificates.VERSION_KEY):
            typer.echo(f"  {_plain(name)}: {_plain(value if isinstance(value, str) else json.dumps(value))}")


def _verify_study(place: Path, released: Path, *, as_json: bool) -> None:
    with opened(place) as bundle:
        check(bundle, released)
        facts, study_id = bundle.facts, bundle.study_id
    if as_json:
        print_json({"right": True, "study_id": study_id, "commitment": facts.commitment, "rows": facts.rows})
        return
    typer.echo(
        f"The released answers are those that {facts.name} {facts.version} committed to: {facts.rows:,} rows, "
        f"study {study_id}, commitment {facts.commitment}."
    )
    typer.echo("Compare both with what the board published when the study was sealed.")


def _meant(key: str) -> PublicKey | str:
    """A path, or a fingerprint where there is no such file."""
    path = Path(key)
    return keys.public_key(path, Kind.SIGNING) if path.exists() else key.lower()


def _plain(value: Any) -> str:
    """A certificate comes from anybody: it does not steer the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value))
