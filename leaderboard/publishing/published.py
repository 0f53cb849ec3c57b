"""Imports scores that others published: a long table of figures, and a small TOML that says whose they are."""

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.text import slugify

from evaluator.contract.errors import ContractError
from evaluator.contract.score_table import ScoreTable, read_score_tables
from leaderboard.models import PublishedBoard, PublishedScore

SHIPPED = Path(__file__).parent / "published"
REQUIRED, OPTIONAL = ("title", "citation", "url"), ("note",)


def shipped_tables() -> list[Path]:
    return sorted(SHIPPED.glob("*.csv"))


def import_table(scores: Path) -> PublishedBoard:
    """SLUG.csv with SLUG.toml beside it; what an earlier import of the same slug brought is replaced, whole."""
    about, tables = read_about(scores.with_suffix(".toml")), read_score_tables(scores)
    with transaction.atomic():
        board, _ = PublishedBoard.objects.update_or_create(slug=slugify(scores.stem), defaults=about)
        board.scores.all().delete()
        PublishedScore.objects.bulk_create(_rows(board, tables, scores.name), batch_size=2000)
    return board


def read_about(path: Path) -> dict[str, str]:
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        reason = f"it is missing: whose scores these are stands in it, as {', '.join((*REQUIRED, *OPTIONAL))}"
        raise ContractError(path.name, reason=reason) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ContractError(path.name, reason=f"not TOML: {error}") from None
    about = {"note": "", **raw}
    for name in about:
        if name not in (*REQUIRED, *OPTIONAL):
            raise ContractError(path.name, column=name, reason="not a key of it")
    for name in (*REQUIRED, *OPTIONAL):
        text = about.get(name)
        if not isinstance(text, str) or (name in REQUIRED and not text.strip()):
            raise ContractError(path.name, column=name, reason="it has to be a text")
    try:
        PublishedBoard(slug="as-it-will-be", **about).clean_fields()
    except ValidationError as error:
        name, sentences = next(iter(error.message_dict.items()))
        raise ContractError(path.name, column=name, reason=sentences[0]) from None
    return about


def _rows(board: PublishedBoard, tables: dict[str, ScoreTable], file: str) -> Iterator[PublishedScore]:
    """In the table's own order, which is that of its studies."""
    for metric, table in tables.items():
        for model, entries in table.scores.items():
            for (source, target), splits in entries.items():
                for split, value in splits.items():
                    if math.isnan(value):
                        continue  # undefined there, and a gap here: G is undefined either way
                    if len(metric) > 40:
                        raise ContractError(file, column="met", reason=f"{metric[:40]}… is longer than 40 characters")
                    yield PublishedScore(
                        board=board, model=model, metric=metric, source=source, target=target, split=split, value=value
                    )
