"""How the board stands: what takes work, what waits and why."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from leaderboard.models import Person
from leaderboard.pages.standing import WORDS, Word
from leaderboard.reads import amounts
from leaderboard.reads.standing import BoardsLine, HostLine, HostStanding, SelfTest, Standing, StateLine, standing
from leaderboard.submitting.access import is_operator

LOOKS = {
    HostStanding.TAKES_WORK: "success",
    HostStanding.TESTING: "info",
    HostStanding.DRAINING: "info",
    HostStanding.UNFIT: "warning",
    HostStanding.SILENT: "error",
    HostStanding.NEVER_HEARD: "quiet",
}
TESTS = {SelfTest.PASSED: "success", SelfTest.NOT_PASSED: "error", SelfTest.UNDER_WAY: "info"}


@dataclass(frozen=True, slots=True)
class HostRow:
    name: str
    word: Word
    test: Word
    reason: str
    heard: str
    places: str
    room: str
    disk: str  # for operators, as the reason


@dataclass(frozen=True, slots=True)
class StateRow:
    word: Word
    n: int
    oldest: str
    why: str


@dataclass(frozen=True, slots=True)
class BoardsRow:
    line: BoardsLine
    word: Word


@require_safe
@never_cache
def status(request: HttpRequest) -> HttpResponse:
    found = standing()
    person = request.user
    is_told = isinstance(person, Person) and is_operator(person)
    context = {
        "at": found.at,
        "sentence": sentence(found),
        "hosts": [host_row(host, is_told=is_told) for host in found.hosts],
        "states": [state_row(line) for line in found.states],
        "facts": facts(found),
        "is_told": is_told,
        "boards": [boards_row(line) for line in found.boards],
    }
    return render(request, "status/status.html", context)


def sentence(found: Standing) -> str:
    """The whole page in one line."""
    working = [host for host in found.hosts if host.takes_work]
    behind = sum(line.behind for line in found.boards)
    held = sum(line.n for line in found.states if line.state == "waiting")
    said = [_plural(len(working), "host takes", "hosts take") + " work" if working else "No host takes work now"]
    said += [f"{_plural(held, 'submission waits', 'submissions wait')} for an operator"] if held else []
    said += [f"{_plural(behind, 'board is', 'boards are')} being made"] if behind else []
    return "; ".join(said) + "."


def facts(found: Standing) -> tuple[tuple[str, str], ...]:
    waits = found.waits
    said = [
        ("Runs in the queue", f"{found.runs_queued:,}"),
        ("Runs on hosts", f"{found.runs_running:,}"),
    ]
    if found.runs_parked:
        said.append(("Runs that wait for an operator", f"{found.runs_parked:,}"))
    said.append(("Work ahead of the hosts", _ahead(found)))
    if waits.begin_s is not None and waits.longest_begin_s is not None:
        usual, longest = amounts.duration(waits.begin_s), amounts.duration(waits.longest_begin_s)
        said.append(("From sent to begun, lately", f"{usual} for half of {waits.n}, {longest} at most"))
    return tuple(said)


def host_row(host: HostLine, *, is_told: bool) -> HostRow:
    return HostRow(
        name=host.name,
        word=Word(host.standing, LOOKS[host.standing]),
        test=Word(host.self_test, TESTS.get(host.self_test, "quiet")),
        reason=host.reason if is_told else "",
        heard="never" if host.heard_s is None else f"{amounts.duration(max(0.0, host.heard_s))} ago",
        places=f"{max(0, host.slots - host.taken)} of {host.slots}",
        room=_room(host),
        disk=amounts.size(host.free_disk_mb << 20) if is_told else "",
    )


def state_row(line: StateLine) -> StateRow:
    word = Word(WORDS[line.state][0], f"state-{line.state}")
    return StateRow(word, line.n, amounts.duration(line.oldest_s), line.why)


def boards_row(line: BoardsLine) -> BoardsRow:
    word = Word(f"{line.behind} behind", "warning") if line.behind else Word("up to date", "success")
    return BoardsRow(line, word)


def _room(host: HostLine) -> str:
    parts = [f"{host.cpus:g} CPU", amounts.memory(host.memory_mb)]
    return ", ".join([*parts, f"{host.gpus} GPU"] if host.gpus else parts)


def _ahead(found: Standing) -> str:
    if not found.runs_queued + found.runs_running:
        return "none"
    return "not known yet" if found.ahead_s is None else f"about {amounts.duration(found.ahead_s)}"


def _plural(n: int, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"
