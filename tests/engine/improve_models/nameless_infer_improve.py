"""Gives improvelib no input_dir, so its predictions stand without ids, as tCNNS's do."""

import json
from pathlib import Path

import pandas as pd
from improvelib.applications.drug_response_prediction.config import DRPInferConfig
from improvelib.utils import build_model_path, store_predictions_df


def main():
    here = Path(__file__).resolve().parent
    params = DRPInferConfig().initialize_parameters(pathToModelDir=here, default_config="models.ini")
    y, out = params["y_col_name"], params["output_dir"]
    path = build_model_path(params["model_file_name"], params["model_file_format"], params["input_model_dir"])
    mean = json.loads(path.read_text())
    rows = pd.read_csv(Path(params["input_data_dir"]) / "test_y_data.csv")
    predicted = rows["improve_chem_id"].map(mean).fillna(mean["otherwise"]).to_numpy()
    store_predictions_df(y_true=rows[y].to_numpy(), y_pred=predicted, stage="test", y_col_name=y, output_dir=out)


if __name__ == "__main__":
    main()
