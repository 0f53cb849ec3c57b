import pytest

from benchmark_data.thrift import (
    BINARY,
    I32,
    I64,
    LIST,
    STRUCT,
    ThriftError,
    binary,
    decode,
    encode,
    integer,
    listed,
)


@pytest.mark.parametrize("value", [0, 1, -1, 63, 64, -65, 2**31 - 1, -(2**31), 2**62, -(2**63), 2**63 - 1])
def test_integers_survive(value):
    assert decode(encode((1, I64, integer(value))))[0] == {1: value}


def test_structs_lists_and_strings_survive():
    inner = encode((4, BINARY, binary(b"row_id")), (300, I32, integer(7)))
    encoded = encode((2, LIST, listed(STRUCT, [inner, inner])), (3, LIST, listed(I32, [integer(n) for n in range(20)])))
    expected = {4: b"row_id", 300: 7}
    assert decode(b"..." + encoded + b"...", 3) == ({2: [expected, expected], 3: list(range(20))}, 3 + len(encoded))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ([0x11], True),
        ([0x12], False),
        ([0x13, 7], 7),
        ([0x14, 4], 2),
        ([0x17, *range(8)], bytes(range(8))),
        ([0x18, 2, 65, 66], b"AB"),
        ([0x19, 0x35, 2, 4, 6], [1, 2, 3]),
        ([0x19, 0x21, 1, 2], [1, 2]),
        ([0x1A, 0x23, 1, 2], [1, 2]),
        ([0x1C, 0x15, 2, 0x25, 4, 0], {1: 1, 3: 2}),
    ],
)
def test_every_type_of_the_protocol_that_parquet_uses_is_read(field, value):
    assert decode(bytes([*field, 0])) == ({1: value}, len(field) + 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "cut short"),
        (b"\x15", "cut short"),
        (b"\x18\x05ab", "cut short"),
        (b"\x17\0\0", "cut short"),
        (b"\x19\xf3\xff\xff\x7f", "cut short"),
        (b"\x15" + b"\x80" * 10, "a number has no end"),
        (b"\x1b\0\0", "11 is no type that Parquet uses"),
        (b"\x1d\0\0", "13 is no type that Parquet uses"),
        (b"\x15\x02\x05\x02\x02\0", "field 1 is there twice"),
        (b"\x05\x84\x80\x08\x02\0", "field 65538 is there twice or has no such number"),
        (b"\x05\x01\x02\0", "field -1 is there twice or has no such number"),
        (b"\x1c" * 40, "nested too deep"),
        (b"\x19" + b"\x19" * 40, "nested too deep"),
    ],
)
def test_what_is_no_struct_is_refused(content, reason):
    with pytest.raises(ThriftError, match=reason):
        decode(content)
