"""Turns a curator's plain tables into a release, as a spec describes them; `docs/releases.md` says how to write one."""

from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benchmark_data import chemistry
from benchmark_data.errors import ReleaseError
from benchmark_data.import_report import ImportReport
from benchmark_data.intake import UNKNOWN_TISSUE, Intake, with_kept
from benchmark_data.manifest import Entity, Response
from benchmark_data.mechanisms import Annotation, merged_mechanisms
from benchmark_data.plain_tables import Matrix, numbers, read_matrix, read_table, refuse_absent, whole_numbers
from benchmark_data.split_schemes import make_splits
from benchmark_data.split_tables import fold_splits, read_split_file
from benchmark_data.splits import PART_NAMES
from benchmark_data.strict_toml import nearest
from benchmark_data.table_spec import (
    CellsSpec,
    Computed,
    ComputedSpec,
    DrugsSpec,
    Entities,
    MatrixSpec,
    ScreenSpec,
    SplitSpec,
    TableSpec,
    ValueType,
)
from benchmark_data.tracking import Track, untracked
from benchmark_data.writer import Origin, ReleaseWriter


def import_tables(spec: TableSpec, folder: Path, out: Path, *, track: Track = untracked) -> ImportReport:
    """Write the release that the spec makes of the files in `folder`, and say what was found on the way."""
    writer = ReleaseWriter(
        out,
        name=spec.name,
        version=spec.version,
        task=spec.task,
        response=spec.response,
        description=spec.description,
    )
    with writer:
        intake = Intake(writer, spec.response)
        intake.add_info(Entity.CELL, cells_table(spec.cells, folder), Origin(spec.cells.source, spec.cells.licence))
        intake.add_info(Entity.DRUG, drugs_table(spec.drugs, folder), Origin(spec.drugs.source, spec.drugs.licence))
        smiles = _add_smiles(intake, spec.drugs, folder)
        for computed in track(spec.computed, "computed tables"):
            _add_computed(intake, computed, *smiles, licence=spec.drugs.licence)
        for matrix in track(spec.matrix, "feature tables"):
            _add_matrix(intake, matrix, folder)
        for screen in track(spec.screen, "screens"):
            _add_screens(intake, screen, spec.response, folder)
        for split in track(spec.split, "splits"):
            for study in _studies(intake, split):
                _add_splits(intake, split, study, folder)
    return intake.report(out, name=spec.name, version=spec.version)


def cells_table(spec: CellsSpec, folder: Path) -> pa.Table:
    """Who the cells are: cell_id, then what the spec has of them."""
    table = read_columns(folder, spec.file, [spec.id, spec.name, spec.tissue, *spec.keep], text=[spec.id])
    columns: dict[str, Any] = {"cell_id": table[spec.id]}
    if spec.name:
        columns["name"] = table[spec.name]
    if spec.tissue:
        columns["tissue"] = pc.fill_null(pc.cast(table[spec.tissue], pa.string()), UNKNOWN_TISSUE)
    return with_kept(columns, {name: table[name] for name in spec.keep}, what=spec.file)


def drugs_table(spec: DrugsSpec, folder: Path) -> pa.Table:
    annotated = [mechanism.column for mechanism in spec.mechanism]
    table = read_columns(folder, spec.file, [spec.id, spec.name, *annotated, *spec.keep], text=[spec.id, *annotated])
    columns: dict[str, Any] = {"drug_id": table[spec.id]}
    if spec.name:
        columns["name"] = table[spec.name]
    if spec.mechanism:
        annotations = [
            Annotation(table[mechanism.column].to_pylist(), mechanism.separator, mechanism.fallback)
            for mechanism in spec.mechanism
        ]
        columns["mechanisms"] = merged_mechanisms(annotations, none=spec.no_mechanism, unknown=spec.unknown_mechanism)
    return with_kept(columns, {name: table[name] for name in spec.keep}, what=spec.file)


def smiles_column(spec: DrugsSpec, folder: Path) -> tuple[list[str], list[str | None]]:
    """The drugs of the file, and their SMILES."""
    table = read_columns(folder, spec.file, [spec.id, spec.smiles], text=[spec.id, spec.smiles])
    return table[spec.id].to_pylist(), table[spec.smiles].to_pylist()


def computed_matrix(spec: ComputedSpec, ids: tuple[str, ...], smiles: tuple[str, ...]) -> Matrix:
    match spec.kind:
        case Computed.FINGERPRINTS:
            bits = chemistry.fingerprints(smiles, radius=spec.radius, bits=spec.bits)
            return Matrix(ids, tuple(f"bit{bit}" for bit in range(spec.bits)), bits)
        case Computed.DESCRIPTORS:
            return Matrix(ids, *chemistry.descriptors(smiles))


def matrix_of(spec: MatrixSpec, folder: Path) -> Matrix:
    matrix = read_matrix(folder / spec.file, id_column=spec.id, entities_are_columns=spec.entities is Entities.COLUMNS)
    if not spec.prefix:
        return matrix
    kept = [place for place, name in enumerate(matrix.columns) if name.startswith(spec.prefix)]
    if not kept:
        raise ReleaseError(f"{spec.file} has no column that begins with '{spec.prefix}'")
    names = tuple(matrix.columns[place].removeprefix(spec.prefix) for place in kept)
    return Matrix(matrix.ids, names, matrix.values[:, kept], matrix.not_finite)


