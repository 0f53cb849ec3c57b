"""One entry of G taken apart: rows by stratum, mechanism or drug, searched, sorted and cut into pages on the server."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from django.core.paginator import Page, Paginator

from leaderboard.pages.figures import Figure, figure, reason, value

PER_PAGE = 50
MOST_SOUGHT = 100
REAL, PERMUTED, DRUG_MEAN = "real", "intradrug", "drug_mean"
Names = Mapping[str, tuple[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is offered: of an arm and metric of the stored scores."""

    key: str
    label: str
    arm: str
    metric: str


COLUMNS = (
    Column("r", "Correlation", REAL, "pearson"),
    Column("r_permuted", "Correlation of its permuted self", PERMUTED, "pearson"),
    Column("rank_r", "Rank correlation", REAL, "spearman"),
    Column("r2", "R²", REAL, "r2"),
    Column("rmse", "RMSE", REAL, "rmse"),
    Column("rmse_drug_mean", "RMSE of the drug average", DRUG_MEAN, "rmse"),
)
BY_NAME, BY_ROWS, BY_DRUGS = "name", "rows", "drugs"


@dataclass(frozen=True, slots=True)
class Row:
    """`numbers` are floats, {"undefined": reason} or None; `cells` the same as text, in the order of the columns."""

    part: str
    name: str
    note: str
    n_rows: float
    n_drugs: int
    numbers: Mapping[str, Any]

    @property
    def rows_text(self) -> str:
        return f"{self.n_rows:,.1f}".removesuffix(".0")

    @property
    def cells(self) -> list[Figure]:
        return [figure(self.numbers[column]) for column in self.numbers]


@dataclass(frozen=True, slots=True)
class Heading:
    """`state` is that of aria-sort, `query` what a click asks for."""

    key: str
    label: str
    state: str
    order: str
    is_number: bool


@dataclass(frozen=True, slots=True)
class Table:
    headings: list[Heading]
    page: Page[Row]
    sought: str
    sort: str
    n_all: int


def part_rows(scores: Mapping[str, Any], names: Names | None = None, *, keys: Sequence[str] = ()) -> list[Row]:
    """In the order of the scores, with all columns or some. `n_rows` is that of one split, on average."""
    columns = {
        column.key: _numbers(scores["columns"][column.arm][column.metric])
        for column in columns_of(scores)
        if not keys or column.key in keys
    }
    found = []
    for i, part in enumerate(scores["parts"]):
        name, known = (names or {}).get(part, (part, ()))
        found.append(
            Row(
                part=part,
                name=name,
                note=", ".join(known),
                n_rows=scores["n_rows"][i] / scores["n_splits"][i],
                n_drugs=scores["n_drugs"][i],
                numbers={key: numbers[i] for key, numbers in columns.items()},
            )
        )
    return found


def columns_of(scores: Mapping[str, Any]) -> list[Column]:
    """Of the arms that the track has."""
    return [column for column in COLUMNS if column.metric in scores["columns"].get(column.arm, {})]


def table(
    scores: Mapping[str, Any],
    names: Names,
    *,
    noun: str,
    sought: str = "",
    sort: str = "",
    page: str = "1",
    with_drugs: bool = False,
) -> Table:
    """`sort` is a column's key, with a minus for the largest first; one that is not known is that of the default."""
    rows, columns = part_rows(scores, names), columns_of(scores)
    offered = [(BY_NAME, noun), *([(BY_DRUGS, "Drugs")] if with_drugs else []), (BY_ROWS, "Rows a split")]
    offered += [(column.key, column.label) for column in columns]
    key, descending = sort.removeprefix("-"), sort.startswith("-")
    if key not in dict(offered):
        key, descending = (columns[0].key, True) if columns else (BY_NAME, False)
    sought = sought.strip()[:MOST_SOUGHT]
    found = sorted_rows([row for row in rows if _holds(row, sought)], key, descending=descending)
    headings = [
        _heading(one, label, is_here=one == key, descending=descending, is_number=one != BY_NAME)
        for one, label in offered
    ]
    paged = Paginator(found, PER_PAGE).get_page(page)
    return Table(headings, paged, sought, ("-" if descending else "") + key, len(rows))


def sorted_rows(rows: Sequence[Row], key: str, *, descending: bool) -> list[Row]:
    """What is undefined comes last whichever way one sorts; equals stay in the order of their names."""
    by_name = sorted(rows, key=lambda row: (row.name.casefold(), row.part), reverse=descending and key == BY_NAME)
    if key == BY_NAME:
        return by_name
    of = _number_of(key)
    numbers = [(number, row) for row in by_name if (number := of(row)) is not None]
    rest = [row for row in by_name if of(row) is None]
    return [row for _, row in sorted(numbers, key=itemgetter(0), reverse=descending)] + rest


def _number_of(key: str) -> Callable[[Row], float | None]:
    if key == BY_ROWS:
        return lambda row: row.n_rows
    if key == BY_DRUGS:
        return lambda row: float(row.n_drugs)
    return lambda row: value(row.numbers[key])


def _heading(key: str, label: str, *, is_here: bool, descending: bool, is_number: bool) -> Heading:
    """A column that is not sorted by begins with its largest, names with the first."""
    begins_descending = is_number
    state = ("descending" if descending else "ascending") if is_here else ""
    goes_down = not descending if is_here else begins_descending
    return Heading(key, label, state, ("-" if goes_down else "") + key, is_number)


def _holds(row: Row, sought: str) -> bool:
    """Every word in its name, id or mechanisms."""
    text = f"{row.name} {row.part} {row.note}".casefold()
    return all(word in text for word in sought.casefold().split())


def _numbers(column: Mapping[str, Any]) -> list[Any]:
    if "undefined" not in column:
        return list(column["values"])
    why = {place: said for said, places in column["undefined"].items() for place in places}
    return [{"undefined": why.get(i)} if number is None else number for i, number in enumerate(column["values"])]


def reasons(rows: Sequence[Row], key: str) -> dict[str, int]:
    """Why a column is undefined, and for how many."""
    found: dict[str, int] = {}
    for row in rows:
        if value(row.numbers.get(key)) is None:
            said = reason(row.numbers.get(key))
            found[said] = found.get(said, 0) + 1
    return found
