import io
import itertools
import struct

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmark_data import parquet_footer
from benchmark_data.parquet_footer import Column, _Chunk, _footer, _RowGroup
from benchmark_data.thrift import BINARY, I32, I64, LIST, STRUCT, binary, encode, integer, listed
from evaluator.contract import prediction_parquet
from evaluator.contract.errors import ContractError
from evaluator.contract.prediction_parquet import parse_parquet
from tests.contract.builders import make_parquet


def parsed(content, asked=3):
    return parse_parquet(content, file="p.parquet", asked=asked)


def refused(content, asked=3):
    with pytest.raises(ContractError) as caught:
        parsed(content, asked=asked)
    return caught.value.row, caught.value.column, caught.value.reason


COLUMNS = {"row_id": pa.array([1, 2, 3]), "prediction": pa.array([0.1, 0.2, 0.3])}


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "lz4", "zstd"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False, "data_page_version": "2.0"},
        {"row_group_size": 2},
        {"store_schema": False, "write_statistics": False},
        {
            "use_dictionary": False,
            "column_encoding": {"row_id": "DELTA_BINARY_PACKED", "prediction": "BYTE_STREAM_SPLIT"},
        },
        {"write_page_index": True, "write_page_checksum": True},
    ],
)
def test_what_writers_write_is_read(compression, options):
    rows = parsed(make_parquet(COLUMNS, compression=compression, **options))
    assert rows.row_id.tolist() == [1, 2, 3]
    assert rows.prediction.tolist() == [0.1, 0.2, 0.3]
    assert rows.std is None


@pytest.mark.parametrize("row_type", [pa.int8(), pa.int32(), pa.uint32()])
@pytest.mark.parametrize("type_", [pa.float32(), pa.float64()])
def test_narrow_numbers_are_read(row_type, type_):
    rows = parsed(
        make_parquet(
            {name: values.cast(t) for (name, values), t in zip(COLUMNS.items(), (row_type, type_), strict=True)}
        )
    )
    assert rows.row_id.dtype == np.int64
    assert rows.prediction.tolist() == pa.array([0.1, 0.2, 0.3], type_).to_pylist()


def test_pages_are_read_in_batches(monkeypatch):
    monkeypatch.setattr(prediction_parquet, "BATCH_ROWS", 2)
    assert parsed(make_parquet(COLUMNS)).row_id.tolist() == [1, 2, 3]


WHOLE, FLOAT = "int32 or int64 is wanted", "float or double is wanted"


@pytest.mark.parametrize(
    ("column", "values", "reason"),
    [
        ("row_id", pa.array([1.0, 2.0, 3.0]), f"the column holds double, and {WHOLE}"),
        ("row_id", pa.array(["1", "2", "3"]), f"the column holds text of a logical type, and {WHOLE}"),
        ("row_id", pa.array([1, 2, 3], pa.uint64()), f"the column holds int64 of a logical type, and {WHOLE}"),
        ("row_id", pa.array([1, 2, 3], pa.timestamp("ms")), f"the column holds int64 of a logical type, and {WHOLE}"),
        ("row_id", pa.array([1, 2, 3], pa.time64("us")), f"the column holds int64 of a logical type, and {WHOLE}"),
        ("prediction", pa.array([b"0", b"1", b"2"]), f"the column holds text, and {FLOAT}"),
        ("prediction", pa.array([1, 2, 3]), f"the column holds int64, and {FLOAT}"),
        ("prediction", pa.array([True, False, True]), f"the column holds boolean, and {FLOAT}"),
        ("prediction", pa.nulls(3), f"the column holds int32 of a logical type, and {FLOAT}"),
        (
            "prediction",
            pa.array([0.1, 0.2, 0.3], pa.float16()),
            f"the column holds fixed bytes of a logical type, and {FLOAT}",
        ),
    ],
)
def test_a_column_of_another_type_is_refused(column, values, reason):
    assert refused(make_parquet(COLUMNS | {column: values})) == (None, column, reason)


@pytest.mark.parametrize("values", [pa.array([[0.1], [0.2], [0.3]]), pa.array([{"mean": 0.1}] * 3)])
def test_a_nested_column_is_refused(values):
    reason = refused(make_parquet(COLUMNS | {"prediction": values}))[2]
    assert reason == "column 'prediction' is nested; the columns hold plain numbers"


