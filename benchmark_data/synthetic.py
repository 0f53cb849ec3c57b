"""Writes the synthetic releases: `tiny` for tests and the demo, `full-scale` for benchmarks at the published sizes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmark_data.chemistry import descriptors, fingerprints
from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response, Scheme, Task
from benchmark_data.split_schemes import make_splits
from benchmark_data.synthetic_plans import (
    DESCRIPTORS,
    FULL_GENES,
    FULL_SCALE,
    FULL_SPLITS,
    LANDMARK_GENES,
    TINY,
    TINY_PUBLIC_CELLS,
    TINY_PUBLIC_DRUGS,
    TINY_SPLITS,
    full_scale_plan,
    tiny_plan,
)
from benchmark_data.synthetic_to_seal import write_matrix, write_spec, write_table
from benchmark_data.synthetic_truth import Rows, Truth
from benchmark_data.synthetic_world import (
    LINEAGE,
    Plan,
    StudyPlan,
    draw_answers,
    draw_descriptors,
    draw_expression,
    draw_mutations,
    draw_rows,
    known_gene_sets,
    plant,
)
from benchmark_data.tracking import Track, untracked
from benchmark_data.writer import Origin, PartsWriter, ReleaseWriter

AUC = Response("auc", Direction.LOWER, 0.0, 1.0, "synthetic area under the viability curve")
ORIGIN = Origin("drawn by Holdout: synthetic, no measurement of anything", "CC0-1.0")
DRUG_ORIGIN = Origin("structures of known drugs, computed on by RDKit", "CC0-1.0")
DESCRIPTION = (
    "Synthetic: cells, answers and studies are made up, the drugs' structures are real. For tests, not science."
)
SEED = 1  # of the splits


@dataclass(frozen=True, slots=True)
class World:
    """A plan and everything drawn from it that several studies share."""

    plan: Plan
    truth: Truth
    expression: NDArray[np.float32]
    mutations: NDArray[np.uint8]


def draw_world(plan: Plan, *, track: Track = untracked) -> World:
    return World(plan, plant(plan), draw_expression(plan, track=track), draw_mutations(plan))


def to_seal_beside(folder: Path) -> Path:
    """Where the study to seal of a tiny release stands: not in it, so that nobody publishes the two together."""
    return folder.with_name(f"{folder.name}-to-seal")


def write_tiny(folder: Path, *, track: Track = untracked) -> str:
    """The release and, at `to_seal_beside`, the plain tables and spec of a study to seal; answers the release's id."""
    if (to_seal := to_seal_beside(folder)).exists():
        raise ReleaseError(f"{to_seal} is there already: the study to seal is written to it; move it away first")
    world = draw_world(tiny_plan())
    *public, sealed = world.plan.studies
    with ReleaseWriter(
        folder, name=TINY, version="1", task=Task.REGRESSION, response=AUC, description=DESCRIPTION
    ) as writer:
        _add_cells(writer, world, slice(0, TINY_PUBLIC_CELLS))
        _add_drugs(writer, world.plan, slice(0, TINY_PUBLIC_DRUGS))
        _add_gene_sets(writer)
        _add_studies(writer, world, public, TINY_SPLITS, track)
    _write_to_seal(to_seal, world, sealed)
    return writer.release_id


def write_full_scale(folder: Path, *, genes: int = FULL_GENES, track: Track = untracked) -> str:
    """A release of IMPROVE's published sizes for benchmarks, or with fewer genes for tests of it; answers its id."""
    plan = full_scale_plan(genes=genes)
    world = draw_world(plan, track=track)
    with ReleaseWriter(
        folder, name=FULL_SCALE, version="1", task=Task.REGRESSION, response=AUC, description=DESCRIPTION
    ) as writer:
        _add_cells(writer, world, slice(None))
        landmarks, values = plan.gene_names[:LANDMARK_GENES], world.expression[:, :LANDMARK_GENES]
        _add_matrix(writer, Entity.CELL, "expression_landmark", plan.cell_ids, landmarks, values, "its first genes")
        smiles = _add_drug_list(writer, plan, slice(None))
        _add_fingerprints(writer, "ecfp4", plan.drug_ids, smiles, bits=512)
        names = [f"mordred{number + 1:04d}" for number in range(DESCRIPTORS)]
        values = draw_descriptors(plan, DESCRIPTORS)
        _add_matrix(writer, Entity.DRUG, "mordred", plan.drug_ids, names, values, "as many as Mordred's, made up")
        _add_gene_sets(writer)
        _add_studies(writer, world, plan.studies, FULL_SPLITS, track)
    return writer.release_id


def _write_to_seal(folder: Path, world: World, study: StudyPlan) -> None:
    plan, rows = world.plan, draw_rows(world.plan, study)
    folder.mkdir(mode=0o700)  # answers in the clear are for their owner's eyes
    cells, drugs = slice(TINY_PUBLIC_CELLS, None), slice(TINY_PUBLIC_DRUGS, None)
    pairs = zip(rows.cell, rows.drug, draw_answers(plan, world.truth, study, rows).tolist(), strict=True)
    screen = ([plan.cell_ids[cell], plan.drug_ids[drug], answer] for cell, drug, answer in pairs)
    write_table(folder, "screen", ["cell_id", "drug_id", AUC.column], screen)
    ids, names, tissues = _cell_list(world, cells)
    write_table(folder, "cells", ["cell_id", "name", "tissue"], zip(ids, names, tissues, strict=True))
    write_matrix(folder, "expression", ids, plan.gene_names, world.expression[cells])
    write_matrix(folder, "mutation", ids, plan.mutated_gene_names, world.mutations[cells])
    known = zip(plan.drug_ids[drugs], plan.drugs[drugs], strict=True)
    listed = ([name, drug.name, drug.mechanisms, drug.smiles] for name, drug in known)
    write_table(folder, "drugs", ["drug_id", "name", "mechanisms", "smiles"], listed)
    write_spec(folder, name=study.name, response=AUC.column, licence=ORIGIN.licence, description=DESCRIPTION)


