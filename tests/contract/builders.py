"""Builders for files of predictions."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ASKED = np.array([30, 10, 20], dtype=np.int64)  # neither sorted nor from 0


def make_csv(*rows, header="row_id,prediction", end="\n"):
    return "".join(f"{line}{end}" for line in (header, *rows)).encode()


def make_parquet(columns=None, **options):
    columns = columns or {"row_id": pa.array([10, 20, 30]), "prediction": pa.array([0.1, 0.2, 0.3])}
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink, **options)
    return sink.getvalue()


def make_npy(values):
    sink = io.BytesIO()
    np.save(sink, values)
    return sink.getvalue()