def test_a_column_of_categories_is_read_as_the_numbers_that_it_holds():
    content = make_parquet(COLUMNS | {"prediction": COLUMNS["prediction"].dictionary_encode()})
    assert parsed(content).prediction.tolist() == [0.1, 0.2, 0.3]


def test_an_extra_column_is_refused():
    assert refused(make_parquet(COLUMNS | {"cell_id": pa.array(["a", "b", "c"])}))[2].startswith(
        "it has a column 'cell_id'"
    )


def test_a_repeated_column_is_refused():
    table = pa.table(
        [COLUMNS["row_id"], COLUMNS["prediction"], COLUMNS["prediction"]], ["row_id", "prediction", "prediction"]
    )
    sink = io.BytesIO()
    pq.write_table(table, sink)
    assert refused(sink.getvalue())[1:] == (
        "prediction",
        "the column is there 2 times; the columns are row_id, prediction and optionally std",
    )


@pytest.mark.parametrize(
    ("column", "values"),
    [("row_id", pa.array([1, None, 3])), ("prediction", pa.array([0.1, None, None]))],
)
def test_an_empty_cell_is_refused(column, values):
    assert refused(make_parquet(COLUMNS | {column: values})) == (2, column, "the cell is empty")


def test_an_empty_cell_of_a_later_batch_has_its_row(monkeypatch):
    monkeypatch.setattr(prediction_parquet, "BATCH_ROWS", 2)
    assert refused(make_parquet(COLUMNS | {"prediction": pa.array([0.1, 0.2, None])}))[0] == 3


def test_more_rows_than_asked_for_are_refused():
    assert refused(make_parquet(COLUMNS), asked=2)[2] == "it has 3 rows, and 2 were asked for"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1PAR1",
        b"row_id,prediction\n1,0.5\n",
        make_parquet()[:-1],
        make_parquet()[:-4] + b"PARE",
        b"X" + make_parquet(),
    ],
)
def test_what_is_no_whole_parquet_file_is_refused(content):
    assert refused(content)[2] == "it does not begin and end as a Parquet file; it may have been cut short"


def test_a_footer_larger_than_the_file_is_refused():
    content = make_parquet()
    assert refused(content[:-8] + struct.pack("<I", len(content)) + b"PAR1")[2].startswith("its footer has")


def test_a_footer_that_is_no_footer_is_refused():
    content = b"PAR1" + b"\xff" * 50 + struct.pack("<I", 50) + b"PAR1"
    assert refused(content)[2] == "it cannot be read as Parquet: 15 is no type that Parquet uses"


def test_pages_cut_out_of_a_file_are_missed():
    content = make_parquet(COLUMNS)
    footer = 8 + int.from_bytes(content[-8:-4], "little")
    assert refused(b"PAR1" + content[-footer:])[2] == "it cannot be read as Parquet: field 2 is missing"


def test_a_column_that_lies_outside_the_file_is_refused():
    assert refused(make_file(make_page(), make_page(), shift=10_000))[2] == "a column lies outside the file"


def test_a_page_that_expands_a_thousandfold_is_refused_by_its_header():
    bomb = make_page(expanded=10_000_000, compressed=pa.compress(bytes(10_000_000), codec="zstd", asbytes=True))
    assert len(bomb) < 10_000
    reason = "its pages expand to 10,000,024 bytes, and its rows take at most 1,048,768"
    assert refused(make_file(bomb, make_page())) == (None, None, reason)


def test_a_page_that_says_less_than_it_expands_to_is_refused():
    bomb = make_page(expanded=24, compressed=pa.compress(bytes(10_000_000), codec="zstd", asbytes=True))
    assert refused(make_file(bomb, make_page()))[2].startswith("it cannot be read as Parquet (")


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ({"n_values": 2}, "a column holds 2 values where its footer says 3"),
        ({"n_values": 4}, "a column holds 4 values where its footer says 3"),
        ({"expanded": -1}, "a page is larger than its column"),
        ({"says": -1}, "a page is larger than its column"),
        ({"says": 1_000}, "a page is larger than its column"),
        ({"kind": 7}, "a column holds 0 values where its footer says 3"),
    ],
)
def test_a_page_that_does_not_fit_its_column_is_refused(page, reason):
    assert refused(make_file(make_page(**page), make_page()))[2] == reason


