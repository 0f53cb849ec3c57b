"""Opening a release: one source and split as a whole process against improvelib, and all 250 pairs made ready.

    python -m bench.opening [WORK] [--peer VENV/bin/python]

WORK keeps the full-scale release and its csa_data tree between runs. The peer's interpreter has improvelib 0.1.0.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.clock import WORK
from benchmark_data.manifest import Entity, Kind
from benchmark_data.release import Release
from evaluator.scorecard.design import whole_design
from evaluator.scoring.strata import strata

HERE = Path(__file__).parent
SOURCE = "CTRPv2"
PEER_SCRIPT = HERE / "opening_improvelib.py"
OUR_SCRIPT = HERE / "opening_ours.py"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a whole process took."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def process(*command: str | Path) -> Cost:
    """Run it to its end; its output must say the number of rows that were opened."""
    # One thread for both: neither computes anything, and starting BLAS threads is noise in a short process.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    arguments = [str(part) for part in command]
    start = time.perf_counter()
    child = subprocess.Popen(arguments, stdout=subprocess.PIPE, cwd=HERE.parent, env=environment)
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode or not said.strip().endswith(b"286665 rows"):
        raise SystemExit(f"{command} failed: {said!r}")
    return Cost(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def bench_one(release: Path, tree: Path, peer: Path, *, pairs: int) -> None:
    """In turns, one uncounted turn first, so that both find their files in the page cache."""
    turns = [
        (process(sys.executable, OUR_SCRIPT, release), process(peer, PEER_SCRIPT, tree)) for _ in range(pairs + 1)
    ][1:]
    ours, theirs = zip(*turns, strict=True)
    for what, cost in (("holdout", ours), ("improvelib", theirs)):
        wall_s, cpu_s = (statistics.median(getattr(one, name) for one in cost) for name in ("wall_s", "cpu_s"))
        print(f"  {what}: {wall_s:.2f} s, {cpu_s:.2f} s of CPU, peak {max(one.peak_mb for one in cost):.0f} MB")
    wall = statistics.median(their.wall_s / our.wall_s for our, their in turns)
    cpu = statistics.median(their.cpu_s / our.cpu_s for our, their in turns)
    peak = max(our.peak_mb for our in ours)
    print(
        f"opening {SOURCE}, split 0, 30,805 genes and 1,613 descriptors, whole process: {wall:.0f} times faster, "
        f"{cpu:.0f} in CPU (wanted: 30) {_verdict(wall >= 30)}; peak {peak:.0f} MB (wanted: under 200) "
        f"{_verdict(peak < 200)}"
    )


def ready(folder: Path) -> int:
    """What training and scoring need of every pair: given rows, the target's answers, strata, feature rows."""
    release = Release.open(folder)
    listed = {Entity.CELL: release.cells, Entity.DRUG: release.drugs}
    for entry in release.manifest.tables:
        if entry.kind is Kind.MATRIX:
            release.table(entry.entity, entry.name).row_of(listed[entry.entity])
    design = whole_design(release)
    for entry in design.entries():
        given = design.given_rows(entry.source, entry.split)
        strata(design.truth(entry), train_cell=given.cell, train_drug=given.drug)
    return len(design.entries())


def bench_all(folder: Path, *, turns: int) -> None:
    wall_s, cpu_s = [], []
    for _ in range(turns):
        wall, cpu = time.perf_counter(), time.process_time()
        pairs = ready(folder)
        wall_s.append(time.perf_counter() - wall)
        cpu_s.append(time.process_time() - cpu)
    took = statistics.median(wall_s)
    print(
        f"{pairs} (source, split, target) pairs made ready: {took:.2f} s, {statistics.median(cpu_s):.2f} s of CPU "
        f"(wanted: under 2) {_verdict(took < 2)}"
    )


def _verdict(kept: bool) -> str:
    return "ok" if kept else "MISSED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path, nargs="?", default=WORK)
    parser.add_argument("--peer", type=Path, default=sys.executable, help="the Python that has improvelib 0.1.0")
    parser.add_argument("--pairs", type=int, default=3)
    arguments = parser.parse_args()
    release, tree = arguments.work / "full-scale", arguments.work / "full-scale-csa"
    if not release.exists():
        # In a process of its own: a child's peak memory begins with its parent's.
        holdout = Path(sys.executable).with_name("holdout")
        subprocess.run([holdout, "release", "full-scale", release, "--as-csa"], check=True)
    bench_one(release, tree, arguments.peer, pairs=arguments.pairs)
    bench_all(release, turns=5)


if __name__ == "__main__":
    main()
