"""Cards and board rows as JSON, in the shapes that publishing stores, with made-up numbers."""

from typing import Any

STUDIES = ("alpha", "beta")
STRATA = {"seen cell": 0.7, "unseen cell": 0.5, "seen drug": 0.6, "unseen drug": 0.2, "unseen pair": 0.6}
MECHANISMS = {"EGFR inhibitor": 0.8, "MEK inhibitor": 0.4}
DRUGS = {"D1": 0.9, "D2": 0.3, "D3": -0.1, "D4": None}
DRUG_NAMES = {
    "D1": ["erlotinib", ["EGFR inhibitor"]],
    "D2": ["gefitinib", ["EGFR inhibitor"]],
    "D3": ["trametinib", ["MEK inhibitor"]],
}
UNDEFINED = {"undefined": "the predictions are all equal"}


def an_interval(estimate: Any, *, half: float = 0.05, **values: Any) -> dict[str, Any]:
    ends = [estimate] * 2 if isinstance(estimate, dict) else [estimate - half, estimate + half]
    usual = {"standard_error": half / 2, "df": 15, "replicates": 1000, "too_narrow": False}
    return {"estimate": estimate, "low": ends[0], "high": ends[1]} | usual | values


def a_row(model: str = "Model", **values: Any) -> dict[str, Any]:
    usual = {
        "rank": [1, 2],
        "tie_group": 1,
        "model": model,
        "slug": "model",
        "version": 1,
        "team": "Team",
        "kind": "participant",
        "score": an_interval(0.1),
        "skill_over_drug_average": an_interval(0.2),
        "beats_drug_average": "yes",
        "gap": an_interval(0.05),
        "memory_alarm": {"state": "silent", "reason": ""},
        "published_at": "2026-03-01T12:00:00+00:00",
    }
    return usual | values


def a_board(*rows: dict[str, Any], metric: str = "primary", target: str = "") -> dict[str, Any]:
    return {"track": "track", "metric": metric, "target": target, "rows": list(rows)}


def a_card(g: Any = 0.6, *, studies: tuple[str, ...] = STUDIES, metrics: tuple[str, ...] = ("r2",)) -> dict[str, Any]:
    """`g` is the value of every entry of G, or a function of source and target; None is undefined."""
    value = g if callable(g) else lambda _source, _target: g
    entries = [{"source": s, "target": t} for s in studies for t in studies]
    numbers = {metric: _matrix(value, studies) for metric in metrics}
    found = [entry for entry in entries if value(entry["source"], entry["target"]) is not None]
    with_intervals = [entry | an_interval(value(entry["source"], entry["target"])) for entry in found]
    intervals = {
        "G": with_intervals,
        "Gn": [],
        "Ga": {s: an_interval(m) for s, m in zip(studies, numbers[metrics[0]]["Ga"], strict=True) if m is not None},
        "Gna": {},
    }
    return {
        "release": "tiny 1",
        "release_id": "0" * 64,
        "scheme": "random_rows",
        "sources": list(studies),
        "targets": list(studies),
        "splits": [0],
        "matrices": {"real": numbers},
        "uncertainty": {
            "seed": 1,
            "replicates": 1000,
            "primary": an_interval(0.1),
            "matrices": {"real": dict.fromkeys(metrics, intervals)},
            "skill": [entry | _skills() for entry in entries],
            "gap": {metric: [entry | an_interval(0.05) for entry in entries] for metric in metrics},
            "memory_alarm": {"raised": False, "entries": [entry | _alarm() for entry in entries]},
        },
        "breakdowns": {
            "stratum": [entry | a_breakdown(STRATA) for entry in entries],
            "mechanism": [entry | a_breakdown(MECHANISMS, n_drugs=2) for entry in entries],
            "drug": [entry | a_breakdown(DRUGS) for entry in entries],
        },
        "files": {"real": [entry | {"split": 0, "only": "scores of one file"} for entry in entries]},
    }


def a_breakdown(parts: dict[str, float | None], *, n_rows: int = 40, n_drugs: int = 1) -> dict[str, Any]:
    """Of two splits: `parts` are names with their correlation, None where it is undefined; R² is its square."""
    values = list(parts.values())
    nothing = [i for i, value in enumerate(values) if value is None]
    undefined = {"undefined": {"the predictions are constant": nothing}} if nothing else {}
    r = {"values": values} | undefined
    r2 = {"values": [value if value is None else value * value for value in values]} | undefined
    rmse = {"values": [0.1] * len(values)}
    real = {"r2": r2, "rmse": rmse, "mae": rmse, "pearson": r, "spearman": r}
    half = {"values": [value if value is None else value / 2 for value in values]} | undefined
    return {
        "parts": list(parts),
        "n_rows": [n_rows] * len(parts),
        "n_splits": [2] * len(parts),
        "n_drugs": [n_drugs] * len(parts),
        "columns": {
            "real": real,
            "intradrug": real | {"pearson": half},
            "drug_mean": {"rmse": {"values": [0.2] * len(parts)}},
        },
    }


def a_summary(**values: Any) -> dict[str, Any]:
    intervals = {"primary/": an_interval(0.1), "skill_drug_mean/": an_interval(0.2), "gap/": an_interval(0.05)}
    return {"intervals": intervals, "units": {"": 16}, "alarm": {"state": "silent", "reason": ""}} | values


def _matrix(value: Any, studies: tuple[str, ...]) -> dict[str, Any]:
    g = [[value(s, t) for t in studies] for s in studies]
    others = [[number for j, number in enumerate(row) if i != j] for i, row in enumerate(g)]
    means = [None if None in row else sum(row) / len(row) for row in others]
    undefined = {
        f"G[{s},{t}]": "the score is undefined for split 0" for s in studies for t in studies if value(s, t) is None
    }
    undefined |= {f"Ga[{s}]": f"G[{s},…] is undefined" for s, mean in zip(studies, means, strict=True) if mean is None}
    return {"order": list(studies), "G": g, "Ga": means, "undefined": undefined}


def _skills() -> dict[str, Any]:
    return {
        "over": {"mean_effects": an_interval(0.1), "drug_mean": an_interval(0.2)},
        "over_drug_mean_on_trained_drugs": an_interval(0.2),
        "over_drug_mean_on_other_drugs": an_interval({"undefined": "no rows"}),
        "beats_baselines": True,
    }


def _alarm() -> dict[str, Any]:
    return {"correlation": 0.01, "t": 0.5, "p": 0.3, "p_holm": 1.0, "raised": False}
