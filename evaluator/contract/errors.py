"""What is said to somebody whose file breaks the contract: one sentence, with file, row and column."""

from benchmark_data.errors import shown

__all__ = ["ContractError", "shown"]


class ContractError(Exception):
    """A file is not what the contract asks for.

    `row` counts the rows of the file from 1, a header not among them.
    """

    def __init__(self, file: str, *, reason: str, row: int | None = None, column: str | None = None) -> None:
        super().__init__(file, reason, row, column)
        self.file = file
        self.reason = reason
        self.row = row
        self.column = column

    def __str__(self) -> str:
        row = "" if self.row is None else f", row {self.row:,}"
        column = "" if self.column is None else f", column {self.column}"
        return f"{self.file}{row}{column}: {self.reason}."
