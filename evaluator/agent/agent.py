"""Makes the stages on this host equal to the list that the site wants, one tick at a time, and says where they stand.

It waits for nothing and knows neither queue nor threads: what may take long goes to an executor that it is given.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from evaluator import logs
from evaluator.agent.bench import Bench
from evaluator.agent.messages import Answer, Capacity, Order, Phase, Report, StageKind, StageReport
from evaluator.engine.engine import not_run
from evaluator.engine.ledger import write_whole
from evaluator.sandbox.outcomes import Outcome, SandboxRefusalError
from evaluator.sandbox.stages import Ended, Gone, Running, State

LEASE_SHARE = 0.75
"""Containers are killed when this part of the lease is over; the rest is for killing them."""
RETRY_S, DELIVERY_TRIES = 5.0, 24
MOST_UNANSWERED = 1000
log = logging.getLogger(__name__)


class Executor(Protocol):
    def submit(self, function: Callable[..., Any], /, *arguments: Any) -> "Future[Any]": ...


def boot_clock() -> float:
    """Seconds since the machine started, its sleep included: the same for every process, and never set back."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def machine_boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass
class Stage:
    """One stage on this host. `adopted` from an agent before this one: nobody knows yet whether it was started."""

    order: Order
    phase: Phase = Phase.PREPARING
    report: StageReport | None = None  # of its end
    adopted: bool = False
    wall_s: float = 0.0
    step: "Future[Any] | None" = None
    clearing: bool = False
    tries: int = 0
    not_before: float = 0.0

    def told(self) -> StageReport:
        order = self.order
        if self.report is not None:
            return self.report
        return StageReport(
            key=order.key, attempt=order.attempt, token=order.token, phase=self.phase, wall_s=self.wall_s
        )


