"""What an IMPROVE csa_data tree looks like on disk: its files, their header rows, and which table each one is."""

import re
from dataclasses import dataclass
from pathlib import Path

from benchmark_data.errors import ReleaseError
from benchmark_data.manifest import Direction, Entity, Response, Scheme

RESPONSE_FILE = "y_data/response.tsv"
STUDY_COLUMN = "source"  # the column called study is an id of an experiment
CELL_COLUMN = "improve_sample_id"
DRUG_COLUMN = "improve_chem_id"
SMILES_FILE = "drug_SMILES.tsv"
SMILES_COLUMN = "canSMILES"
DRUG_INFO_FILE = "drug_info.tsv"
CELL_INFO_FILE = "cell_line_info.tsv"

KEY = {Entity.CELL: CELL_COLUMN, Entity.DRUG: DRUG_COLUMN}


@dataclass(frozen=True, slots=True)
class CsaTable:
    """A feature file and the header rows it has in improvelib 0.1.0; 1.0.0 has the one of `names` alone."""

    file: str
    entity: Entity
    name: str
    description: str
    levels: tuple[str, ...] = ("",)
    names: int = 0  # the header row that our feature names come from
    is_bits: bool = False


TABLES = (
    CsaTable(
        "cancer_gene_expression.tsv",
        Entity.CELL,
        "expression",
        "log2(TPM + 1) RNA-seq, named by gene symbol",
        ("Ensembl", "Entrez", "Gene_Symbol"),
        2,
    ),
    CsaTable(
        "cancer_copy_number.tsv",
        Entity.CELL,
        "copy_number",
        "gene copy number, named by gene symbol",
        ("Entrez", "Gene_Symbol", "Ensembl"),
        1,
    ),
    CsaTable(
        "cancer_discretized_copy_number.tsv",
        Entity.CELL,
        "copy_number_discretized",
        "gene copy number in five steps, named by gene symbol",
        ("Entrez", "Gene_Symbol", "Ensembl"),
        1,
    ),
    CsaTable(
        "cancer_mutation_count.tsv",
        Entity.CELL,
        "mutation",
        "mutations a gene, named by gene symbol",
        ("Entrez", "Gene_Symbol", "Ensembl"),
        1,
    ),
    CsaTable(
        "cancer_DNA_methylation.tsv",
        Entity.CELL,
        "methylation",
        "DNA methylation, named by transcription start site",
        ("TSS", "Entrez", "Ensembl", "Gene_Symbol"),
    ),
    CsaTable("cancer_miRNA_expression.tsv", Entity.CELL, "mirna", "microRNA expression"),
    CsaTable("cancer_RPPA.tsv", Entity.CELL, "rppa", "reverse-phase protein array"),
    CsaTable("drug_ecfp4_nbits512.tsv", Entity.DRUG, "ecfp4", "ECFP4, 512 bits", is_bits=True),
    CsaTable("drug_mordred.tsv", Entity.DRUG, "mordred", "Mordred descriptors"),
    CsaTable("drug_mordred_descriptor.tsv", Entity.DRUG, "mordred", "Mordred descriptors"),
)

RESPONSES = {
    response.column: response
    for response in (
        Response("auc", Direction.LOWER, 0.0, 1.0, "area under the fitted curve of viability, over 1e-10 to 1e-4 M"),
        Response("auc1", Direction.LOWER, 0.0, 1.0, "area under the curve, over the study's own doses"),
        Response("aac1", Direction.HIGHER, 0.0, 1.0, "area above the curve, over the study's own doses"),
        Response("dss1", Direction.HIGHER, 0.0, 1.0, "drug sensitivity score"),
    )
}

_NO_MATRICES = ("cancer_mutation_long_format.tsv",)
_PREFIXES = {"cancer_": Entity.CELL, "drug_": Entity.DRUG}
_SCHEMES = {"split": Scheme.RANDOM_ROWS, "cell": Scheme.CELL_BLIND, "drug": Scheme.DRUG_BLIND}
_SPLIT_FILE = re.compile(r"(?P<study>.+)_(?P<scheme>split|cell|drug)_(?P<number>\d{1,4})_(?P<part>train|val|test)\.txt")


@dataclass(frozen=True, slots=True)
class SplitFile:
    study: str
    scheme: Scheme
    number: int
    part: str


def find_tree(folder: Path) -> Path:
    """The folder that has x_data and y_data: the one given, or the raw_data below it as it is published."""
    for place in (folder, folder / "raw_data", folder / "csa_data" / "raw_data"):
        if (place / RESPONSE_FILE).is_file():
            return place
    raise ReleaseError(f"{folder} is no csa_data tree: it has no {RESPONSE_FILE}, nor has a raw_data below it")


def feature_files(folder: Path) -> list[CsaTable]:
    """The feature tables in x_data: those that improvelib knows, and others that are named like them."""
    tables = [table for table in TABLES if (folder / table.file).is_file()]
    known = {table.file for table in TABLES} | {SMILES_FILE, DRUG_INFO_FILE, CELL_INFO_FILE, *_NO_MATRICES}
    for path in sorted(folder.glob("*.tsv")):
        prefix = next((prefix for prefix in _PREFIXES if path.name.startswith(prefix)), None)
        if prefix and path.name not in known:
            tables.append(CsaTable(path.name, _PREFIXES[prefix], path.stem.removeprefix(prefix), ""))
    return tables


def split_file(name: str) -> SplitFile | None:
    """What a file of splits/ holds, by its name; None for one that is no part of a split."""
    found = _SPLIT_FILE.fullmatch(name)
    if found is None:
        return None
    return SplitFile(found["study"], _SCHEMES[found["scheme"]], int(found["number"]), found["part"])
