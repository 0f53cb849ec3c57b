"""`manage.py rescore SUBMISSION… --why TEXT`: compute published scores again from the stored predictions."""

from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError

from leaderboard.locks import SCORING, alone
from leaderboard.management.audited import AuditedCommand
from leaderboard.models import Evaluation
from leaderboard.publishing.rescoring import rescore


class Command(AuditedCommand):
    help = "Compute scores again. What comes out another is shown to readers with the reason; boards follow."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("submissions", nargs="*", type=UUID, metavar="SUBMISSION", help="By id.")
        parser.add_argument("--track", metavar="SLUG", help="Every scored submission of this track.")
        parser.add_argument("--why", required=True, help="Readers see it where a score changes.")

    def handle(self, *_: Any, submissions: list[UUID], track: str | None, why: str, **__: Any) -> None:
        rows = Evaluation.objects.filter(scorecard__isnull=False, study=None)
        if track:
            rows = rows.filter(track__slug=track)
        if submissions:
            rows = rows.filter(submission__in=submissions)
        if not (track or submissions) or not rows.exists():
            raise CommandError("no scored submission is named: give ids, or --track SLUG")
        for evaluation in rows.select_related("submission__model", "track__release").order_by("pk"):
            self._rescore(evaluation, why)

    def _rescore(self, evaluation: Evaluation, why: str) -> None:
        with alone(SCORING, evaluation.pk) as is_ours:
            if not is_ours:
                raise CommandError(f"{evaluation} is scored at this moment: run it again")
            changed = rescore(evaluation, why=why)
        said = f"{len(changed)} values changed, {changed[0]} first" if changed else "as it was"
        self.stdout.write(f"{evaluation}: {said}")
