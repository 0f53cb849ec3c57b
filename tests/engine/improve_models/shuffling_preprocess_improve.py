"""Of a model that shuffles its rows and writes their ids: reads a tree of improvelib 0.1.0 through its own loaders."""

from pathlib import Path

from improvelib.applications.drug_response_prediction import drp_utils, drug_utils, omics_utils
from improvelib.applications.drug_response_prediction.config import DRPPreprocessConfig
from improvelib.utils import save_stage_ydf


def main():
    here = Path(__file__).resolve().parent
    params = DRPPreprocessConfig().initialize_parameters(pathToModelDir=here, default_config="models.ini")
    cell, drug = params["canc_col_name"], params["drug_col_name"]
    genes = omics_utils.OmicsLoader(params).dfs["cancer_gene_expression.tsv"]
    smiles = drug_utils.DrugsLoader(params).dfs["drug_SMILES.tsv"]
    first_gene = genes.columns[1]
    for stage in ("train", "val", "test"):
        loader = drp_utils.DrugResponseLoader(params, split_file=params[f"{stage}_split_file"], verbose=False)
        rows = loader.dfs["response.tsv"]
        rows = rows[rows[drug].isin(smiles.index)].merge(genes[[cell, first_gene]], on=cell)
        if stage == "train":  # a scaler, fitted in preprocess as most models do
            mean, spread = rows[first_gene].mean(), rows[first_gene].std(ddof=0)
        rows["scaled"] = (rows[first_gene] - mean) / spread
        rows = rows.sample(frac=1, random_state=7)
        rows[[cell, drug, "scaled"]].to_csv(Path(params["output_dir"]) / f"{stage}_data.csv", index=False)
        save_stage_ydf(rows[["source", cell, drug, params["y_col_name"]]], stage, params["output_dir"])


if __name__ == "__main__":
    main()
