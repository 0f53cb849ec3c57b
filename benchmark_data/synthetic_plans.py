"""The two plans: which made-up studies there are, and which cells and drugs each of them has."""

from dataclasses import replace

import numpy as np

from benchmark_data.draws import permutation
from benchmark_data.manifest import Scheme
from benchmark_data.synthetic_truth import LARGEST_SHIFT, SENSITIVE, Codes
from benchmark_data.synthetic_world import KnownDrug, Plan, StudyPlan, known_drugs

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


def tiny_plan() -> Plan:
    """Three studies to publish and, last, one to seal, with new cells and drugs beside known ones."""
    drugs = known_drugs()
    public = drugs[:TINY_PUBLIC_DRUGS]
    new_cells = np.arange(TINY_PUBLIC_CELLS, TINY_PUBLIC_CELLS + TINY_NEW_CELLS, dtype=np.int32)
    new_drugs = np.arange(TINY_PUBLIC_DRUGS, len(drugs), dtype=np.int32)

    def study(name: str, cells: int, drugs: int, *, pairs: int, rows: int, shift: float) -> StudyPlan:
        return StudyPlan(name, _some_cells(name, cells), _some_drugs(name, public, drugs), pairs, rows, shift)

    sealed = study(TINY_SEALED, 24, 12, pairs=560, rows=560, shift=LARGEST_SHIFT / 2)
    return Plan(
        name=TINY,
        cells=TINY_PUBLIC_CELLS + TINY_NEW_CELLS,
        tissues=("lung", "skin", "breast", "colon", "blood", "ovary", "brain", "kidney"),
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
