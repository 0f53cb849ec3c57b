"""Starts parts, restarts each that dies, stops them in order. What a part prints goes to a log of bounded size."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from leaderboard.up.errors import BoardError

LOOK_S = 0.1
MOST_DELAY_S = 30.0
SETTLED_S = 30.0
"""A part that lived so long is restarted at once when it dies."""
START_S = 300.0
LOG_MOST_BYTES = 10 << 20


class StoppedError(Exception):
    """Somebody asked the board to stop while it was waiting for something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    order: int  # started from low to high, stopped from high to low
    answers: Callable[[], bool] = lambda: True
    stop_signal: signal.Signals = signal.SIGTERM
    stop_s: float = 5.0


@dataclass(slots=True)
class _Place:
    """A part and the process that is it now; without one it waits for `again_at`."""

    part: Part
    process: subprocess.Popen[bytes] | None = None
    began: float = 0.0
    again_at: float = 0.0
    deaths: int = 0


@dataclass(slots=True)
class Supervisor:
    logs: Path
    say: Callable[[str], None]
    first_delay_s: float = 0.5
    stopping: threading.Event = field(default_factory=threading.Event)
    _places: list[_Place] = field(default_factory=list)

    def start(self, parts: Sequence[Part]) -> None:
        """Parts of a lower order answer before those of a higher one start."""
        self.logs.mkdir(parents=True, exist_ok=True)
        for order in sorted({part.order for part in parts}):
            places = [_Place(part) for part in parts if part.order == order]
            self._places += places
            for place in places:
                self._spawn(place)
            for place in places:
                self._wait_for(place)

    def watch(self) -> None:
        """One look at every part: bury and restart."""
        for place in self._places:
            if place.process is None:
                if time.monotonic() >= place.again_at:
                    self._spawn(place)
            elif place.process.poll() is not None:
                self._bury(place)
        for log in self.logs.glob("*.log"):
            _rotate(log)

    def run(self) -> None:
        """Keep all parts alive until somebody asks to stop."""
        while not self.stopping.wait(LOOK_S):
            self.watch()

    def once(self, name: str, command: Sequence[str], environment: Mapping[str, str], *, shown: bool = False) -> int:
        """Run a command to its end while the parts are watched, its output in a log or on the terminal."""
        with self._output(name, shown=shown) as output:
            process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
        try:
            while process.poll() is None:
                self._pause()
        finally:
            if process.poll() is None:
                _end([(process, signal.SIGTERM, 5.0)])
        return process.returncode

    def last_lines(self, name: str, count: int = 15) -> str:
        return "\n".join(self._log(name).read_text(errors="replace").splitlines()[-count:])

    def stop(self) -> None:
        for order in sorted({place.part.order for place in self._places}, reverse=True):
            going = [place for place in self._places if place.part.order == order and place.process]
            _end([(place.process, place.part.stop_signal, place.part.stop_s) for place in going if place.process])
            for place in going:
                self.say(f"{place.part.name}: stopped")
        self._places.clear()

    def pid(self, name: str) -> int | None:
        place = next(place for place in self._places if place.part.name == name)
        return place.process.pid if place.process else None

    def _pause(self) -> None:
        if self.stopping.wait(LOOK_S):
            raise StoppedError
        self.watch()

    def _wait_for(self, place: _Place) -> None:
        until = time.monotonic() + START_S
        while not (place.process and place.process.poll() is None and place.part.answers()):
            if time.monotonic() > until:
                name = place.part.name
                raise BoardError(f"{name} does not start; the end of {self._log(name)}:\n{self.last_lines(name)}")
            self._pause()

    def _spawn(self, place: _Place) -> None:
        part = place.part
        with self._output(part.name) as output:
            # A session of its own: Ctrl-C reaches the supervisor alone, and a dead part's children are found by group.
            place.process = subprocess.Popen(
                part.command, stdout=output, stderr=output, stdin=subprocess.DEVNULL, env=part.environment,
                start_new_session=True,
            )  # fmt: skip
        place.began = time.monotonic()
        self.say(f"{part.name}: started, process {place.process.pid}")

    def _bury(self, place: _Place) -> None:
        assert place.process is not None
        _kill_group(place.process.pid)
        lived = time.monotonic() - place.began
        place.deaths = 0 if lived >= SETTLED_S else place.deaths + 1
        delay = min(MOST_DELAY_S, self.first_delay_s * 2 ** (place.deaths - 1)) if place.deaths else 0.0
        place.again_at = time.monotonic() + delay
        self.say(f"{place.part.name}: died ({_ending(place.process.returncode)}), starts again in {delay:.1f} s")
        place.process = None

    def _log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    @contextmanager
    def _output(self, name: str, *, shown: bool = False) -> Iterator[int | None]:
        if shown:
            yield None
            return
        # Appending, so that a log that is cut while its writer lives goes on at its start.
        output = os.open(self._log(name), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            yield output
        finally:
            os.close(output)


def _end(processes: Sequence[tuple[subprocess.Popen[bytes], signal.Signals, float]]) -> None:
    """Ask all at once, wait for each, kill what does not go, and whatever they leave of their groups."""
    for process, stop_signal, _ in processes:
        process.send_signal(stop_signal)
    began = time.monotonic()
    for process, _, stop_s in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, began + stop_s - time.monotonic()))
        _kill_group(process.pid)
        process.kill()
        process.wait()


def _kill_group(leader: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _rotate(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_MOST_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)


def _ending(code: int) -> str:
    return f"exit {code}" if code >= 0 else signal.Signals(-code).name
