"""The answers of a study that is released: published with their salt, and held against the commitment by anybody."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmark_data.errors import ReleaseError
from benchmark_data.sealed_files import read_flat
from benchmark_data.sealed_study import Bundle
from benchmark_data.study_facts import StudyFacts, sealed_bytes
from evaluator.sealing.answers import SALT_BYTES, Answers, answers, payload
from evaluator.sealing.errors import SealingError

ANSWERS = "y.parquet"
SALT = "salt.txt"


@dataclass(frozen=True, slots=True)
class Published:
    """The files of a release, by name: the answers row by row, and the salt in hex."""

    files: dict[str, bytes] = field(repr=False)


def published(opened: Answers, facts: StudyFacts) -> Published:
    sink = pa.BufferOutputStream()
    table = pa.table({"row_id": opened.row_id, facts.response.column: opened.response})
    pq.write_table(table, sink, compression="zstd", store_schema=False)
    return Published({ANSWERS: sink.getvalue().to_pybytes(), SALT: f"{opened.salt.hex()}\n".encode()})


def check(bundle: Bundle, released: Path) -> Answers:
    """The published answers, when they are those that the bundle committed to, for the rows that it asks about.

    `released` is the folder with y.parquet and salt.txt, or a file with the payload as it was sealed.
    """
    facts = bundle.facts
    content = _payload(released, facts) if released.is_dir() else _read(released, facts)
    if hashlib.sha256(content).hexdigest() != facts.commitment:
        raise SealingError(
            f"what was released is not what study {facts.name} {facts.version} committed to: its hash is "
            f"{hashlib.sha256(content).hexdigest()[:16]}…, and the commitment is {facts.commitment[:16]}…"
        )
    found = answers(content, facts.rows, facts.commitment)
    if not np.array_equal(np.sort(found.row_id), np.sort(bundle.query().row_id)):
        raise SealingError(f"the released row ids are not those that study {facts.name} {facts.version} asks about")
    return found


def _payload(folder: Path, facts: StudyFacts) -> bytes:
    column = facts.response.column
    content = _read(folder / ANSWERS, facts)
    try:
        table = read_flat(content, file=ANSWERS, rows=facts.rows, numbers=("row_id",), floats=(column,), is_list=False)
    except ReleaseError as error:
        raise SealingError(str(error)) from None
    try:
        salt = bytes.fromhex(_read(folder / SALT, facts).decode())
    except ValueError:
        salt = b""
    if len(salt) != SALT_BYTES:
        raise SealingError(f"{SALT} is not {SALT_BYTES} bytes in hex")
    return payload(table["row_id"].to_numpy(), table[column].to_numpy(), salt)


def _read(path: Path, facts: StudyFacts) -> bytes:
    limit = 2 * sealed_bytes(facts.rows) + (1 << 20)
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise SealingError(f"{path} cannot be read: {error.strerror}") from None
    if len(content) > limit:
        raise SealingError(f"{path} is larger than the answers of {facts.rows:,} rows can be")
    return content
