"""What the pages of a Parquet column chunk say they expand to, read off their headers before anything is expanded.

The footer's own sums are what a writer claims; a reader allocates by the page headers.
"""

# Types of the Thrift compact protocol.
_BOOLEANS, _BYTE, _INTEGERS, _DOUBLE, _BINARY, _LISTS, _MAP, _STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 11, 12
_INT32 = 5
_DEEPEST = 8
_LONGEST_VARINT_BYTES = 10
_EXPANDED, _COMPRESSED = 2, 3  # fields of a PageHeader


def page_sizes(chunk: bytes) -> list[int]:
    """The expanded size of each page of a column chunk. Raises ValueError where the chunk is no sequence of pages."""
    sizes = []
    at = 0
    while at < len(chunk):
        header = _Struct(chunk, at)
        fields = header.int32_fields()
        expanded, compressed = fields.get(_EXPANDED, -1), fields.get(_COMPRESSED, -1)
        at = header.at + compressed
        if expanded < 0 or compressed < 0 or at > len(chunk):
            raise ValueError("a page without a size, or larger than its chunk")
        sizes.append(expanded)
    return sizes


class _Struct:
    """A Thrift struct of which only the 32-bit integers are of interest."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content = content
        self.at = at

    def int32_fields(self) -> dict[int, int]:
        fields = {}
        number = 0
        while header := self._byte():
            number = number + (header >> 4) if header >> 4 else self._zigzag()
            if header & 15 == _INT32:
                fields[number] = self._zigzag()
            else:
                self._skip(header & 15, _DEEPEST, in_struct=True)
        return fields

    def _byte(self) -> int:
        if self.at >= len(self.content):
            raise ValueError("a page header that is cut short")
        self.at += 1
        return self.content[self.at - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 7 * _LONGEST_VARINT_BYTES, 7):
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
        raise ValueError("a number without an end")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _skip(self, kind: int, depth: int, *, in_struct: bool = False) -> None:
        if depth == 0:
            raise ValueError("a page header nested too deep")
        if kind in _BOOLEANS:
            self.at += 0 if in_struct else 1  # in a struct the type is the value
        elif kind == _BYTE:
            self.at += 1
        elif kind in _INTEGERS:
            self._varint()
        elif kind == _DOUBLE:
            self.at += 8
        elif kind == _BINARY:
            length = self._varint()  # moves self.at as well
            self.at += length
        elif kind in _LISTS:
            self._skip_list(depth)
        elif kind == _STRUCT:
            while header := self._byte():
                if not header >> 4:
                    self._zigzag()
                self._skip(header & 15, depth - 1, in_struct=True)
        else:
            raise ValueError("a page header with a field that no page header has")

    def _skip_list(self, depth: int) -> None:
        header = self._byte()
        size = self._varint() if header >> 4 == 15 else header >> 4
        for _ in range(min(size, len(self.content))):
            self._skip(header & 15, depth - 1)
            if self.at > len(self.content):
                raise ValueError("a page header that is cut short")
