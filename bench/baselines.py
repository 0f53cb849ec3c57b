"""The drug average, fit and predict, on the training rows of CTRPv2's size against pandas groupby and map."""

import numpy as np
import pandas as pd

from bench.clock import in_pairs, say
from evaluator.baselines import Baseline, fit_baselines
from evaluator.rows import Rows

N_ROWS, N_CELLS, N_DRUGS = 229_331, 720, 494


def main() -> None:
    rng = np.random.default_rng(0)
    cell, drug = (rng.integers(0, n, N_ROWS, dtype=np.int32) for n in (N_CELLS, N_DRUGS))
    response = rng.random(N_ROWS)
    rows = Rows(np.arange(N_ROWS), cell, drug, response)
    # The peer's rows as the published workflow holds them: drug ids as text.
    frame = pd.DataFrame({"improve_chem_id": [f"Drug_{code}" for code in drug], "auc": response})

    def ours() -> np.ndarray:
        fitted = fit_baselines(rows, n_cells=N_CELLS, n_drugs=N_DRUGS)
        return fitted.predict(Baseline.DRUG_MEAN, cell, drug)

    def peer() -> np.ndarray:
        return frame["improve_chem_id"].map(frame.groupby("improve_chem_id")["auc"].mean()).to_numpy()

    np.testing.assert_allclose(ours(), peer(), atol=1e-12)
    paired = in_pairs(ours, peer, pairs=15)
    say(f"drug average, {N_ROWS:,} rows, fit and predict", paired, peer="pandas", at_least=20)


if __name__ == "__main__":
    main()
