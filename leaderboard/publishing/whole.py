"""All boards of a track as one long table, in three formats: a row for each model, measure and target.

Its columns never depend on the track, so that what reads it once reads it again. What is undefined is null and has its
reason beside it.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from django.conf import settings
from django.utils import timezone

from evaluator.agent.uploads import Storage
from leaderboard.models import Board, Track, WholeBoard
from leaderboard.publishing.designs import Plan
from leaderboard.publishing.entrants import is_defined
from leaderboard.publishing.measures import View
from leaderboard.publishing.tables import harmless

FORMATS = ("csv", "json", "parquet")
NUMBERS = ("estimate", "low", "high", "standard_error")
IN_UNITS = "of `unit`"


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: pa.DataType
    about: str
    unit: str = ""


COLUMNS = (
    Column("model", pa.string(), "its name; a baseline's own"),
    Column("slug", pa.string(), "of its page, /models/<slug>/; null for a baseline"),
    Column("version", pa.int32(), "of the model; null for a baseline"),
    Column("team", pa.string(), "whose it is; null for a baseline"),
    Column("kind", pa.string(), "participant, reference, control or baseline; the last two are not ranked"),
    Column("published_at", pa.timestamp("us", tz="UTC"), "when its scores were published; null for a baseline", "UTC"),
    Column("memory_alarm", pa.string(), "raised, silent or undefined"),
    Column("measure", pa.string(), "what was measured"),
    Column("target", pa.string(), "the study predicted; null for the mean over targets"),
    Column("unit", pa.string(), "of estimate, bounds and standard error; 1: none"),
    Column("higher_is_better", pa.bool_(), "false for errors"),
    Column("estimate", pa.float64(), "null where undefined", IN_UNITS),
    Column("low", pa.float64(), "lower end of the 95% interval; null where undefined", IN_UNITS),
    Column("high", pa.float64(), "upper end of the 95% interval; null where undefined", IN_UNITS),
    Column("standard_error", pa.float64(), "of the bootstrap; null where undefined", IN_UNITS),
    Column("too_narrow", pa.bool_(), "the interval is known to be too narrow: fewer than 60 drugs"),
    Column("reason", pa.string(), "why a number is null; null where none is"),
    Column("rank_first", pa.int32(), "on the board of this measure and target; null where it is not ranked"),
    Column("rank_last", pa.int32(), "the same"),
    Column("tie_group", pa.int32(), "models of one group cannot be told apart; null where it is not ranked"),
    Column("beats_drug_average", pa.string(), "on this target: yes, no or cannot tell"),
)
SCHEMA = pa.schema([pa.field(c.name, c.type, metadata={"about": c.about, "unit": c.unit}) for c in COLUMNS])


def write_whole(track: Track, made_of: str) -> None:
    """The files first, then the row that names them; nothing where it is as it should be, or a board is behind."""
    known = WholeBoard.objects.filter(track=track).first()
    boards = Board.objects.filter(track=track, made_of=made_of)
    plan = Plan(track)
    if (known and known.made_of == made_of) or boards.count() < len(plan.views):
        return
    whole = table(plan, boards)
    made = {"csv": as_csv(whole), "json": as_json(whole), "parquet": as_parquet(whole)}
    storage, files = Storage(settings.STORAGE), {}
    for format_, content in made.items():
        etag = hashlib.sha256(content).hexdigest()
        path = f"boards/{track.pk}/{etag[:32]}.{format_}"
        storage.write(path, content)
        files[format_] = {"path": path, "etag": etag, "size_bytes": len(content)}
    values = {"files": files, "n_rows": whole.num_rows, "made_of": made_of, "computed_at": timezone.now()}
    WholeBoard.objects.update_or_create(track=track, defaults=values)
    for old in known.files.values() if known else ():
        if old["path"] not in {one["path"] for one in files.values()}:
            with suppress(FileNotFoundError):  # a process died after it had removed it
                storage.files.rm(f"{storage.root}/{old['path']}")


def table(plan: Plan, boards: Any) -> pa.Table:
    rows = [row for view in plan.views for row in _rows(plan, view, boards)]
    columns = {column.name: [row[column.name] for row in rows] for column in COLUMNS}
    said = {name: text.encode() for name, text in about(plan.track).items()}
    return pa.table(columns, schema=SCHEMA.with_metadata(said))


def about(track: Track) -> dict[str, str]:
    """What stands in every file: where it is from, and how it may be used."""
    now = timezone.now().replace(microsecond=0)
    address = f"{settings.SITE_URL}/boards/{track.slug}/"
    terms = [f"{one['source']}: {one['licence']}" for one in track.release.summary.get("terms", ())]
    return {
        "title": f"{track.title}: every measure on every target",
        "track": track.slug,
        "release": str(track.release),
        "release_id": track.release.release_id,
        "computed_at": now.isoformat(),
        "address": address,
        "licence": settings.BOARD_LICENCE,
        "data_terms": "; ".join(terms) or "see the release's page",
        "citation": f"Holdout. {track.title}, release {track.release}, computed {now.date()}. {address}",
        "rows": "one for each model, measure and target; a mean over targets has none; intervals are 95%",
    }


def as_parquet(whole: pa.Table) -> bytes:
    made = io.BytesIO()
    pa.parquet.write_table(whole, made, compression="zstd")
    return made.getvalue()


def as_csv(whole: pa.Table) -> bytes:
    """An empty cell is null; what the metadata say stands in the JSON and Parquet files."""
    for name in ("model", "team"):
        kept = pa.array([harmless(text) for text in whole[name].to_pylist()], pa.string())
        whole = whole.set_column(whole.schema.get_field_index(name), name, kept)
    made = io.BytesIO()
    pa.csv.write_csv(whole, made, pa.csv.WriteOptions(quoting_style="needed"))
    return made.getvalue()


def as_json(whole: pa.Table) -> bytes:
    columns = [{"name": c.name, "type": str(c.type), "about": c.about, "unit": c.unit or None} for c in COLUMNS]
    said = {name.decode(): text.decode() for name, text in whole.schema.metadata.items()}
    rows = whole.to_pylist()
    for row in rows:
        row["published_at"] = row["published_at"] and row["published_at"].isoformat()
    body = {"about": said, "columns": columns, "data": rows}
    return json.dumps(body, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()


def _rows(plan: Plan, view: View, boards: Any) -> Iterator[dict[str, Any]]:
    stored = boards.filter(metric=str(view.measure), target=view.target).values_list("json", flat=True).get()
    unit = _unit(plan.track, view)
    for row in json.loads(bytes(stored))["rows"]:
        score = row["score"]
        first, last = row["rank"] or (None, None)
        yield {
            **{name: row[name] for name in ("model", "slug", "version", "kind", "tie_group", "beats_drug_average")},
            "team": row["team"] or None,
            "published_at": row["published_at"] and datetime.fromisoformat(row["published_at"]),
            "memory_alarm": row["memory_alarm"]["state"],
            "measure": str(view.measure),
            "target": view.target or None,
            "unit": unit,
            "higher_is_better": view.measure.higher_is_better,
            **{name: score[name] if is_defined(score[name]) else None for name in NUMBERS},
            "too_narrow": bool(score.get("too_narrow")),
            "reason": _reason(score),
            "rank_first": first,
            "rank_last": last,
        }


def _unit(track: Track, view: View) -> str:
    """Errors are in the units of the response, all else has none."""
    response = str(track.release.summary.get("response") or "response").split(" in ")[0]
    return "1" if view.measure.higher_is_better else response


def _reason(score: Mapping[str, Any]) -> str | None:
    """That of the number that is undefined first: of the estimate, or of its interval."""
    missing = (score[name] for name in NUMBERS if not is_defined(score[name]))
    return next((str(one["undefined"] or "undefined") for one in missing), None)
