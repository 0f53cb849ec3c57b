"""What the pages of releases and studies say, as tables and facts that are ready: templates only set them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe

from benchmark_data.sheet import count, percent
from leaderboard.drawing import Drawing
from leaderboard.drawing.histograms import Bins, histogram
from leaderboard.pages.figures import Figure, figure, heat
from leaderboard.reads import amounts

MOST_GROUPS = 30
"""Mechanisms or tissues that a page lists; the API has all."""
NOT_STATED = "not stated"
SHARED = (("cells", "Cells"), ("drugs", "Drugs"), ("pairs", "Pairs"))


@dataclass(frozen=True, slots=True)
class Cell:
    """`text` may be a Figure, which is its own HTML; `url` leads on; `css` is its class."""

    text: object
    small: str = ""
    css: str = "n"
    url: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The first cell of a row is its head."""

    id: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    css: str = ""

    @property
    def heads(self) -> tuple[Cell, ...]:
        """A column of numbers has its name above them."""
        first = self.rows[0] if self.rows else ()
        looks = [cell.css.partition(" ")[0] for cell in first] or [""] * len(self.columns)
        return tuple(Cell(name, css="n" if css == "n" else "") for name, css in zip(self.columns, looks, strict=True))

    def __str__(self) -> SafeString:
        """As HTML: hundreds of cells cost a template ten times what they cost here."""
        heads = "".join(f'<th{_class(head)} scope="col">{_said(head)}</th>' for head in self.heads)
        rows = "".join(f"<tr>{_row(row)}</tr>\n" for row in self.rows) or "<tr><td>None.</td></tr>\n"
        return format_html(
            '<div class="scroll" role="region" aria-labelledby="{0}-caption" tabindex="0">\n<table class="{1}">\n'
            '<caption id="{0}-caption"><span>{2}</span></caption>\n'
            "<thead><tr>{3}</tr></thead>\n<tbody>\n{4}</tbody>\n</table>\n</div>",
            self.id,
            self.css,
            self.caption,
            mark_safe(heads),
            mark_safe(rows),
        )


def _row(row: Sequence[Cell]) -> str:
    first, *others = row
    named = f'<a href="{escape(first.url)}">{_said(first)}</a>' if first.url else _said(first)
    small = f' <span class="small">{escape(first.small)}</span>' if first.small else ""
    cells = (
        f"<td{_class(cell)}>{_said(cell)}"
        + (f' <span class="range">{escape(cell.small)}</span>' if cell.small else "")
        + "</td>"
        for cell in others
    )
    return f'<th scope="row">{named}{small}</th>' + "".join(cells)


def _said(cell: Cell) -> str:
    return conditional_escape(str(cell.text))


def _class(cell: Cell) -> str:
    return f' class="{escape(cell.css)}"' if cell.css else ""


def words(text: str, *, small: str = "", url: str = "") -> Cell:
    return Cell(text, small, "", url)


def number(value: int | None) -> Cell:
    return Cell("n/a" if value is None else count(value))


def share(value: float | None) -> Cell:
    return Cell("n/a" if value is None else percent(value), css="n undefined" if value is None else "n")


def studies_table(summary: Mapping[str, Any], urls: Mapping[str, str]) -> Table:
    rows = tuple(
        (
            words(study["name"], small=study["description"], url=urls[study["name"]]),
            *(number(study[name]) for name in ("rows", "pairs", "cells", "drugs", "repeated_pairs")),
            Cell(figure(study["response_quartiles"][2])),
            Cell(ceiling_figure(study)),
        )
        for study in summary["studies"]
    )
    heads = ("Study", "Rows", "Pairs", "Cells", "Drugs", "Repeated pairs", "Median answer", "Ceiling (R²)")
    caption = "A pair is a cell with a drug; a repeated one has more than one row."
    return Table("studies", caption, heads, rows, "counted")


def ceiling_figure(study: Mapping[str, Any]) -> Figure:
    """With what it was estimated from, or the reason why it cannot be."""
    made = study["ceiling"]
    shown = figure(made["r2"])
    if shown.reason:
        return shown
    return Figure(shown.text, note=f"on {_n(made['drugs'], 'drug')}, {_n(made['repeated_pairs'], 'repeated pair')}")


