"""What changed, as Atom: of one track, and of the whole site."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.syndication.views import Feed
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.feedgenerator import Atom1Feed
from django.utils.html import escape
from django.views.decorators.http import conditional_page, require_safe

from leaderboard.models import Track
from leaderboard.reads.changes import Change, What, changes

if TYPE_CHECKING:
    Base = Feed[Change, Track | None]
else:
    Base = Feed  # Django's own takes no types


class Changes(Base):
    """The whole site's."""

    feed_type = Atom1Feed
    author_name = "Holdout"
    subtitle = "Models published and withdrawn, and new releases of the benchmark."

    def title(self, track: Track | None) -> str:
        return _shown(f"{track.title}: changes") if track else "Holdout: changes"

    def link(self, track: Track | None) -> str:
        return reverse("board", args=[track.slug]) if track else reverse("boards")

    def items(self, track: Track | None) -> list[Change]:
        return changes(track)

    def item_title(self, change: Change) -> str:
        if change.what is What.RELEASE:
            return _shown(f"Release {change.name}")
        return _shown(f"{change.name}: {change.what} on {change.track_title}")

    def item_description(self, change: Change) -> str:
        """HTML, as Atom has it."""
        if change.what is What.RELEASE:
            return "A new release of the benchmark is on the site."
        if change.what is What.WITHDRAWN:
            return "Its team withdrew it. It stands on no board any more."
        return f"By {escape(_shown(change.team))}. Ranks of other models may have changed with it."

    def item_link(self, change: Change) -> str:
        return reverse("releases") if change.what is What.RELEASE else reverse("model", args=[change.slug])

    def item_guid(self, change: Change) -> str:
        return f"urn:holdout:{change.what}:{change.pk}"

    def item_pubdate(self, change: Change) -> datetime:
        return change.at

    def item_updateddate(self, change: Change) -> datetime:
        return change.at


class TrackChanges(Changes):
    def get_object(self, _request: HttpRequest, track: str) -> Track:
        return get_object_or_404(Track, slug=track)


def _shown(text: str) -> str:
    """XML has no way to write a control character, and fails."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


site_feed = require_safe(conditional_page(Changes()))
track_feed = require_safe(conditional_page(TrackChanges()))
