"""Predictions that the reader must refuse, within its bounds."""

import gzip
import os
import struct
from pathlib import Path

import evaluator.sandbox.corpus.probe  # noqa: F401  refuses to run on a host

out = Path("/holdout/out")
rows = [f"{number},0.5" for number in range(10)]


def csv(lines: list[str]) -> None:
    (out / "predictions.csv").write_text("\n".join(["row_id,prediction", *lines]) + "\n")


def npy(shape: str, content: bytes) -> None:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    (out / "predictions.npy").write_bytes(
        b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + content
    )


match os.environ["KIND"]:
    case "truncated":
        csv([*rows[:-1], "9,0."[:1]])
    case "huge":
        csv(rows * 20_000)
    case "repeated":
        csv([*rows, rows[0]])
    case "missing":
        csv(rows[1:])
    case "nan":
        csv([*rows[1:], "0,nan"])
    case "infinite":
        csv([*rows[1:], "0,1e999"])
    case "text":
        csv([*rows[1:], "0,strong"])
    case "other_rows":
        csv([f"{number},0.5" for number in range(100, 110)])
    case "binary":
        (out / "predictions.csv").write_bytes(os.urandom(100_000))
    case "zip_bomb":
        (out / "predictions.csv").write_bytes(gzip.compress(bytes(64 << 20)))
    case "npy_truncated":
        npy("(10,)", bytes(39))
    case "npy_huge_shape":
        npy("(1000000000000,)", bytes(40))
    case "npy_code":
        npy("(__import__('os').getpid(),)", bytes(40))
    case "parquet_lies":
        (out / "predictions.parquet").write_bytes(b"PAR1" + bytes(100) + struct.pack("<I", 0x7FFFFFFF) + b"PAR1")
    case "parquet_bomb":
        (out / "predictions.parquet").write_bytes(Path("/holdout/bomb.parquet").read_bytes())
