"""Timing in pairs: ours and the peer's in turn, so that a machine that drifts drifts for both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

WORK = Path("var/bench")
"""Keeps what is dear to make, such as the full-scale release, between two benchmarks."""


@dataclass(frozen=True, slots=True)
class Paired:
    """Medians in seconds, and the median of the ratios pair by pair."""

    ours_s: float
    peer_s: float
    ratio: float


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peak_mb() -> float:
    """Of this process. Not getrusage's, whose maximum a child inherits from its parent."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def in_pairs(ours: Callable[[], object], peer: Callable[[], object], *, pairs: int = 5) -> Paired:
    """One uncounted turn each, then the pairs."""
    ours()
    peer()
    times = [(seconds(ours), seconds(peer)) for _ in range(pairs)]
    return Paired(
        statistics.median(mine for mine, _ in times),
        statistics.median(theirs for _, theirs in times),
        statistics.median(theirs / mine for mine, theirs in times),
    )


def say(what: str, paired: Paired, *, peer: str, at_least: float) -> None:
    verdict = "ok" if paired.ratio >= at_least else "MISSED"
    print(
        f"{what}: {paired.ours_s * 1e3:.2f} ms, {peer} {paired.peer_s * 1e3:.2f} ms: "
        f"{paired.ratio:.{2 if paired.ratio < 2 else 1}f} times faster (wanted: {at_least:g}) {verdict}"
    )
