"""The two plans of synthetic releases: which studies there are, and which cells and drugs each of them has."""

from dataclasses import replace
from itertools import islice, product

import numpy as np
from numpy.typing import NDArray

from benchmark_data.draws import permutation
from benchmark_data.manifest import Entity, Scheme
from benchmark_data.synthetic_truth import LARGEST_SHIFT, SENSITIVE, Codes
from benchmark_data.synthetic_world import KnownDrug, Plan, StudyPlan, known_drugs, read_rows

TISSUES = ("lung", "skin", "breast", "colon", "blood", "ovary", "brain", "kidney")

TINY = "synthetic-tiny"
TINY_PUBLIC_CELLS, TINY_NEW_CELLS = 84, 12
TINY_UNUSED_CELLS = 4  # listed and described, never screened, as 222 of IMPROVE's 1,007
TINY_PUBLIC_DRUGS = 29  # of known_drugs.tsv; the study to be sealed alone meets the four after them
TINY_SEALED = "SynthD"
TINY_SPLITS = {
    Scheme.RANDOM_ROWS: 10,
    Scheme.PAIR_GROUPED: 5,
    Scheme.CELL_BLIND: 5,
    Scheme.DRUG_BLIND: 5,
    Scheme.TISSUE_BLIND: 5,
}

FULL_SCALE = "synthetic-full-scale"
FULL_SPLITS = {Scheme.RANDOM_ROWS: 10}
FULL_CELLS, FULL_DRUGS, FULL_GENES, LANDMARK_GENES, DESCRIPTORS = 1_007, 749, 30_805, 958, 1_613
# Pairs, rows and shift of each. CCLE, CTRPv2 and gCSI have no pair twice; 7% of GDSCv1's rows and 31% of GDSCv2's are
# another measurement of a pair, which with 470 × 168 pairs takes all of them.
FULL_STUDIES = {
    "CCLE": (9_519, 9_519, 0.0),
    "CTRPv2": (286_665, 286_665, LARGEST_SHIFT / 2),
    "gCSI": (4_941, 4_941, -LARGEST_SHIFT / 2),
    "GDSCv1": (159_904, 171_940, LARGEST_SHIFT),
    "GDSCv2": (78_960, 114_644, -LARGEST_SHIFT),
}


def tiny_plan() -> Plan:
    """Three studies to publish and, last, one to seal, with new cells and drugs beside known ones."""
    drugs = known_drugs()
    public = drugs[:TINY_PUBLIC_DRUGS]
    new_cells = np.arange(TINY_PUBLIC_CELLS, TINY_PUBLIC_CELLS + TINY_NEW_CELLS, dtype=np.int32)
    new_drugs = np.arange(TINY_PUBLIC_DRUGS, len(drugs), dtype=np.int32)

    def study(name: str, cells: int, drugs: int, *, pairs: int, rows: int, shift: float) -> StudyPlan:
        return StudyPlan(name, _some_cells(name, cells), _some_drugs(name, public, drugs), pairs, rows, shift)

    sealed = study(TINY_SEALED, 24, 12, pairs=560, rows=630, shift=LARGEST_SHIFT / 2)
    return Plan(
        name=TINY,
        cells=TINY_PUBLIC_CELLS + TINY_NEW_CELLS,
        tissues=TISSUES,
        drugs=drugs,
        genes=100,
        mutated_genes=30,
        studies=(
            study("SynthA", 64, 24, pairs=1460, rows=1460, shift=-LARGEST_SHIFT),
            study("SynthB", 48, 18, pairs=840, rows=980, shift=0.0),
            study("SynthC", 40, 15, pairs=590, rows=590, shift=LARGEST_SHIFT),
            replace(
                sealed,
                cells=np.concatenate([sealed.cells, new_cells]),
                drugs=np.concatenate([sealed.drugs, new_drugs]),
            ),
        ),
    )


def full_scale_plan(*, genes: int = FULL_GENES) -> Plan:
    """IMPROVE's published sizes under its studies' names, so that its peers' scripts run; every value is made up."""
    cells = _members(Entity.CELL, permutation(FULL_CELLS, FULL_SCALE, "cells"))
    drugs = _members(Entity.DRUG, permutation(FULL_DRUGS, FULL_SCALE, "drugs"))
    return Plan(
        name=FULL_SCALE,
        cells=FULL_CELLS,
        tissues=TISSUES,
        drugs=_salts(FULL_DRUGS),
        genes=genes,
        mutated_genes=735,
        studies=tuple(
            StudyPlan(name, cells[name], drugs[name], pairs, rows, shift)
            for name, (pairs, rows, shift) in FULL_STUDIES.items()
        ),
    )


def _members(entity: Entity, shuffled: NDArray[np.int64]) -> dict[str, Codes]:
    """Who is in which study: the first of the shuffled codes, dealt so that every two studies share what they share.

    published_overlaps.tsv is a solution in whole numbers of the published sizes, pairwise coverages and unions (785
    cells, 749 drugs): how many are in exactly these studies.
    """
    members: dict[str, list[int]] = {name: [] for name in FULL_STUDIES}
    codes = iter(shuffled.tolist())
    for row in read_rows("published_overlaps.tsv"):
        if row["entity"] == entity:
            dealt = list(islice(codes, int(row["count"])))
            for study in row["studies"].split(";"):
                members[study] += dealt
    return {study: np.array(sorted(codes), np.int32) for study, codes in members.items()}


def _salts(n: int) -> tuple[KnownDrug, ...]:
    """The known drugs, then salts of them: as many readable structures as are needed, no two alike."""
    salts = [("", ""), *((f" {row['name']}", f".{row['smiles']}") for row in read_rows("known_salts.tsv"))]
    made = (
        KnownDrug(drug.name + name, drug.mechanisms, drug.smiles + smiles)
        for (name, smiles), drug in product(salts, known_drugs())
    )
    return tuple(islice(made, n))


def _some_cells(study: str, n: int) -> Codes:
    """n of the public cells that are ever screened."""
    chosen = permutation(TINY_PUBLIC_CELLS - TINY_UNUSED_CELLS, TINY, study, "cells")[:n]
    return np.sort(chosen).astype(np.int32)


def _some_drugs(study: str, drugs: tuple[KnownDrug, ...], n: int) -> Codes:
    """n of these drugs, a third of them sensitive to the planted pathway."""
    shuffled = permutation(len(drugs), TINY, study, "drugs")
    sensitive = np.array([drug.first_mechanism() in SENSITIVE for drug in drugs])[shuffled]
    chosen = [shuffled[sensitive][: n // 3], shuffled[~sensitive][: n - n // 3]]
    return np.sort(np.concatenate(chosen)).astype(np.int32)
