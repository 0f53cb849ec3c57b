"""A host's process: `python -m evaluator.worker`. The one module that knows Celery, on the hosts' own broker.

The agent works in the main thread and a Celery worker receives answers in another; neither waits for the broker.
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
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from celery import Celery
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from evaluator.agent.host import Host, alone, open_host
from evaluator.agent.messages import Answer, Report
from evaluator.agent.settings import HostSettings, SettingError
from evaluator.logs import logging_config
from evaluator.sandbox.outcomes import SandboxRefusalError

REPORT_TASK, ANSWER_TASK = "holdout.report", "holdout.answer"
REPORTS = "reports"
EXPIRES_S = 60
"""Of a report nobody took: after an outage the site hears of today, not of every second since."""
TICK_S, LEAST_REPORT_S = 0.1, 0.2
UNHEARD = 5
"""A host that nobody answers reports this many times less often, so that an absent site finds no mountain."""
BROKER_S = 5
Inbox = queue.SimpleQueue[str]
WAKE = ""
log = logging.getLogger("holdout.host")


def queue_of(host: str) -> str:
    return f"host.{host}"


def broker_app(address: str) -> Celery:
    """Short waits and few tries: whoever sends comes again in a moment."""
    app = Celery("holdout-hosts", broker=address, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        broker_connection_max_retries=None,
        broker_connection_retry_on_startup=True,
        broker_connection_timeout=BROKER_S,
        broker_transport_options={
            "health_check_interval": BROKER_S,
            "max_retries": 1,
            "socket_connect_timeout": BROKER_S,
            "socket_timeout": BROKER_S,
        },
        task_ignore_result=True,
        task_serializer="json",
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_prefetch_multiplier=0,  # a bound would be used up for ever by acknowledgements that a dying broker lost
    )
    return app


def listen(app: Celery, host: str, inbox: Inbox) -> None:
    """Put answers into the inbox until the process ends. Celery reconnects by itself, and comes back if it gives up."""

    @app.task(name=ANSWER_TASK)
    def answer(text: str) -> None:
        inbox.put(text)

    while True:
        worker = app.WorkController(
            hostname=f"{host}@{os.getpid()}",
            pool="solo",
            concurrency=1,
            queues=[queue_of(host)],
            without_gossip=True,
            without_heartbeat=True,
            without_mingle=True,
            send_events=False,
        )
        worker.start()
        log.error("the listener ended with %s and is started again", worker.exitcode)
        time.sleep(BROKER_S)


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

    app: Celery
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
            self.app.send_task(REPORT_TASK, args=[text], queue=REPORTS, expires=EXPIRES_S, retry=False)
        except (OperationalError, RedisError, OSError) as error:
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
    app = broker_app(settings.broker)
    listener = threading.Thread(target=listen, args=(app, settings.name, inbox), daemon=True)
    loop = Loop(host, Talk(app, settings.report_s), inbox, listener)
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
