"""A host's report and the site's answer to it: read, decide, write, answer, all under the lock of the host's row."""

from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from evaluator.agent.messages import Answer, Order, Report
from leaderboard.hosting.decision import decide
from leaderboard.hosting.rows import apply, storable, view
from leaderboard.models import Host


class UnknownHostError(LookupError):
    """Nobody told us of a host of this name."""


def receive(report: Report) -> Answer:
    """UnknownHostError for a host without a row. A report that is no newer than the last one changes nothing."""
    with transaction.atomic():
        host, now = _locked(report.host)
        if report.sequence <= host.sequence:
            return _answer(report, host.sequence, None)
        decision = decide(view(host, now, report), report)
        apply(host, now, decision.changes)
        _note(host, report)
    return _answer(report, report.sequence, decision.orders)


def _locked(name: str) -> tuple[Host, datetime]:
    """With PostgreSQL's time; hosts' clocks and ours count for nothing."""
    row = Host.objects.select_for_update().annotate(now=Now()).filter(name=name).first()
    if row is None:
        raise UnknownHostError(f"{name[:100]!r} is no host of this site: add it with manage.py add_host")
    return row, row.now


def _note(host: Host, report: Report) -> None:
    Host.objects.filter(pk=host.pk).update(
        boot_id=storable(report.boot_id),
        sequence=report.sequence,
        reported_at=Now(),
        capacity=report.capacity.to_json(),
        free_disk_mb=report.free_disk_mb,
        unfit=storable(report.unfit)[:500],
        record=storable(dict(report.record)),
    )


def _answer(report: Report, sequence: int, orders: tuple[Order, ...] | None) -> Answer:
    return Answer(host=report.host, boot_id=report.boot_id, sequence=sequence, lease_s=settings.LEASE_S, orders=orders)