def overlap_tables(summary: Mapping[str, Any]) -> tuple[Table, ...]:
    """Of what the column's study has, what the row's has too: how many, and their share."""
    studies = summary["studies"]
    names = [study["name"] for study in studies]
    made = []
    for key, title in SHARED:
        sizes = [study[key] for study in studies]
        rows = tuple(
            (words(name), *(_shared(value, size) for value, size in zip(row, sizes, strict=True)))
            for name, row in zip(names, summary["overlap"][key], strict=True)
        )
        made.append(Table(f"shared-{key}", f"{title} shared", ("Study", *names), rows, "heat"))
    return tuple(made)


def _n(number: int, noun: str) -> str:
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def _shared(value: float | None, size: int) -> Cell:
    if value is None:
        return Cell("n/a", "a share of nothing", "undefined")
    return Cell(count(round(value * size)), percent(value), heat(value, low=0.0, high=1.0))


def tables_table(summary: Mapping[str, Any]) -> Table:
    names = [study["name"] for study in summary["studies"]]
    rows = tuple(
        (
            words(f"{table['entity']}/{table['name']}", small=table["description"]),
            number(table["rows"]),
            number(table["columns"]),
            words(table["values"]),
            share(table["missing"]),
            *(share(value) for value in table["coverage"]),
        )
        for table in summary["tables"]
    )
    caption = "Below a study: the share of its rows whose cell or drug stands in the table."
    return Table("tables", caption, ("Table", "Entries", "Features", "Values", "Missing", *names), rows, "counted")


def splits_table(splits: Iterable[Mapping[str, Any]], *, of: str = "") -> Table:
    """`of` one study alone, which is then not named in each row."""
    rows = [
        (
            words(split["study"]),
            words(split["scheme"]),
            number(split["count"]),
            *(Cell(_span(split[part])) for part in ("train", "val", "test")),
        )
        for split in splits
        if of in ("", split["study"])
    ]
    caption = "Rows in each part, the smallest and the largest over splits. Each is proved disjoint when it is read."
    heads, first = ("Study", "Scheme", "Splits", "Train", "Validation", "Test"), 1 if of else 0
    return Table("splits", caption, heads[first:], tuple(row[first:] for row in rows))


def _span(ends: Sequence[int]) -> str:
    return count(ends[0]) if ends[0] == ends[1] else f"{count(ends[0])}–{count(ends[1])}"


def terms_table(summary: Mapping[str, Any]) -> Table:
    rows = tuple(
        (words("\n".join(terms["shown"])), words(terms["source"] or NOT_STATED), words(terms["licence"] or NOT_STATED))
        for terms in summary["terms"]
    )
    return Table(
        "terms", "What each file is from, and under which terms", ("Files", "Source", "Licence"), rows, "files"
    )


def groups_table(groups: Sequence[Mapping[str, Any]], *, id: str, head: str, members: str) -> Table:
    rows = tuple((words(one["name"]), number(one["members"]), number(one["rows"])) for one in groups[:MOST_GROUPS])
    left = len(groups) - len(rows)
    more = f" The {len(rows)} largest; {count(left)} more are in the JSON." if left > 0 else ""
    return Table(id, f"{count(len(groups))} in all.{more}", (head, members, "Rows"), rows)


def release_facts(summary: Mapping[str, Any]) -> str:
    parts = [f"{summary['task']} of {summary['response']}"]
    parts += [f"{count(summary['cells'])} cells", f"{count(summary['drugs'])} drugs"]
    return " · ".join([*parts, amounts.size(summary["size_bytes"])])


def study_facts(study: Mapping[str, Any]) -> tuple[tuple[str, object], ...]:
    repeated = study["rows_of_repeated_pairs"]
    rows = study["rows"]
    return (
        ("Rows", count(rows)),
        ("Pairs of a cell and a drug", count(study["pairs"])),
        ("Cells", count(study["cells"])),
        ("Drugs", count(study["drugs"])),
        ("Pairs with more than one row", f"{count(study['repeated_pairs'])}"),
        ("Rows of those", f"{count(repeated)} ({percent(repeated / rows)})" if rows else "n/a"),
        ("Ceiling (R²)", ceiling_figure(study)),
        ("Source", study["source"] or NOT_STATED),
        ("Licence", study["licence"] or NOT_STATED),
    )


def distribution(study: Mapping[str, Any], response: str) -> Drawing | None:
    """None for a study without rows."""
    made = study["histogram"]
    if not study["rows"]:
        return None
    _, lower, median, upper, _ = study["response_quartiles"]
    bins = Bins(made["low"], made["high"], made["counts"], (lower, median, upper))
    title = f"Answers of {study['name']}"
    return histogram(bins, name="distribution", title=title, axis=response)
