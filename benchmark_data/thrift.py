"""Thrift's compact protocol, in which Parquet writes footers and page headers: a struct is a dict by field number."""

from typing import Any

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
_TRUE, _FALSE, _BYTE, _I16, _DOUBLE, _SET = 1, 2, 3, 4, 7, 10

_DEEPEST = 16
_LARGEST_FIELD = 2**15 - 1
_LONGEST_VARINT_BYTES = 10

Struct = dict[int, Any]


class ThriftError(ValueError):
    """The bytes are no struct of the compact protocol."""


def decode(content: bytes, at: int = 0) -> tuple[Struct, int]:
    """The struct that begins at a place, its fields by number, and the place behind it. No field comes twice."""
    reader = _Reader(content, at)
    return reader.struct(0), reader.at


class _Reader:
    def __init__(self, content: bytes, at: int) -> None:
        self.content = content
        self.at = at

    def struct(self, depth: int) -> Struct:
        if depth > _DEEPEST:
            raise ThriftError("it is nested too deep")
        fields: Struct = {}
        number = 0
        while header := self._take(1)[0]:
            number = number + (header >> 4) if header >> 4 else self._integer()
            if number in fields or not 0 < number <= _LARGEST_FIELD:  # other decoders take such a number modulo 65,536
                raise ThriftError(f"field {number} is there twice or has no such number")
            kind = header & 15
            fields[number] = kind == _TRUE if kind in (_TRUE, _FALSE) else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (_I16, I32, I64):
            return self._integer()
        if kind == BINARY:
            return self._take(self._varint())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (LIST, _SET):
            return self._list(depth + 1)
        if kind in (_TRUE, _FALSE, _BYTE):  # in a list, a boolean takes a byte
            return self._take(1)[0]
        if kind == _DOUBLE:
            return self._take(8)
        raise ThriftError(f"{kind} is no type that Parquet uses")

    def _list(self, depth: int) -> list[Any]:
        if depth > _DEEPEST:
            raise ThriftError("it is nested too deep")
        header = self._take(1)[0]
        size = self._varint() if header >> 4 == 15 else header >> 4
        if size > len(self.content) - self.at:  # every element takes a byte or more
            raise ThriftError("it is cut short")
        return [self._value(header & 15, depth) for _ in range(size)]

    def _take(self, size: int) -> bytes:
        taken = self.content[self.at : self.at + size]
        if len(taken) != size:
            raise ThriftError("it is cut short")
        self.at += size
        return taken

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _LONGEST_VARINT_BYTES, 7):
            byte = self._take(1)[0]
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ThriftError("a number has no end")

    def _integer(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)


def encode(*fields: tuple[int, int, bytes]) -> bytes:
    """A struct of fields, each a number, a type and an encoded value."""
    return b"".join(bytes([kind]) + integer(number) + value for number, kind, value in fields) + b"\0"


def integer(value: int) -> bytes:
    return varint((value << 1) ^ (value >> 63))


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value >= 128:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def binary(value: bytes) -> bytes:
    return varint(len(value)) + value


def listed(kind: int, values: list[bytes]) -> bytes:
    return bytes([0xF0 | kind]) + varint(len(values)) + b"".join(values)
