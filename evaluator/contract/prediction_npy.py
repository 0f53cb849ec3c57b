"""Predictions as NPY: one float32 for each row, in the order of the query."""

import numpy as np
from numpy.typing import NDArray

from evaluator.contract.errors import ContractError, shown

LONGEST_HEADER_BYTES = 1024
_MAGIC = b"\x93NUMPY"
_REMEDY = "write it with numpy.save and a one-dimensional array of dtype '<f4'"


def parse_npy(content: bytes, *, file: str, asked: int) -> NDArray[np.float32]:
    """The header is compared with the one that is wanted, and never evaluated."""
    if content[:6] != _MAGIC or content[6:8] not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        raise ContractError(file, reason=f"it does not begin as an NPY file; {_REMEDY}")
    length_bytes = 2 if content[6] == 1 else 4
    start = 8 + length_bytes
    length = int.from_bytes(content[8:start], "little")
    if length > LONGEST_HEADER_BYTES or len(content) < start + length:
        raise ContractError(file, reason=f"its header is cut short or longer than {LONGEST_HEADER_BYTES:,} bytes")
    header = content[start : start + length].rstrip(b" \n")
    wanted = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({asked},), }}"
    if header != wanted.encode():
        raise ContractError(file, reason=f"its header says {shown(header, 120)}, and {wanted} is wanted; {_REMEDY}")
    values = content[start + length :]
    if len(values) != 4 * asked:
        raise ContractError(file, reason=f"{len(values):,} bytes follow its header, and {4 * asked:,} should")
    return np.frombuffer(values, dtype="<f4")
