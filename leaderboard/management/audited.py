"""What every command that changes something is made from: the audit says who ran it, with what, and how it ended."""

from typing import Any

from django.core.management.base import BaseCommand

from evaluator import logs
from leaderboard import audit

DJANGOS = frozenset(
    {"version", "verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"}
    | {"stdout", "stderr"}
)


class AuditedCommand(BaseCommand):
    def execute(self, *args: Any, **options: Any) -> Any:
        name = type(self).__module__.rsplit(".", 1)[-1]
        given = {key: value for key, value in options.items() if key not in DJANGOS and value not in (None, False, [])}
        with audit.by_command(name), logs.tracing(logs.trace() or logs.new_trace()):
            try:
                answer = super().execute(*args, **options)
            except BaseException as error:
                # Part of it may be done. Where there is no database to write to, its own error says so.
                self._note(name, given, failed=f"{error!r:.500}")
                raise
            self._note(name, given)
        return answer

    @staticmethod
    def _note(name: str, given: dict[str, Any], **more: str) -> None:
        audit.note(None, name, None, options=given, **more)
