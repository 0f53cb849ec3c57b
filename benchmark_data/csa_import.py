"""Turns an IMPROVE csa_data tree, as it is published for improvelib 0.1.0 or 1.0.0, into a release.

Rows keep their position in response.tsv as row_id, and splits keep the order of their files.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmark_data import csa_tree
from benchmark_data.csa_features import ids_in, read_features
from benchmark_data.csa_splits import found_splits, other_rows_note, read_splits
from benchmark_data.csa_tree import CsaTable, feature_files, find_tree
from benchmark_data.errors import ReleaseError
from benchmark_data.import_report import ImportReport
from benchmark_data.intake import UNKNOWN_TISSUE, Intake, with_kept
from benchmark_data.manifest import Entity, Response, Task
from benchmark_data.plain_tables import numbers, read_table, refuse_absent
from benchmark_data.strict_toml import nearest
from benchmark_data.tracking import Track, untracked
from benchmark_data.writer import Origin, ReleaseWriter

_OUR_NAMES = {"cell_line_name": "name", "NAME": "name", "lineage": "tissue"}


def import_csa(
    folder: Path,
    out: Path,
    *,
    response: str = "auc",
    name: str = "csa",
    version: str = "1",
    licence: str = "",
    track: Track = untracked,
) -> ImportReport:
    """Write the release that a csa_data tree is, and say what was found on the way."""
    tree = find_tree(folder)
    if response not in csa_tree.RESPONSES:
        raise ReleaseError(f"response '{response}': {nearest(response, list(csa_tree.RESPONSES))}")
    answer = csa_tree.RESPONSES[response]
    rows = _read_rows(tree / csa_tree.RESPONSE_FILE, answer)
    tables = feature_files(tree / "x_data")
    writer = ReleaseWriter(
        out,
        name=name,
        version=version,
        task=Task.REGRESSION,
        response=answer,
        description="An IMPROVE csa_data tree, imported",
    )
    with writer:
        intake = Intake(writer, answer)
        _add_cells(intake, tree, tables, rows, licence)
        _add_drugs(intake, tree, tables, rows, licence)
        for table in track(tables, "feature tables"):
            _add_table(intake, tree / "x_data" / table.file, table, licence)
        for study in track(rows[csa_tree.STUDY_COLUMN].unique().to_pylist(), "studies"):
            own = rows.filter(pc.equal(rows[csa_tree.STUDY_COLUMN], study)).drop_columns([csa_tree.STUDY_COLUMN])
            intake.add_screen(study, own, _origin(csa_tree.RESPONSE_FILE, licence))
        notes = _tables_left_out(tree / "x_data", tables) + _add_splits(intake, tree / "splits", licence, track)
    return intake.report(out, name=name, version=version, notes=notes)


def _read_rows(path: Path, response: Response) -> pa.Table:
    """response.tsv under our names, with the position of each row; other columns stay as they are."""
    keys = [csa_tree.STUDY_COLUMN, csa_tree.CELL_COLUMN, csa_tree.DRUG_COLUMN]
    table = read_table(path, text=[*keys, "study"])
    refuse_absent(path, table.column_names, [*keys, response.column])
    source = table[csa_tree.STUDY_COLUMN]
    if source.null_count:
        row = pc.is_null(source).to_pylist().index(True)
        raise ReleaseError(f"{path}, line {row + 2}: {csa_tree.STUDY_COLUMN} is empty")
    columns = {
        csa_tree.STUDY_COLUMN: source,
        "row_id": pa.array(np.arange(table.num_rows)),
        "cell_id": table[csa_tree.CELL_COLUMN],
        "drug_id": table[csa_tree.DRUG_COLUMN],
        response.column: pa.array(numbers(path, table, response.column)),
    }
    # 1.0.0 writes the position twice, as an unnamed index and as split_id; our row_id is the third.
    others = set(table.column_names) - {*keys, response.column, "", "split_id"}
    return with_kept(columns, {name: table[name] for name in table.column_names if name in others}, what=str(path))


def _add_cells(intake: Intake, tree: Path, tables: Sequence[CsaTable], rows: pa.Table, licence: str) -> None:
    """Every cell that has answers or features, in that order; names and tissues where the tree has them."""
    ids = _all_ids(Entity.CELL, tree, tables, rows["cell_id"])
    path = tree / "x_data" / csa_tree.CELL_INFO_FILE
    known = _looked_up(path, (csa_tree.CELL_COLUMN, "DepMap_ID"), ids, _OUR_NAMES)
    if "tissue" in known:
        known["tissue"] = pc.fill_null(known["tissue"].cast(pa.string()), UNKNOWN_TISSUE)
    info = with_kept({"cell_id": pa.array(ids, pa.string())}, known, what=str(path))
    intake.add_info(Entity.CELL, info, _origin("x_data", licence))


def _add_drugs(intake: Intake, tree: Path, tables: Sequence[CsaTable], rows: pa.Table, licence: str) -> None:
    """Every drug that has answers, features or a SMILES; then the SMILES that RDKit can read."""
    path = tree / "x_data" / csa_tree.SMILES_FILE
    drugs, smiles = _smiles(path) if path.is_file() else ([], [])
    ids = list(dict.fromkeys([*_all_ids(Entity.DRUG, tree, tables, rows["drug_id"]), *drugs]))
    path = tree / "x_data" / csa_tree.DRUG_INFO_FILE
    known = _looked_up(path, (csa_tree.DRUG_COLUMN,), ids, _OUR_NAMES)
    info = with_kept({"drug_id": pa.array(ids, pa.string())}, known, what=str(path))
    intake.add_info(Entity.DRUG, info, _origin("x_data", licence))
    intake.add_smiles(drugs, smiles, file=csa_tree.SMILES_FILE, origin=_origin(csa_tree.SMILES_FILE, licence))


def _smiles(path: Path) -> tuple[list[str], list[str | None]]:
    keys = [csa_tree.DRUG_COLUMN, csa_tree.SMILES_COLUMN]
    table = read_table(path, text=keys)
    refuse_absent(path, table.column_names, keys)
    drugs, smiles = (table[key].to_pylist() for key in keys)
    if None in drugs:
        raise ReleaseError(f"{path}, line {drugs.index(None) + 2}: {csa_tree.DRUG_COLUMN} is empty")
    return drugs, smiles


def _all_ids(entity: Entity, tree: Path, tables: Sequence[CsaTable], answered: pa.ChunkedArray) -> list[str]:
    found = dict.fromkeys(answered.drop_null().unique().to_pylist())
    for table in tables:
        if table.entity is entity:
            found |= dict.fromkeys(ids_in(tree / "x_data" / table.file))
    return list(found)


def _looked_up(path: Path, keys: Sequence[str], ids: Sequence[str], our_names: dict[str, str]) -> dict[str, pa.Array]:
    """What a table about cells or drugs says of each id, column by column.

    The published drug_info.tsv has a row for each source of a drug; the first counts.
    """
    if not path.is_file():
        return {}
    table = read_table(path, text=[*keys, *our_names])
    key = next((key for key in keys if key in table.column_names), None)
    if key is None:
        raise ReleaseError(f"{path} has no column {' or '.join(keys)}")
    place = {name: row for row, name in reversed(list(enumerate(table[key].to_pylist())))}
    rows = pa.array([place.get(name) for name in ids], pa.int64())
    columns: dict[str, pa.Array] = {}
    for name in table.column_names:
        if name != key and our_names.get(name, name) not in columns:
            column = table[name].cast(pa.string()) if pa.types.is_null(table[name].type) else table[name]
            columns[our_names.get(name, name)] = column.take(rows)
    return columns


def _add_table(intake: Intake, path: Path, table: CsaTable, licence: str) -> None:
    matrix, note = read_features(path, table)
    intake.add_matrix(
        table.entity,
        table.name,
        matrix,
        file=table.file,
        origin=_origin(table.file, licence),
        as_uint8=table.is_bits,
        description=table.description,
        note=note,
    )


def _add_splits(intake: Intake, folder: Path, licence: str, track: Track) -> list[str]:
    """The splits of every study, and a note on each file or study that has none."""
    found, others = found_splits(folder)
    notes: list[str] = []
    for study, scheme in track(list(found), "splits"):
        if study in intake.screens:
            intake.add_splits(
                study, scheme, read_splits(study, scheme, found[study, scheme]), _origin("splits", licence)
            )
        else:
            notes.append(f"the {scheme} splits of {study} are left out: response.tsv has no rows of that study")
    for name, screen in intake.screens.items():
        if not any(study == name for study, _ in found):
            notes.append(f"{name} has no split files")
        if note := other_rows_note(folder, name, np.concatenate([screen.study.row_id, screen.left_out_ids])):
            notes.append(note)
    others = [name for name in others if name not in {f"{study}_all.txt" for study in intake.screens}]
    return notes + (
        [f"files of splits/ that are no part of a split are left out: {', '.join(others)}"] if others else []
    )


def _tables_left_out(folder: Path, tables: Sequence[CsaTable]) -> list[str]:
    known = {table.file for table in tables}
    known |= {csa_tree.SMILES_FILE, csa_tree.DRUG_INFO_FILE, csa_tree.CELL_INFO_FILE}
    others = sorted(path.name for path in folder.glob("*") if path.name not in known)
    return [f"files of x_data/ that Holdout has no table for are left out: {', '.join(others)}"] if others else []


def _origin(file: str, licence: str) -> Origin:
    return Origin(f"IMPROVE csa_data, {file}", licence)
