"""One id from a request to whatever follows from it; who asked and from where, for the audit."""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any

from celery.signals import before_task_publish, setup_logging, task_postrun, task_prerun
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from evaluator import logs
from leaderboard import metrics

HEADER = "X-Request-ID"
UNSAID = frozenset({"health", "ready", "metrics"})
"""Asked for every few seconds, by machines."""
_address: ContextVar[str | None] = ContextVar("address", default=None)
log = logging.getLogger("holdout.request")
Door = Callable[[HttpRequest], HttpResponse]


def address() -> str | None:
    """Of whoever's request is answered now."""
    return _address.get()


def address_of(request: HttpRequest) -> str | None:
    """As the proxy saw it where there is one: what else stands in that header anybody may have written."""
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    said = forwarded.rsplit(",", 1)[-1].strip() or request.META.get("REMOTE_ADDR") or ""
    try:
        return str(ip_address(said.partition("%")[0]))
    except ValueError:  # a socket's path, or with a port: the audit takes addresses alone
        return None


def requests_have_ids(answer: Door) -> Door:
    """A client may bring one of its own if it is harmless. The log names the route, for addresses may hold secrets."""

    def door(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        of = logs.safe(request.headers.get(HEADER)) or logs.new_trace()
        kept = _address.set(address_of(request))
        try:
            with logs.tracing(of):
                response = answer(request)
                _tell(request, response, time.perf_counter() - began)
        finally:
            _address.reset(kept)
        response[HEADER] = of
        return response

    return door


def _tell(request: HttpRequest, response: HttpResponse, wall_s: float) -> None:
    found = request.resolver_match
    if found is not None and found.url_name in UNSAID:
        return
    route, method = found.route if found else "", request.method or ""
    facts = {"method": method, "route": route, "status": response.status_code, "wall_ms": round(1000 * wall_s, 1)}
    log.info("%s /%s %d in %.0f ms", method, route, response.status_code, 1000 * wall_s, extra={"facts": facts})
    metrics.count_request(method, response.status_code, wall_s)


# Celery: a task goes on under the id of whoever sent it.


@before_task_publish.connect
def _send(headers: dict[str, Any] | None = None, **_: Any) -> None:
    if headers is not None and logs.trace():
        headers["trace"] = logs.trace()


@task_prerun.connect
def _begin(task: Any = None, **_: Any) -> None:
    carried = task.request.get("trace") or (task.request.headers or {}).get("trace")
    entered = logs.tracing(logs.safe(carried))
    entered.__enter__()
    task.request.traced = entered


@task_postrun.connect
def _end(task: Any = None, **_: Any) -> None:
    entered = task.request.get("traced")
    if entered is not None:
        entered.__exit__(None, None, None)


@setup_logging.connect
def _ours(**_: Any) -> None:
    """Celery would set up logs of its own; those of the settings stand."""
