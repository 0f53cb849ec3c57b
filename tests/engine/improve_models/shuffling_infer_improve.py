"""Writes its predictions through improvelib, which puts the ids of test_y_data.csv beside them."""

import json
from pathlib import Path

import pandas as pd
from improvelib.applications.drug_response_prediction.config import DRPInferConfig
from improvelib.utils import build_model_path, store_predictions_df


def main():
    here = Path(__file__).resolve().parent
    params = DRPInferConfig().initialize_parameters(pathToModelDir=here, default_config="models.ini")
    ml, y = Path(params["input_data_dir"]), params["y_col_name"]
    path = build_model_path(params["model_file_name"], params["model_file_format"], params["input_model_dir"])
    model = json.loads(path.read_text())
    rows = pd.read_csv(ml / "test_data.csv")
    mean = rows["improve_chem_id"].map(model["mean"]).fillna(model["otherwise"])
    store_predictions_df(
        y_true=pd.read_csv(ml / "test_y_data.csv")[y].to_numpy(),
        y_pred=(mean + model["slope"] * rows["scaled"]).to_numpy(),
        stage="test",
        y_col_name=y,
        output_dir=params["output_dir"],
        input_dir=str(ml),
    )


if __name__ == "__main__":
    main()
