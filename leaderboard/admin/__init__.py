"""Every row for operators, to search and to read, and what they may do with it; each act of theirs is in the audit."""

from django.contrib import admin

# Others' rows come with forms that nobody audits, and some show secrets: those that are needed have rows of ours below.
for model in list(admin.site._registry):
    admin.site.unregister(model)

from leaderboard.admin import audit, benchmark, entries, people, scores, sealed, work  # noqa: E402

__all__ = ["audit", "benchmark", "entries", "people", "scores", "sealed", "work"]
