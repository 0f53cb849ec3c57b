"""What an evaluation leaves to be read: results.json, and one page of HTML that opens without a network."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from benchmark_data.sheet import Sheet
from evaluator.engine.evaluation import Evaluation
from evaluator.engine.ledger import Ledger, write_whole
from evaluator.engine.runs import RunResult
from evaluator.sandbox.outcomes import Outcome
from evaluator.scorecard.card import Card
from evaluator.scorecard.plain import plain_card
from evaluator.scorecard.sheets import card_sheets

STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 20%, transparent); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
p.note, dd { opacity: .8; } dt { font-weight: 600; } dd { margin: 0 0 .4rem; overflow-wrap: anywhere; }
"""


def write_report(evaluation: Evaluation, card: Card, results: Sequence[RunResult]) -> None:
    about = Ledger(evaluation.folder).about()
    document = {"evaluation": about, "stages": [_stages(result) for result in results], "scores": plain_card(card)}
    write_whole(evaluation.folder / "results.json", json.dumps(document, allow_nan=False).encode())
    page = _page(f"{evaluation.submission.image} on {evaluation.track.name}", about or {}, results, card_sheets(card))
    write_whole(report_path(evaluation), page.encode())


def report_path(evaluation: Evaluation) -> Path:
    return evaluation.folder / "report.html"


def _stages(result: RunResult) -> dict[str, Any]:
    """Everything but the logs, which stay in runs/."""
    stored = result.to_json()
    for ending in (stored["train"], *stored["infer"].values()):
        del ending["log"]
    return stored


def _page(title: str, about: dict[str, Any], results: Sequence[RunResult], sheets: Sequence[Sheet]) -> str:
    described = "".join(f"<dt>{escape(name)}</dt><dd>{escape(_words(value))}</dd>" for name, value in about.items())
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style><main><h1>{escape(title)}</h1>"
        f"<p>{escape(_summary(results))}</p>{''.join(map(_table, sheets))}"
        f"<h2>How it was run</h2><dl>{described}</dl></main>"
    )


def _words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _summary(results: Sequence[RunResult]) -> str:
    endings = [ending for result in results for ending in (result.train, *result.infer.values())]
    failed = [ending for ending in endings if ending.outcome is not Outcome.FINISHED]
    hours = sum(ending.wall_s for ending in endings) / 3600
    return f"{len(endings):,} stages, {hours:.2f} hours of wall time in all, {len(failed)} failed."


def _table(sheet: Sheet) -> str:
    if not sheet.rows:
        return ""
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in sheet.columns)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in sheet.rows
    )
    note = f'<p class="note">{escape(sheet.note)}</p>' if sheet.note else ""
    return (
        f"<h2>{escape(sheet.title)}</h2><div class=scroll tabindex=0><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>{note}"
    )
