"""Of a model that writes no ids: reads the single header row of a tree for improvelib 1.0.0, with pandas alone."""

from pathlib import Path

import pandas as pd
from improvelib.applications.drug_response_prediction.config import DRPPreprocessConfig
from improvelib.utils import save_stage_ydf


def main():
    here = Path(__file__).resolve().parent
    params = DRPPreprocessConfig().initialize_parameters(pathToModelDir=here, default_config="models.ini")
    keys = [params["canc_col_name"], params["drug_col_name"]]
    genes = pd.read_csv(params["x_data_path"] / "cancer_gene_expression.tsv", sep="\t", index_col=keys[0])
    bits = pd.read_csv(params["x_data_path"] / "drug_ecfp4_nbits512.tsv", sep="\t", index_col=keys[1])
    answers = pd.read_csv(params["y_data_path"] / "response.tsv", sep="\t")
    for stage in ("train", "val", "test"):
        file = params["splits_path"] / params[f"{stage}_split_file"]
        rows = answers.loc[pd.read_csv(file, header=None)[0]]
        rows = rows[rows[keys[0]].isin(genes.index) & rows[keys[1]].isin(bits.index)]
        # Its own order, by cell: the predictions can be told apart by nothing but test_y_data.csv.
        save_stage_ydf(rows[[*keys, params["y_col_name"]]].sort_values(keys[0]), stage, params["output_dir"])


if __name__ == "__main__":
    main()
