"""The `holdout` command: mounts the sub-commands, and says a user's mistake in one sentence instead of a traceback.

Exit codes: 0 all well, 1 a finding or a refused input, 2 wrong use.
"""

import os
import sys
from importlib.metadata import entry_points

import typer
from rich.console import Console

from benchmark_data.errors import ReleaseError
from evaluator.cli import compare, evaluate, keys, matrices, release, release_make, sandbox, score, seal, submit, verify
from evaluator.contract.errors import ContractError
from evaluator.sandbox.outcomes import SandboxRefusalError
from evaluator.sealing.errors import SealingError

app = typer.Typer(
    help="Score models of cancer drug response: releases, splits, scores and how sure they are.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

app.command("evaluate", epilog=evaluate.EVALUATE_EXAMPLE)(evaluate.evaluate_command)
app.command("check", epilog=evaluate.CHECK_EXAMPLE)(evaluate.check_command)
release.app.command("tiny", epilog=release_make.TINY_EXAMPLE)(release_make.tiny_command)
release.app.command("full-scale", epilog=release_make.FULL_SCALE_EXAMPLE)(release_make.full_scale_command)
app.add_typer(release.app, name="release")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(keys.app, name="keys")
app.add_typer(seal.app, name="seal")
app.command("verify", epilog=verify.EXAMPLE)(verify.verify_command)
app.command("matrices", epilog=matrices.EXAMPLE)(matrices.matrices_command)
app.command("compare", epilog=compare.EXAMPLE)(compare.compare_command)
app.command("score", epilog=score.EXAMPLE)(score.score_command)
app.command("submit", epilog=submit.EXAMPLE)(submit.submit_command)
# What stands on the evaluator brings sub-commands of its own; the evaluator need not know who that is.
for _brings in entry_points(group="holdout.commands"):
    _brings.load()(app)


def main() -> None:
    try:
        app()
    except (ReleaseError, ContractError, SandboxRefusalError, SealingError) as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]error:[/] {_plain(str(error))}")
        sys.exit(1)
    except BrokenPipeError:
        # `holdout … | head` closes our output early; Python would complain once more while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _plain(text: str) -> str:
    """Names in messages come from files: their brackets are not markup."""
    return text.replace("[", r"\[")