@dataclass
class Agent:
    name: str
    bench: Bench
    capacity: Capacity
    executor: Executor
    unfit: Callable[[], str] = lambda: ""
    record: Mapping[str, Any] = field(default_factory=dict)
    free_disk_mb: Callable[[], int] = lambda: 0
    boot_id: str = field(default_factory=machine_boot_id)
    clock: Callable[[], float] = boot_clock
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    stages: dict[str, Stage] = field(init=False, default_factory=dict)
    _orders: dict[str, Order] | None = field(init=False, default=None)  # None: nobody said lately what is wanted
    _sequence: int = field(init=False, default=0)
    _answered: int = field(init=False, default=-1)
    _sent: dict[int, float] = field(init=False, default_factory=dict)  # when, by sequence
    _kill_at: float = field(init=False, default=0.0)
    _reaped: bool = field(init=False, default=False)
    _silence: str = field(init=False, default="")  # what the engine said last instead of an answer
    _reported: dict[str, Phase] = field(init=False, default_factory=dict)
    _attempts: set[str] | None = field(init=False, default=None)  # whose models were kept last

    def __post_init__(self) -> None:
        self._sequence = self.now_ms()
        self._kill_at = self._stored_lease()
        for order, report in self.bench.accepted():
            if report is not None:
                self.stages[order.key] = Stage(order, Phase.ENDED, report)
            elif order.kind is StageKind.IMAGE:
                self.stages[order.key] = Stage(order)
            else:
                self.stages[order.key] = Stage(order, Phase.RUNNING, adopted=True)

    # What is said and heard.

    def report(self) -> Report:
        """To be sent at once: the lease is counted from here when it is answered."""
        self._sequence += 1
        self._sent[self._sequence] = self.clock()
        while len(self._sent) > MOST_UNANSWERED:
            del self._sent[min(self._sent)]
        self._reported = self._phases()
        return Report(
            host=self.name,
            boot_id=self.boot_id,
            sequence=self._sequence,
            stages=tuple(stage.told() for stage in self.stages.values()),
            capacity=self.capacity,
            free_disk_mb=self.free_disk_mb(),
            unfit=self._silence or self.unfit(),
            releases=self.bench.releases.ids,
            record=self.record,
        )

    @property
    def has_news(self) -> bool:
        return self._reported != self._phases()

    @property
    def is_heard(self) -> bool:
        """Whether the site said lately what it wants."""
        return self._orders is not None

    def hear(self, answer: Answer) -> None:
        """The newest answer counts. One to another boot, host or process, and one that comes too late, does not."""
        if (answer.host, answer.boot_id) != (self.name, self.boot_id):
            return
        if answer.orders is None:
            self._sequence = max(self._sequence, answer.sequence)
            return
        sent = self._sent.get(answer.sequence)
        if sent is None or answer.sequence <= self._answered:
            return
        kill_at = sent + LEASE_SHARE * answer.lease_s
        if self.clock() >= kill_at:
            return
        self._answered = answer.sequence
        self._sent = {number: at for number, at in self._sent.items() if number > answer.sequence}
        self._orders = {order.key: order for order in answer.orders}
        self._kill_at = kill_at
        self._store_lease()

    # What is done.

    def tick(self) -> None:
        """Repeat it often: each part does what can be done now."""
        self._take_results()
        self._look()
        self._mind_the_lease()
        if self._orders is not None and self._is_swept():
            self._make_equal(self._orders)
            self._go_on(self._orders)

    def _take_results(self) -> None:
        for stage in list(self.stages.values()):
            if stage.step is None or not stage.step.done():
                continue
            step, stage.step = stage.step, None
            if stage.clearing:
                self._cleared(stage, step)
            elif stage.phase is Phase.DELIVERING:
                self._delivered(stage, step)
            else:
                self._begun(stage, step)

    def _cleared(self, stage: Stage, step: "Future[Any]") -> None:
        stage.clearing = False
        if (error := step.exception()) is None:
            del self.stages[stage.order.key]
        else:
            self._later(stage, error, "clear")

    def _begun(self, stage: Stage, step: "Future[Any]") -> None:
        if (error := step.exception()) is not None:
            self._say(logging.ERROR, stage, "could not be begun", exc_info=error)
            ending = not_run(Outcome.HOST_SHORT, f"this host failed: {type(error).__name__}: {error}")
            self._end(stage, self.bench.ended(stage.order, ending))
        elif (report := step.result()) is not None:
            self._end(stage, report)
        else:
            stage.phase = Phase.RUNNING
            self._say(logging.INFO, stage, "runs")

    def _delivered(self, stage: Stage, step: "Future[Any]") -> None:
        """A storage that is away for a while costs no training: delivering is tried again."""
        if (error := step.exception()) is None:
            self._end(stage, step.result())
        elif stage.tries < DELIVERY_TRIES:
            self._later(stage, error, "deliver")
        else:
            reason = f"what it left could not be delivered: {type(error).__name__}: {error}"
            self._end(stage, self.bench.ended(stage.order, not_run(Outcome.HOST_SHORT, reason)))

    def _later(self, stage: Stage, error: BaseException, what: str) -> None:
        stage.tries += 1
        stage.not_before = self.clock() + RETRY_S
        self._say(logging.WARNING, stage, "could not %s it, try %d: %r", what, stage.tries, error)

    def _end(self, stage: Stage, report: StageReport) -> None:
        stage.phase, stage.report, stage.wall_s = Phase.ENDED, report, report.wall_s
        self._say(logging.INFO, stage, "ended: %s", report.ending.outcome if report.ending else "without a word")

    def _say(self, level: int, stage: Stage, text: str, *arguments: object, **more: Any) -> None:
        with logs.tracing(stage.order.trace):
            log.log(level, f"stage %s: {text}", stage.order.key, *arguments, **more)

    def _start(self, stage: Stage, step: Callable[..., Any], *arguments: object) -> None:
        stage.step = self.executor.submit(logs.traced, stage.order.trace, step, stage.order, *arguments)

    def _look(self) -> None:
        self._silence = ""
        for stage in self.stages.values():
            if stage.phase is Phase.RUNNING and stage.step is None and (state := self._state(stage)) is not None:
                self._seen(stage, state)

    def _state(self, stage: Stage) -> State | None:
        """None when the engine does not answer: that says nothing about the stage, which may run on."""
        try:
            return self.bench.sandbox.look(stage.order.key)
        except SandboxRefusalError as refusal:
            self._silence = refusal.reason
            return None

    def _seen(self, stage: Stage, state: State) -> None:
        match state:
            case Running(wall_s):
                stage.wall_s, stage.adopted = 0.0 if stage.order.is_sealed else wall_s, False
            case Ended(ending):
                stage.phase = Phase.DELIVERING
                stage.wall_s = 0.0 if stage.order.is_sealed else ending.wall_s
            case Gone() if stage.adopted:
                stage.phase = Phase.PREPARING  # the agent before this one had not started it
            case Gone():
                self._end(stage, self.bench.lost(stage.order, "the container vanished"))

    def _mind_the_lease(self) -> None:
        """Before the site gives the work to another host, it must have ended here. What ended by itself is kept."""
        if self.clock() < self._kill_at:
            return
        self._orders = None
        for stage in self.stages.values():
            waits = stage.phase is Phase.PREPARING and stage.step is None
            if waits or (stage.phase is Phase.RUNNING and self._stopped(stage)):
                reason = "the host heard nothing from the site until its lease was over"
                self._end(stage, self.bench.lost(stage.order, reason))

    def _stopped(self, stage: Stage) -> bool:
        try:
            self.bench.sandbox.stop(stage.order.key)
        except SandboxRefusalError as refusal:
            self._silence = refusal.reason
            return False
        return True

    def _is_swept(self) -> bool:
        """Once, before anything is begun: what was left here and nobody ordered goes."""
        if not self._reaped and self._orders is not None:
            self.bench.clear_all_but(set(self._orders) | set(self.stages))
            self._reaped = True
        return self._reaped

    def _make_equal(self, orders: Mapping[str, Order]) -> None:
        for key, stage in self.stages.items():
            order = orders.get(key)
            wanted = order is not None and (order.attempt, order.token) == (stage.order.attempt, stage.order.token)
            if not wanted and stage.step is None and self.clock() >= stage.not_before:
                stage.clearing = True
                self._start(stage, self.bench.clear)
        for key in orders.keys() - self.stages.keys():
            self.bench.accept(orders[key])
            self.stages[key] = Stage(orders[key])
            self._say(logging.INFO, self.stages[key], "is taken on: %s %s", orders[key].kind, orders[key].target or "")
        attempts = {order.attempt for order in orders.values()} | {s.order.attempt for s in self.stages.values()}
        if attempts != self._attempts:
            self.bench.keep_models(attempts)
            self._attempts = attempts

    def _go_on(self, orders: Mapping[str, Order]) -> None:
        """In the order of the list, as far as there are slots; judging an image and delivering take none.

        A sealed stage waits until all is gone that is no longer wanted, and so does everything else for a sealed one:
        an old answer may have begun what must not run beside it.
        """
        busy = sum(self._holds_slot(stage) for stage in self.stages.values())
        leaving = [stage.order for key, stage in self.stages.items() if key not in orders]
        sealed_leaves = any(order.is_sealed for order in leaving)
        for key in orders:
            stage = self.stages[key]
            if stage.step is not None or self.clock() < stage.not_before:
                continue
            if stage.phase is Phase.DELIVERING:
                self._start(stage, self.bench.deliver)
            elif stage.phase is Phase.PREPARING and stage.order.kind is StageKind.IMAGE:
                self._start(stage, self.bench.judge)
            elif sealed_leaves or (leaving and stage.order.is_sealed):
                continue
            elif stage.phase is Phase.PREPARING and busy < self.capacity.slots:
                self._start(stage, self.bench.begin, self._may_start)
                busy += 1

    def _holds_slot(self, stage: Stage) -> bool:
        beginning = stage.phase is Phase.PREPARING and stage.step is not None
        return stage.phase is Phase.RUNNING or (beginning and stage.order.kind is not StageKind.IMAGE)

    def _may_start(self) -> bool:
        return self.clock() < self._kill_at

    def _phases(self) -> dict[str, Phase]:
        return {key: stage.phase for key, stage in self.stages.items()}

    def _stored_lease(self) -> float:
        """A lease outlives the process that was given it, not the machine's boot."""
        try:
            stored = json.loads((self.bench.folder / "lease.json").read_text())
        except FileNotFoundError:
            return 0.0
        return float(stored["kill_at"]) if stored["boot_id"] == self.boot_id else 0.0

    def _store_lease(self) -> None:
        lease = {"boot_id": self.boot_id, "kill_at": self._kill_at}
        write_whole(self.bench.folder / "lease.json", json.dumps(lease).encode())
