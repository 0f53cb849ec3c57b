"""Doors for machines: whether this process is up, whether the site can work, and figures for Prometheus."""

import hmac
import logging
import os
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection

from evaluator.agent.uploads import Storage
from leaderboard import metrics as figures
from leaderboard.tracing import address_of

READY, KEPT_S, PATIENCE_S = "ready", 2, 2
OK, FAILS = "ok", "fails"
log = logging.getLogger(__name__)


@require_safe
@never_cache
def health(_request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(_request: HttpRequest) -> HttpResponse:
    """503 with the names of the parts that do not work. Asked anew every few seconds at most, whoever asks."""
    parts: Mapping[str, str] | None = cache.get(READY)
    if parts is None:
        parts = {name: _tried(name, check) for name, check in PARTS.items()}
        cache.set(READY, parts, KEPT_S)
    is_ready = set(parts.values()) == {OK}
    return JsonResponse({"ready": is_ready, "parts": parts}, status=200 if is_ready else 503)


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """Nothing is here for whoever may not read it."""
    if not _may_read(request):
        raise Http404
    return HttpResponse(figures.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")


def _may_read(request: HttpRequest) -> bool:
    """By a token, or from a network that is allowed. A request that a proxy passed on, where none is known, is not from
    where it seems to be."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme == "Bearer":
        return hmac.compare_digest(token.encode(), settings.METRICS_TOKEN.encode())
    if "X-Forwarded-For" in request.headers and not settings.SECURE_PROXY_SSL_HEADER:
        return False
    try:
        address = ip_address(address_of(request) or "")
    except ValueError:
        return False
    return any(address in ip_network(network) for network in settings.METRICS_NETWORKS)


def _tried(name: str, check: Callable[[], None]) -> str:
    try:
        check()
    except Exception:
        # The outermost door of a part: whatever is wrong with it, the others are still asked. The log has the reason.
        log.exception("not ready: %s", name)
        return FAILS
    return OK


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM leaderboard_submission LIMIT 1")


def _storage() -> None:
    storage, name = Storage(settings.STORAGE), f".ready-{os.getpid()}"
    storage.write(name, b"ready")
    storage.files.rm(f"{storage.root}/{name}")


def _broker(address: str) -> None:
    options = {"socket_connect_timeout": PATIENCE_S, "socket_timeout": PATIENCE_S}
    with Connection(address, transport_options=options) as broker:
        broker.default_channel.client.ping()  # type: ignore[attr-defined]


PARTS: Mapping[str, Callable[[], None]] = {
    "database": _database,
    "storage": _storage,
    "site_broker": lambda: _broker(settings.CELERY_BROKER_URL),
    "host_broker": lambda: _broker(settings.HOST_BROKER_URL),
}
