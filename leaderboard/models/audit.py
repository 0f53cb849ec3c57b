"""What people of ours did, and what people did away with: written once, and the database lets nobody change it."""

from django.db import models

from leaderboard.models.people import Person


class Act(models.Model):
    """One act on one row. `who` and `name` are kept as text: they outlive the person and the row.

    `detail` has `before` and `after` of every value that changed, and whatever else says what was done.
    """

    at = models.DateTimeField(auto_now_add=True, db_index=True)
    person = models.ForeignKey(Person, models.DO_NOTHING, null=True, db_constraint=False, related_name="acts")
    who = models.CharField(max_length=254)
    what = models.CharField(max_length=60, db_index=True)
    kind = models.CharField(max_length=60, blank=True)  # of row, as `submission`
    row = models.CharField(max_length=100, blank=True)  # its key
    name = models.CharField(max_length=300, blank=True)
    detail = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [models.Index(fields=["kind", "row"])]

    def __str__(self) -> str:
        return f"{self.what} by {self.who}"
