"""The cells, drugs and answers of a synthetic release, drawn from a plan: the same plan gives the same values.

Nothing here is written to disk, and nothing depends on a library's random numbers.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark_data.draws import bell, grid, permutation, uniform
from benchmark_data.synthetic_truth import (
    GROWTH_SET,
    MECHANISM_SHARE,
    NOISE,
    PATHWAY_SET,
    SENSITIVE,
    Codes,
    Rows,
    Truth,
    Values,
)
from benchmark_data.tracking import Track, untracked

HERE = Path(__file__).parent
LINEAGE = "LINEAGE"  # genes that tell tissues apart; not a set with an activity
DRIVERS = ("BRAF", "KRAS", "NRAS")  # more often mutated where the planted pathway is active


@dataclass(frozen=True, slots=True)
class KnownDrug:
    name: str
    mechanisms: str  # separated by semicolons
    smiles: str

    def first_mechanism(self) -> str:
        return self.mechanisms.split(";", maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """Which cells meet which drugs, how many of the pairs were measured, and how many rows that made."""

    name: str
    cells: Codes
    drugs: Codes
    pairs: int
    rows: int
    shift: float


@dataclass(frozen=True)
class Plan:
    name: str  # also names every random stream
    cells: int
    tissues: tuple[str, ...]
    drugs: tuple[KnownDrug, ...]
    genes: int
    mutated_genes: int
    studies: tuple[StudyPlan, ...]

    @cached_property
    def cell_ids(self) -> tuple[str, ...]:
        return tuple(f"SYN-C{code + 1:04d}" for code in range(self.cells))

    @cached_property
    def drug_ids(self) -> tuple[str, ...]:
        return tuple(f"SYN-D{code + 1:03d}" for code in range(len(self.drugs)))

    @cached_property
    def tissue(self) -> Codes:
        """The tissue of each cell, all of them about as often."""
        return (permutation(self.cells, self.name, "tissue") % len(self.tissues)).astype(np.int32)

    @cached_property
    def gene_names(self) -> tuple[str, ...]:
        return _filled(_known_genes(), self.genes)

    @cached_property
    def mutated_gene_names(self) -> tuple[str, ...]:
        return _filled([*DRIVERS, *_known_genes()], self.mutated_genes)


def known_drugs() -> tuple[KnownDrug, ...]:
    return tuple(KnownDrug(**row) for row in read_rows("known_drugs.tsv"))


def known_gene_sets() -> dict[str, list[str]]:
    """The genes of each set; no gene is in two."""
    genes: dict[str, list[str]] = {}
    for row in read_rows("known_genes.tsv"):
        genes.setdefault(row["set"], []).append(row["gene"])
    return genes


def read_rows(name: str) -> list[dict[str, str]]:
    """A table that is shipped beside this module."""
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def plant(plan: Plan) -> Truth:
    mechanisms = sorted({drug.first_mechanism() for drug in plan.drugs})
    by_mechanism = dict(zip(mechanisms, grid(len(mechanisms), plan.name, "mechanism"), strict=True))
    shared = np.array([by_mechanism[drug.first_mechanism()] for drug in plan.drugs])
    own = grid(len(plan.drugs), plan.name, "drug")
    return Truth(
        drug_effect=MECHANISM_SHARE * shared + (1 - MECHANISM_SHARE) * own,
        sensitive=np.array([float(drug.first_mechanism() in SENSITIVE) for drug in plan.drugs]),
        growth=_activity(plan, GROWTH_SET),
        pathway=_activity(plan, PATHWAY_SET),
        shift={study.name: study.shift for study in plan.studies},
    )


def draw_rows(plan: Plan, study: StudyPlan) -> Rows:
    """The study's rows: its measured pairs, and whole drugs a second time until the rows are as many as planned."""
    cells, drugs = len(study.cells), len(study.drugs)
    measured = np.sort(permutation(cells * drugs, plan.name, study.name, "pairs")[: study.pairs])
    turn = permutation(drugs, plan.name, study.name, "repeated drugs")[measured % drugs]
    repeated = measured[np.argsort(turn, kind="stable")][: study.rows - study.pairs]
    pair = np.concatenate([measured, repeated])[permutation(study.rows, plan.name, study.name, "order")]
    return Rows(study.cells[pair // drugs], study.drugs[pair % drugs])


def draw_answers(plan: Plan, truth: Truth, study: StudyPlan, rows: Rows) -> Values:
    """To four decimals, so that no machine's last bit shows."""
    noise = NOISE * bell(study.rows, plan.name, study.name, "noise")
    return np.round(truth.signal(study.name, cell=rows.cell, drug=rows.drug) + noise, 4)


def draw_expression(plan: Plan, *, track: Track = untracked) -> NDArray[np.float32]:
    """log2-like values. The mean of a set's genes is the set's activity plus a constant: their noise sums to zero."""
    places = _set_places()
    activity = {name: _activity(plan, name) for name in places if name != LINEAGE}
    base = 3 + 6 * uniform(plan.genes, plan.name, "base")
    of_tissue = np.array([1.5 * bell(plan.genes, plan.name, "tissue genes", tissue) for tissue in plan.tissues])
    of_tissue[:, : places[LINEAGE].start] = 0.0
    values = np.empty((plan.cells, plan.genes), np.float32)
    for cell in track(range(plan.cells), "expression"):
        noise = 0.8 * bell(plan.genes, plan.name, "expression", cell)
        for name, of_cell in activity.items():
            noise[places[name]] += of_cell[cell] - noise[places[name]].mean()
        values[cell] = np.round(base + of_tissue[plan.tissue[cell]] + noise, 3)
    return values


def draw_descriptors(plan: Plan, n: int) -> NDArray[np.float32]:
    """Descriptors that describe nothing, for their size alone."""
    values = bell(len(plan.drugs) * n, plan.name, "descriptors").reshape(len(plan.drugs), n)
    return np.round(values, 3).astype(np.float32)


def draw_mutations(plan: Plan) -> NDArray[np.uint8]:
    """1 where a gene is mutated: one in ten, but four in ten drivers of cells with an active pathway."""
    chance = np.full((plan.cells, plan.mutated_genes), 0.1)
    active = _activity(plan, PATHWAY_SET) > 0.3
    chance[:, : len(DRIVERS)] += 0.3 * active[:, None]
    draws = uniform(chance.size, plan.name, "mutation").reshape(chance.shape)
    return (draws < chance).astype(np.uint8)


def _activity(plan: Plan, name: str) -> Values:
    return grid(plan.cells, plan.name, "activity", name)


def _set_places() -> dict[str, slice]:
    """Where the genes of each set stand among the columns: one set after the other, those of lineage last."""
    places, start = {}, 0
    for name, genes in known_gene_sets().items():
        places[name] = slice(start, start + len(genes))
        start += len(genes)
    return places


def _known_genes() -> list[str]:
    return [gene for genes in known_gene_sets().values() for gene in genes]


def _filled(known: Sequence[str], n: int) -> tuple[str, ...]:
    """The first n of these names, and made-up ones after them."""
    return (*known[:n], *(f"SYNG{number:05d}" for number in range(len(known) + 1, n + 1)))