def test_pages_made_by_hand_are_read_where_they_fit():
    ids, halves = np.array([1, 2, 3]).tobytes(), np.array([0.5, 1.5, 2.5]).tobytes()
    rows = parsed(make_file(*(make_page(compressed=pa.compress(v, codec="zstd", asbytes=True)) for v in (ids, halves))))
    assert (rows.row_id.tolist(), rows.prediction.tolist()) == ([1, 2, 3], [0.5, 1.5, 2.5])


NOUGHTS = pa.compress(bytes(24), codec="zstd", asbytes=True)


def make_page(*, n_values=3, expanded=24, compressed=NOUGHTS, says=None, kind=0):
    header = encode((1, I32, integer(n_values)), *((field, I32, integer(0)) for field in (2, 3, 4)))
    says = len(compressed) if says is None else says
    sizes = (2, I32, integer(expanded)), (3, I32, integer(says))
    return encode((1, I32, integer(kind)), *sizes, (5, STRUCT, header)) + compressed


def make_file(*chunks, n_rows=3, shift=0):
    """A file of two required columns, each of one chunk of pages compressed by zstd."""
    columns = [Column("row_id", 2, 0, "int64"), Column("prediction", 5, 0, "double")]
    start = np.cumsum([4 + shift, *map(len, chunks)]).tolist()
    group = _RowGroup(n_rows, tuple(_Chunk(6, at, at, end) for at, end in itertools.pairwise(start)))
    footer = _footer(tuple(columns), [group], n_rows)
    return b"".join((b"PAR1", *chunks, footer, struct.pack("<I", len(footer)), b"PAR1"))


def test_a_codec_that_is_not_among_the_common_ones_is_refused():
    reason = "it is compressed in a way that is not read here; use zstd or snappy"
    assert refused(make_parquet(COLUMNS, compression="brotli"))[2] == reason


@pytest.mark.parametrize("n_rows", [-1, -(2**40)])
def test_a_negative_number_of_rows_is_refused(n_rows):
    assert refused(make_file(make_page(), make_page(), n_rows=n_rows))[2] == "a row group has fewer than no rows"


def test_a_row_group_with_another_number_of_columns_is_refused(monkeypatch):
    monkeypatch.setattr(
        parquet_footer, "_encoded", lambda *_: encode((1, LIST, listed(STRUCT, [])), (3, I64, integer(3)))
    )
    content = make_file(make_page(), make_page())
    monkeypatch.undo()
    assert refused(content)[2] == "a row group does not hold the columns of the schema"


@pytest.mark.parametrize("field", [1, 8])
def test_a_column_in_another_file_or_encrypted_is_refused(monkeypatch, field):
    monkeypatch.setattr(parquet_footer, "encode", lambda *fields: encode(*fields, *_marked(fields, field)))
    content = make_file(make_page(), make_page())
    monkeypatch.undo()
    assert refused(content)[2] == "a column lies in another file or is encrypted"


def _marked(fields, field):
    """One more field where the struct is a column chunk, which has fields 2 and 3 alone."""
    return [(field, BINARY, binary(b"other"))] if [number for number, *_ in fields] == [2, 3] else []


def test_too_many_pages_are_refused(monkeypatch):
    monkeypatch.setattr(parquet_footer, "MOST_PAGES", 4)
    content = make_parquet(COLUMNS, row_group_size=1, use_dictionary=False)
    assert refused(content)[2] == "it has more than 4 pages; write larger row groups"


@pytest.mark.parametrize("seed", range(300))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    content = bytearray(make_parquet(COLUMNS, compression=["snappy", "zstd", "none"][seed % 3]))
    for _ in range(rng.integers(1, 4)):
        content[rng.integers(4, len(content) - 4)] = rng.integers(256)
    try:
        rows = parsed(bytes(content))
    except ContractError:
        return
    assert rows.row_id.size == rows.prediction.size <= 3
