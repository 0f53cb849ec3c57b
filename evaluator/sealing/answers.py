"""What is sealed of a study: salt, row ids and answers as plain bytes of known length, so that nobody parses anything.

salt (32 random bytes) ‖ row_id, int64 little-endian × n ‖ response, float64 little-endian × n. The commitment is the
sha256 of all of it: published before anybody is scored, it binds the answers, and the salt keeps it from telling them.
"""

import hashlib
import secrets
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evaluator.sealing.errors import SealingError

SALT_BYTES = 32
ROW_BYTES = 16


@dataclass(frozen=True, slots=True)
class Answers:
    row_id: NDArray[np.int64]
    response: NDArray[np.float64] = field(repr=False)  # an error's traceback or a log must not hold one
    salt: bytes = field(repr=False)

    def in_order_of(self, row_id: NDArray[np.int64]) -> NDArray[np.float64]:
        """The answers of these rows, which have to be exactly those that were answered."""
        ours, theirs = np.argsort(self.row_id, kind="stable"), np.argsort(row_id, kind="stable")
        if not np.array_equal(self.row_id[ours], row_id[theirs]):
            raise SealingError("the answers are not those of the rows that the study's query asks about")
        ordered = np.empty_like(self.response)
        ordered[theirs] = self.response[ours]
        return ordered


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def payload(row_id: NDArray[np.int64], response: NDArray[np.float64], salt: bytes) -> bytes:
    if len(salt) != SALT_BYTES or row_id.shape != response.shape or row_id.ndim != 1:
        raise SealingError(f"a payload is a salt of {SALT_BYTES} bytes and one answer for each row")
    return salt + row_id.astype("<i8").tobytes() + response.astype("<f8").tobytes()


def commitment(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def answers(content: bytes, n_rows: int, commitment: str) -> Answers:
    """The answers in an opened payload, when it is the one that was committed to."""
    if len(content) != SALT_BYTES + ROW_BYTES * n_rows:
        raise SealingError(f"the opened answers have {len(content):,} bytes, which is not what {n_rows:,} rows have")
    if hashlib.sha256(content).hexdigest() != commitment:
        raise SealingError("the opened answers are not those that the study's commitment was made of")
    row_id, response = (
        np.frombuffer(content, kind, n_rows, SALT_BYTES + place * 8 * n_rows).astype(kind[1:])
        for place, kind in enumerate(("<i8", "<f8"))
    )
    if not np.isfinite(response).all() or len(np.unique(row_id)) < n_rows:
        raise SealingError("the opened answers hold a row twice, or an answer that is no number")
    return Answers(row_id, response, content[:SALT_BYTES])
