"""A host's process: `python -m evaluator.worker`. The one module that knows the hosts' broker, a Redis of their own.

Each host has two lists there and no access to another's: its reports, of which the site takes the oldest, and the
site's answers, of which the newest counts. The agent works in the main thread and answers are received in another;
neither waits for the broker.
"""

import json
import logging
import logging.config
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from evaluator.agent.host import Host, alone, open_host
from evaluator.agent.messages import Answer, Report
from evaluator.agent.settings import HostSettings, SettingError
from evaluator.logs import logging_config
from evaluator.sandbox.outcomes import SandboxRefusalError

MOST_WAITING, EXPIRES_S = 10, 60
"""Of reports that nobody took: after an outage the site hears of today, not of every second since."""
TICK_S, LEAST_REPORT_S = 0.1, 0.2
UNHEARD = 5
"""A host that nobody answers reports this many times less often, so that an absent site finds no mountain."""
BROKER_S, WAIT_S = 5, 2
COMMANDS = ("lpush", "ltrim", "expire", "brpop", "multi", "exec", "ping", "auth", "hello", "select")
"""All that a host asks of the broker."""
Inbox = queue.SimpleQueue[str]
WAKE = ""
log = logging.getLogger("holdout.host")


def keys_of(host: str) -> str:
    """What all keys of a host begin with, and of no other: no name holds a colon."""
    return f"host.{host}:"


def reports_of(host: str) -> str:
    return f"{keys_of(host)}reports"


def answers_of(host: str) -> str:
    return f"{keys_of(host)}answers"


def open_broker(address: str) -> Redis:
    """Short waits and one try: whoever sends comes again in a moment."""
    waits = {"socket_connect_timeout": BROKER_S, "socket_timeout": BROKER_S}
    address = address.replace("redis+socket://", "unix://", 1)
    return Redis.from_url(address, retry=Retry(NoBackoff(), 0), protocol=2, **waits)


def put(broker: Redis, key: str, text: str, *, most: int, expires_s: int) -> None:
    """The newest are kept, for so long."""
    with broker.pipeline(transaction=True) as steps:
        steps.lpush(key, text)
        steps.ltrim(key, 0, most - 1)
        steps.expire(key, expires_s)
        steps.execute()


def take(broker: Redis, keys: Sequence[str]) -> tuple[str, bytes] | None:
    """The oldest of the first of these lists that has something, and which that is; waits a moment for one."""
    found = broker.brpop(list(keys), timeout=WAIT_S)
    if not found:
        return None
    key, text = (part.encode() if isinstance(part, str) else part for part in found)
    return key.decode(), text


def listen(broker: Redis, host: str, inbox: Inbox) -> None:
    """Put answers into the inbox until the process ends."""
    while True:
        try:
            found = take(broker, [answers_of(host)])
        except (RedisError, OSError):
            time.sleep(1)  # whoever sends says that the broker is away
            continue
        if found:
            inbox.put(found[1].decode(errors="replace"))


class Steps(ThreadPoolExecutor):
    """Wakes the agent's thread whenever a step is done."""

    def __init__(self, most: int, inbox: Inbox) -> None:
        super().__init__(most, thread_name_prefix="step")
        self.inbox = inbox

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        step = super().submit(function, *arguments, **named)
        step.add_done_callback(lambda _: self.inbox.put(WAKE))
        return step


@dataclass
class Talk:
    """What is sent when: at once what is new, and every few seconds that we are here."""

    broker: Redis
    host: str
    every_s: float
    sent_at: float = float("-inf")
    reached: bool = True

    def is_due(self, *, news: bool, heard: bool) -> bool:
        waited_s = time.monotonic() - self.sent_at
        often_s = self.every_s if heard else UNHEARD * self.every_s
        return waited_s >= (min(LEAST_REPORT_S, often_s) if news and heard else often_s)

    def send(self, report: Report) -> None:
        """A report that is lost is made up for by the next."""
        text = json.dumps(report.to_json())
        try:
            put(self.broker, reports_of(self.host), text, most=MOST_WAITING, expires_s=EXPIRES_S)
        except (RedisError, OSError) as error:
            if self.reached:
                log.warning("the broker does not answer: %s", error)
            self.reached = False
        else:
            if not self.reached:
                log.info("the broker answers again")
            self.reached = True
        self.sent_at = time.monotonic()


@dataclass
class Loop:
    """The agent's own thread."""

    host: Host
    talk: Talk
    inbox: Inbox
    listener: threading.Thread
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> bool:
        """Returns whether it ended because it was asked to."""
        while self.listener.is_alive() and not self.stopping.is_set():
            self._hear()
            self._tick()
            agent = self.host.agent
            if self.talk.is_due(news=agent.has_news, heard=agent.is_heard):
                self.talk.send(agent.report())
        return self.stopping.is_set()

    def stop(self, *_: Any) -> None:
        self.stopping.set()

    def _hear(self) -> None:
        """Waits for the next answer, or the end of a step, but no longer than a tick."""
        try:
            text = self.inbox.get(timeout=TICK_S)
        except queue.Empty:
            return
        if text == WAKE:
            return
        try:
            answer = Answer.from_json(json.loads(text))
        except (LookupError, TypeError, ValueError):
            log.exception("an answer is dropped, this version cannot read it")
        else:
            self.host.agent.hear(answer)

    def _tick(self) -> None:
        fitness = self.host.fitness
        try:
            self.host.agent.tick()
        except Exception as error:
            # The outermost door: reports go on, and say that this host takes no new work until a tick succeeds.
            if not fitness.trouble:
                log.exception("a tick failed")
            fitness.trouble = f"its agent fails: {type(error).__name__}: {error}"
        else:
            fitness.trouble = ""


def run(settings: HostSettings) -> bool:
    """Until SIGTERM or SIGINT. Containers run on: the agent that comes next adopts them."""
    inbox: Inbox = queue.SimpleQueue()
    host = open_host(settings, Steps(2 * settings.slots + 2, inbox))
    broker = open_broker(settings.broker)
    listener = threading.Thread(target=listen, args=(broker, settings.name, inbox), daemon=True)
    loop = Loop(host, Talk(broker, settings.name, settings.report_s), inbox, listener)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, loop.stop)
    listener.start()
    log.info("host %s takes %d stages at once in %s", settings.name, settings.slots, settings.folder)
    return loop.run()


def main() -> None:
    logging.config.dictConfig(logging_config(os.environ.get("HOLDOUT_LOGS", ""), "INFO"))
    try:
        settings = HostSettings.read(os.environ)
        with alone(settings):
            asked = run(settings)
            logging.shutdown()
            # Steps under way may take minutes, and each can be cut off anywhere: so are they by a kill -9.
            os._exit(0 if asked else 1)
    except (SettingError, SandboxRefusalError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
