"""The same by improvelib 0.1.0's loaders, called as its models' preprocessing calls them; runs in the peer's venv."""

import sys
from pathlib import Path

from improvelib.applications.drug_response_prediction.drp_utils import DrugResponseLoader
from improvelib.applications.drug_response_prediction.drug_utils import DrugsLoader
from improvelib.applications.drug_response_prediction.omics_utils import OmicsLoader


def main() -> None:
    tree = Path(sys.argv[1])
    params = {
        "x_data_path": tree / "x_data",
        "y_data_path": tree / "y_data",
        "splits_path": tree / "splits",
        "x_data_canc_files": [["cancer_gene_expression.tsv", ["Gene_Symbol"]]],
        "x_data_drug_files": [["drug_mordred.tsv"]],
        "y_data_files": [["response.tsv"]],
        "canc_col_name": "improve_sample_id",
        "drug_col_name": "improve_chem_id",
        "y_col_name": "auc",
    }
    genes = OmicsLoader(params).dfs["cancer_gene_expression.tsv"]
    descriptors = DrugsLoader(params).dfs["drug_mordred.tsv"]
    assert (genes.shape[1], descriptors.shape[1]) == (30_806, 1_613)  # the samples' ids are a column
    parts = [
        DrugResponseLoader(params, split_file=f"CTRPv2_split_0_{part}.txt", verbose=False).dfs["response.tsv"]
        for part in ("train", "val", "test")
    ]
    print(sum(map(len, parts)), "rows")


if __name__ == "__main__":
    main()
