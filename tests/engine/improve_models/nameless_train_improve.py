"""The mean of each drug."""

from pathlib import Path

import pandas as pd
from improvelib.applications.drug_response_prediction.config import DRPTrainConfig
from improvelib.utils import build_model_path


def main():
    here = Path(__file__).resolve().parent
    params = DRPTrainConfig().initialize_parameters(pathToModelDir=here, default_config="models.ini")
    rows = pd.read_csv(Path(params["input_dir"]) / "train_y_data.csv")
    mean = rows.groupby("improve_chem_id")[params["y_col_name"]].mean()
    mean.loc["otherwise"] = rows[params["y_col_name"]].mean()
    mean.to_json(build_model_path(params["model_file_name"], params["model_file_format"], params["output_dir"]))


if __name__ == "__main__":
    main()
