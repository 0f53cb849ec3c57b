"""The feature files of a csa_data tree: which of their first lines are header rows, and what features are called."""

from collections import Counter
from collections.abc import Sequence
from itertools import chain, count
from pathlib import Path

from benchmark_data.csa_tree import KEY, CsaTable
from benchmark_data.errors import ReleaseError
from benchmark_data.plain_tables import Matrix, first_column, is_number, read_text_matrix

# Four levels, and the row with the index's name that pandas adds below them.
_MOST_HEADER_ROWS = 5
_LABELS = frozenset({"", *KEY.values(), "entrez", "ensembl", "gene_symbol", "tss", "mirna_id", "antibody"})


def is_header(number: int, fields: Sequence[str]) -> bool:
    """The first line; then lines that begin with no id, or have not one number in them.

    A row of Entrez ids is all numbers, and a row of values may have text in it by mistake: neither may be taken for the
    other.
    """
    if number == 0:
        return True
    if number >= _MOST_HEADER_ROWS:
        return False
    return fields[0].strip().lower() in _LABELS or not any(map(is_number, fields[1:]))


def ids_in(path: Path) -> list[str]:
    """The ids of a feature file, without reading its values."""
    return first_column(path, is_header=is_header)


def read_features(path: Path, table: CsaTable) -> tuple[Matrix, str]:
    """The matrix under unique feature names, and a note where a name had to be made unique."""
    text = read_text_matrix(path, is_header=is_header)
    headers = [row for row in text.headers if any(word.strip() for word in row)]
    if len(headers) not in (1, len(table.levels)):
        known = " or ".join(str(number) for number in sorted({1, len(table.levels)}))
        raise ReleaseError(f"{path} has {len(headers)} header rows where {known} is known")
    names, note = _unique_names(headers, table)
    return Matrix(text.ids, names, text.values, text.not_finite), note


def _unique_names(headers: Sequence[Sequence[str]], table: CsaTable) -> tuple[tuple[str, ...], str]:
    """A name that is missing or repeated gives way to another header row's, or else gets a number, as in pandas."""
    rows = [[word.strip() for word in row] for row in headers]
    main = table.names if len(rows) > 1 else 0
    other = next((place for place in range(len(rows)) if place != main), main)
    names, times = list(rows[main]), Counter(rows[main])
    unclear = [place for place, name in enumerate(names) if not name or times[name] > 1]
    for place in unclear:
        names[place] = rows[other][place] or names[place] or "unnamed"
    unique: dict[str, None] = {}
    for name in names:
        numbered = chain([name], (f"{name}.{number}" for number in count(1)))
        unique[next(word for word in numbered if word not in unique)] = None
    instead = f"go by their {table.levels[other]}" if other != main else "have a number"
    note = f"{len(unclear)} features without a name of their own {instead}" if unclear else ""
    return tuple(unique), note