def _add_studies(
    writer: ReleaseWriter, world: World, studies: Sequence[StudyPlan], splits: Mapping[Scheme, int], track: Track
) -> None:
    """Row ids run on from study to study, as row positions do in IMPROVE's response.tsv."""
    first = 0
    for study in track(studies, "studies and their splits"):
        rows = draw_rows(world.plan, study)
        writer.add_study(study.name, _rows_table(world, study, rows, first=first), ORIGIN, "synthetic")
        for scheme, count in splits.items():
            made = make_splits(
                study.name, scheme, cell=rows.cell, drug=rows.drug, tissue=world.plan.tissue, seed=SEED, count=count
            )
            parts = ([first + part for part in split.parts().values()] for split in made)
            writer.add_splits(study.name, scheme, parts, ORIGIN)
        first += study.rows


def _rows_table(world: World, study: StudyPlan, rows: Rows, *, first: int) -> pa.Table:
    return pa.table(
        {
            "row_id": np.arange(first, first + study.rows),
            "cell_id": pa.DictionaryArray.from_arrays(rows.cell, list(world.plan.cell_ids)),
            "drug_id": pa.DictionaryArray.from_arrays(rows.drug, list(world.plan.drug_ids)),
            AUC.column: draw_answers(world.plan, world.truth, study, rows),
        }
    )


def _add_cells(writer: PartsWriter, world: World, cells: slice) -> None:
    plan, (ids, names, tissues) = world.plan, _cell_list(world, cells)
    writer.add_info(Entity.CELL, pa.table({"cell_id": ids, "name": names, "tissue": tissues}), ORIGIN)
    _add_matrix(writer, Entity.CELL, "expression", ids, plan.gene_names, world.expression[cells], "log2-like")
    genes, values = plan.mutated_gene_names, world.mutations[cells]
    _add_matrix(writer, Entity.CELL, "mutation", ids, genes, values, "1 where the gene is mutated")


def _cell_list(world: World, cells: slice) -> tuple[tuple[str, ...], list[str], list[str]]:
    """Ids, names and tissues."""
    ids, tissues = world.plan.cell_ids[cells], [world.plan.tissues[code] for code in world.plan.tissue[cells]]
    names = [f"synthetic {tissue} {name.rpartition('C')[2]}" for name, tissue in zip(ids, tissues, strict=True)]
    return ids, names, tissues


def _add_drugs(writer: PartsWriter, plan: Plan, drugs: slice) -> None:
    ids, smiles = plan.drug_ids[drugs], _add_drug_list(writer, plan, drugs)
    _add_fingerprints(writer, "ecfp4", ids, smiles, bits=512)
    _add_fingerprints(writer, "morgan", ids, smiles, bits=2048)
    columns, values = descriptors(smiles)
    _add_matrix(writer, Entity.DRUG, "rdkit", ids, columns, values, "RDKit's 2D descriptors", DRUG_ORIGIN)


def _add_drug_list(writer: PartsWriter, plan: Plan, drugs: slice) -> list[str]:
    """Who the drugs are, and their SMILES, which it answers."""
    ids, known = plan.drug_ids[drugs], plan.drugs[drugs]
    smiles = [drug.smiles for drug in known]
    names, mechanisms = [drug.name for drug in known], [drug.mechanisms for drug in known]
    info = pa.table({"drug_id": ids, "name": names, "mechanisms": mechanisms, "smiles": smiles})
    writer.add_info(Entity.DRUG, info, DRUG_ORIGIN)
    writer.add_text(Entity.DRUG, "smiles", pa.table({"drug_id": ids, "smiles": smiles}), DRUG_ORIGIN)
    return smiles


def _add_fingerprints(writer: PartsWriter, name: str, ids: Sequence[str], smiles: Sequence[str], *, bits: int) -> None:
    columns = [f"bit{number}" for number in range(bits)]
    values = fingerprints(smiles, radius=2, bits=bits)
    _add_matrix(writer, Entity.DRUG, name, ids, columns, values, "Morgan fingerprint, radius 2", DRUG_ORIGIN)


def _add_matrix(
    writer: PartsWriter,
    entity: Entity,
    name: str,
    ids: Sequence[str],
    columns: Sequence[str],
    values: NDArray[np.generic],
    description: str,
    origin: Origin = ORIGIN,
) -> None:
    writer.add_matrix(entity, name, ids=ids, columns=columns, values=values, origin=origin, description=description)


def _add_gene_sets(writer: PartsWriter) -> None:
    pairs = [(name, gene) for name, genes in known_gene_sets().items() if name != LINEAGE for gene in genes]
    table = pa.table({"set": [name for name, _ in pairs], "gene": [gene for _, gene in pairs]})
    writer.add_text(Entity.CELL, "gene_sets", table, ORIGIN, "genes of the expression table that act together")