def _add_smiles(intake: Intake, spec: DrugsSpec, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not spec.smiles:
        return (), ()
    return intake.add_smiles(*smiles_column(spec, folder), file=spec.file, origin=Origin(spec.source, spec.licence))


def _add_computed(
    intake: Intake, spec: ComputedSpec, ids: tuple[str, ...], smiles: tuple[str, ...], *, licence: str
) -> None:
    intake.add_matrix(
        Entity.DRUG,
        spec.name,
        computed_matrix(spec, ids, smiles),
        file="x/drug/smiles.parquet",
        origin=Origin(f"computed by RDKit {metadata.version('rdkit')} from x/drug/smiles.parquet", licence),
        as_uint8=spec.kind is Computed.FINGERPRINTS,
        description=spec.description,
    )


def _add_matrix(intake: Intake, spec: MatrixSpec, folder: Path) -> None:
    intake.add_matrix(
        spec.entity,
        spec.name,
        matrix_of(spec, folder),
        file=spec.file,
        origin=Origin(spec.source, spec.licence),
        as_uint8=spec.type is ValueType.UINT8,
        description=spec.description,
    )


def _add_screens(intake: Intake, spec: ScreenSpec, response: Response, folder: Path) -> None:
    answer = spec.response or response.column
    ids = [spec.cell_id, spec.drug_id, spec.study_column]
    table = read_columns(folder, spec.file, [*ids, answer, spec.row_id, *spec.where, *spec.keep], text=ids)
    columns = {
        "row_id": pa.array(np.arange(table.num_rows)),
        "cell_id": table[spec.cell_id],
        "drug_id": table[spec.drug_id],
        response.column: pa.array(numbers(folder / spec.file, table, answer)),
    }
    if spec.row_id:
        columns["row_id"] = pa.array(whole_numbers(folder / spec.file, table, spec.row_id))
    chosen = chosen_rows(spec.file, spec.where, table)
    rows = with_kept(columns, {name: table[name] for name in spec.keep}, what=spec.file).filter(chosen)
    for study, own in _by_study(spec, rows, table.filter(chosen)):
        numbered = own if spec.row_id else own.set_column(0, "row_id", pa.array(np.arange(own.num_rows)))
        intake.add_screen(study, numbered, Origin(spec.source, spec.licence), spec.description)


def _by_study(spec: ScreenSpec, rows: pa.Table, source: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    if spec.study:
        yield spec.study, rows
        return
    names = source[spec.study_column]
    if names.null_count:
        raise ReleaseError(f"{spec.file}: {names.null_count} rows name no study in {spec.study_column}")
    for study in names.unique().to_pylist():
        yield study, rows.filter(pc.equal(names, study))


def chosen_rows(file: str, where: dict[str, Any], table: pa.Table) -> pa.Array:
    """The rows that `where` asks for: each column has the value, or one of the values, that stand there."""
    chosen = np.ones(table.num_rows, bool)
    for name, wanted in where.items():
        values = [str(value) for value in (wanted if isinstance(wanted, list) else [wanted])]
        found = pc.is_in(pc.cast(table[name], pa.string()), value_set=pa.array(values)).to_numpy()
        if not found.any():
            raise ReleaseError(f"{file}: no row has {name} = {' or '.join(values)}")
        chosen &= found
    return pa.array(chosen)


def _add_splits(intake: Intake, spec: SplitSpec, study: str, folder: Path) -> None:
    screen = intake.screens[study]
    origin = Origin(spec.source, spec.licence)
    splits: Sequence[Sequence[NDArray[np.int64]]]
    if spec.files:
        splits = [
            [
                read_split_file(folder / _filled(spec.files, study=study, split=str(number), part=part))
                for part in PART_NAMES
            ]
            for number in range(spec.count)
        ]
    elif spec.fold:
        where = Path(f"study {study}")
        refuse_absent(where, screen.rows.column_names, [spec.fold])
        fold = whole_numbers(where, screen.rows, spec.fold)
        splits = fold_splits(screen.study.row_id, fold, what=f"column {spec.fold} of {study}")
    else:
        assert spec.seed is not None
        made = make_splits(
            study,
            spec.scheme,
            cell=screen.study.cell,
            drug=screen.study.drug,
            tissue=intake.tissue,
            seed=spec.seed,
            count=spec.count,
        )
        splits = [[screen.study.row_id[part] for part in split.parts().values()] for split in made]
        origin = Origin(f"made by Holdout, seed {spec.seed}", spec.licence)
    intake.add_splits(study, spec.scheme, splits, origin)


def _filled(pattern: str, **words: str) -> str:
    for name, word in words.items():
        pattern = pattern.replace(f"{{{name}}}", word)
    return pattern


def _studies(intake: Intake, spec: SplitSpec) -> tuple[str, ...]:
    known = list(intake.screens)
    for name in spec.studies:
        if name not in known:
            raise ReleaseError(f"split.studies has '{name}'; {nearest(name, known)}")
    return spec.studies or tuple(known)


def read_columns(folder: Path, file: str, columns: Sequence[str], *, text: Sequence[str]) -> pa.Table:
    """A table with these columns in it; an empty name asks for none."""
    path = folder / file
    table = read_table(path, text=[name for name in text if name])
    refuse_absent(path, table.column_names, [name for name in columns if name])
    return table
