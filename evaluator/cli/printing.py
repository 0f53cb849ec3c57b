"""What every command prints alike: sheets, JSON and progress."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from benchmark_data.sheet import Sheet
from benchmark_data.tracking import Track


@contextmanager
def progress_bar(*, quiet: bool) -> Iterator[Progress]:
    """On the terminal's error stream; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (*Progress.get_default_columns(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
        yield progress


@contextmanager
def tracked(*, quiet: bool) -> Iterator[Track]:
    """The same, for work that walks its steps through a `Track`."""
    with progress_bar(quiet=quiet) as bar:
        yield lambda steps, what: bar.track(steps, description=what)


def print_json(value: dict[str, Any]) -> None:
    typer.echo(json.dumps(_without_nan(value), ensure_ascii=False, allow_nan=False))


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: what is undefined is null."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def print_sheets(console: Console, sheets: tuple[Sheet, ...]) -> None:
    for sheet in sheets:
        if not sheet.rows:
            continue
        console.print(Text(sheet.title, style="bold"))  # a title of the table itself would wrap at the table's width
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for number, column in enumerate(sheet.columns):
            is_number = all(row[number][:1].isdigit() for row in sheet.rows)
            table.add_column(Text(column), justify="right" if is_number else "left", overflow="fold")
        for row in sheet.rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        if sheet.note:
            console.print(Text(sheet.note, style="dim"))
            console.print()
