"""A host's report and the site's answer to it: read, decide, write, answer, all under the lock of the host's row."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from evaluator import logs
from evaluator.agent.messages import Answer, Order, Report
from leaderboard.hosting.decision import Decision, decide
from leaderboard.hosting.rows import apply, storable, view
from leaderboard.hosting.view import HostView
from leaderboard.models import Host

log = logging.getLogger(__name__)
MOST_AHEAD = 1 << 42
"""A host begins with its clock's milliseconds, 2^41 by the year 2039. A number that nothing can exceed would lock it
out for ever, whoever sent it; by steps of this size it takes millions of reports to get there."""


class UnknownHostError(LookupError):
    """Nobody told us of a host of this name."""


class ImplausibleSequenceError(ValueError):
    """A number that no host comes to by counting on."""


def receive(report: Report) -> Answer:
    """UnknownHostError for a host without a row, ImplausibleSequenceError for a leap. A report that is no newer than
    the last one changes nothing."""
    with transaction.atomic():
        host, now = _locked(report.host)
        if report.sequence <= host.sequence:
            return _answer(report, host.sequence, None)
        if report.sequence - host.sequence > MOST_AHEAD:
            raise ImplausibleSequenceError(f"{report.host} counts {report.sequence} after {host.sequence}")
        seen = view(host, now, report)
        decision = decide(seen, report)
        apply(host, now, decision.changes)
        _note(host, report)
    _say(seen, decision)
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


def _say(seen: HostView, decision: Decision) -> None:
    """What became of attempts, each line under the id of the request that brought its submission."""
    traces = {one.id: one.trace for one in seen.held} | {one.attempt: one.trace for one in seen.queue}
    for opened in decision.changes.opened:
        with logs.tracing(traces[opened.attempt]):
            log.info("attempt %s of run %s begins on host %s", opened.attempt.hex, opened.run, seen.id)
    for end in decision.changes.attempt_ends:
        with logs.tracing(traces[end.attempt]):
            # The reason is a container's own words.
            log.info("attempt %s of run %s is %s: %.300r", end.attempt.hex, end.run, end.state, end.reason)


def _answer(report: Report, sequence: int, orders: tuple[Order, ...] | None) -> Answer:
    return Answer(host=report.host, boot_id=report.boot_id, sequence=sequence, lease_s=settings.LEASE_S, orders=orders)
