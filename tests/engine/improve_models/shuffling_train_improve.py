"""The drug's mean plus a slope of the scaled gene: little, but every step of it can be computed by a test."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from improvelib.applications.drug_response_prediction.config import DRPTrainConfig
from improvelib.utils import build_model_path, compute_performance_scores, store_predictions_df


def main():
    here = Path(__file__).resolve().parent
    params = DRPTrainConfig().initialize_parameters(pathToModelDir=here, default_config="models.ini")
    ml, out, y = Path(params["input_dir"]), params["output_dir"], params["y_col_name"]
    rows = pd.read_csv(ml / "train_data.csv")
    answers = pd.read_csv(ml / "train_y_data.csv")[y]
    drug_mean = answers.groupby(rows["improve_chem_id"]).mean()
    rest = answers - rows["improve_chem_id"].map(drug_mean)
    slope = float(np.dot(rows["scaled"], rest) / np.dot(rows["scaled"], rows["scaled"]))
    model = {"mean": drug_mean.to_dict(), "slope": slope, "otherwise": answers.mean(), "epochs": params["epochs"]}
    path = build_model_path(params["model_file_name"], params["model_file_format"], out)
    path.write_text(json.dumps(model))
    val = pd.read_csv(ml / "val_data.csv")
    true = pd.read_csv(ml / "val_y_data.csv")[y].to_numpy()
    predicted = (val["improve_chem_id"].map(drug_mean) + slope * val["scaled"]).to_numpy()
    store_predictions_df(y_true=true, y_pred=predicted, stage="val", y_col_name=y, output_dir=out, input_dir=str(ml))
    compute_performance_scores(
        y_true=true, y_pred=predicted, stage="val", metric_type=params["metric_type"], output_dir=out
    )


if __name__ == "__main__":
    main()
